-- migrate:up

create schema data;
create schema api;

-- One line per attempt to refresh a dataset.
create table etl.runs (
    run bigint generated always as identity primary key,
    dataset text not null,
    status text not null check (
        status in ('running', 'published', 'unchanged', 'held', 'failed', 'abandoned')
    ),
    forced boolean not null,
    generation integer,
    rows bigint,
    repaired bigint,
    rejected bigint,
    error text,
    host text not null,
    pid integer not null,
    version text not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz
);
create index runs_dataset on etl.runs (dataset, run desc);

create table etl.steps (
    run bigint not null references etl.runs (run),
    step text not null check (step in ('extract', 'read', 'load', 'check', 'publish', 'prune')),
    detail text,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    primary key (run, step)
);

create table etl.files (
    run bigint not null references etl.runs (run),
    source integer not null,
    url text not null,
    layer text,
    sha256 text not null,
    bytes bigint not null,
    etag text,
    last_modified text,
    licence text not null,
    retrieved_at timestamptz not null,
    primary key (run, source)
);

create table etl.checks (
    run bigint not null references etl.runs (run),
    name text not null,
    passed boolean not null,
    observed text not null,
    expected text not null,
    primary key (run, name)
);

create table etl.rejects (
    run bigint not null references etl.runs (run),
    source integer not null,
    feature bigint not null,
    "column" text,
    reason text not null,
    remedy text not null,
    value text
);
create index rejects_run on etl.rejects (run);

-- What exists. A generation is never altered once it is ready; its number is never given twice.
create table etl.datasets (
    dataset text primary key,
    last_generation integer not null default 0
);

create table etl.generations (
    dataset text not null references etl.datasets (dataset),
    generation integer not null,
    run bigint not null references etl.runs (run),
    ready boolean not null default false,
    declaration jsonb not null,
    rows bigint,
    extent_native double precision[],
    extent_crs84 double precision[],
    millesime text,
    sources_digest text not null,
    fingerprint text not null,
    created_at timestamptz not null default now(),
    published_at timestamptz,
    superseded_at timestamptz,
    primary key (dataset, generation)
);

-- The pointer: publishing is one update of one line here.
create table etl.published (
    dataset text primary key,
    generation integer not null,
    previous integer,
    published_at timestamptz not null,
    held_digest text,
    foreign key (dataset, generation) references etl.generations (dataset, generation)
);

create view api.generations as
select
    dataset,
    generation,
    declaration,
    rows,
    extent_native,
    extent_crs84,
    millesime,
    created_at,
    published_at
from etl.generations
where ready and published_at is not null;

create view api.published as
select
    p.dataset,
    p.generation,
    g.declaration,
    g.rows,
    g.extent_native,
    g.extent_crs84,
    g.millesime,
    g.created_at,
    p.published_at
from etl.published as p
inner join etl.generations as g using (dataset, generation);

grant usage, create on schema data to loader;
grant usage, create on schema api to loader;
grant usage on schema etl to loader;
grant select, insert, update on etl.runs, etl.steps, etl.files, etl.checks, etl.datasets to loader;
grant select, insert on etl.rejects to loader;
grant select, insert, update, delete on etl.generations, etl.published to loader;
grant usage on schema api to reader;
grant select on api.generations, api.published to reader;
alter default privileges for role loader in schema api grant select on tables to reader;
alter default privileges for role owner in schema api grant select on tables to reader;

-- migrate:down

drop schema api cascade;
drop schema data cascade;
drop table etl.published, etl.generations, etl.datasets, etl.rejects, etl.checks, etl.files, etl.steps, etl.runs;
