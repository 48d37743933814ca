-- migrate:up

-- What is published without a table: layers of the Géoplateforme shown live, and rasters.
create table etl.layers (
    dataset text primary key,
    kind text not null check (kind in ('wfs', 'wmts', 'tms', 'wms', 'wms_vector', 'csw', 'raster')),
    declaration jsonb not null,
    -- what serving needs to know and would otherwise ask the source at each request
    description jsonb not null,
    published_at timestamptz not null default clock_timestamp()
);

create view api.layers as
select
    dataset,
    kind,
    declaration,
    description,
    published_at
from etl.layers;

grant select, insert, update, delete on etl.layers to loader;
grant select on api.layers to reader;

-- migrate:down

drop view api.layers;
drop table etl.layers;
