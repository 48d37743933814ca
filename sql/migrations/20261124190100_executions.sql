-- migrate:up

-- One line a job of OGC API Processes; the queue holds its number alone.
create table jobs.executions (
    -- unguessable: who knows it may read and dismiss the job
    job uuid primary key default gen_random_uuid(),
    process text not null,
    inputs jsonb not null,
    response text not null check (response in ('raw', 'document')),
    status text not null default 'accepted' check (
        status in ('accepted', 'running', 'successful', 'failed', 'dismissed')
    ),
    progress smallint not null default 0 check (progress between 0 and 100),
    message text,
    -- why it failed, as RFC 9457 has it
    problem jsonb,
    output text,
    media text,
    result bytea,
    -- counts those who began it: only the last of them may write
    attempt integer not null default 0,
    queued bigint,
    created timestamptz not null default clock_timestamp(),
    started timestamptz,
    finished timestamptz,
    updated timestamptz not null default clock_timestamp(),
    expires timestamptz not null default clock_timestamp() + interval '1 day'
);
create index executions_open on jobs.executions (status) where status in ('accepted', 'running');
create index executions_expires on jobs.executions (expires);

-- What a long job has done already, so that whoever takes it up goes on from there.
create table jobs.parts (
    job uuid not null references jobs.executions (job) on delete cascade,
    part integer not null,
    content bytea not null,
    primary key (job, part)
);

grant select, update, delete on jobs.executions to loader;
grant select, insert, update, delete on jobs.parts to loader;

-- Put a job at the end of the queue, again if need be.
create function jobs.enqueue(job_id uuid) returns void
language sql security definer set search_path = jobs, pg_catalog, pg_temp
as $$
    update jobs.executions
    set queued = (
        jobs.procrastinate_defer_jobs_v1(
            array[
                row('processes', 'run', 0, null, null, jsonb_build_object('job', job_id), null)
                ::jobs.procrastinate_job_to_defer_v1
            ]
        )
    )[1]
    where job = job_id;
$$;
revoke execute on function jobs.enqueue(uuid) from public;
grant execute on function jobs.enqueue(uuid) to loader;

-- All that the web server may do with jobs.
create schema processes;

create function processes.submit(process text, inputs jsonb, response text) returns uuid
language plpgsql security definer set search_path = jobs, pg_catalog, pg_temp
as $$
declare
    made uuid;
begin
    if octet_length(inputs::text) > 33554432 then
        raise program_limit_exceeded using message = 'the inputs are larger than 32 MiB';
    end if;
    if (select count(*) from jobs.executions as e where e.status = 'accepted') >= 1000 then
        raise configuration_limit_exceeded using message = '1000 jobs are waiting';
    end if;
    insert into jobs.executions (process, inputs, response)
    values (submit.process, submit.inputs, submit.response)
    returning job into made;
    perform jobs.enqueue(made);
    return made;
end;
$$;

create function processes.read(wanted uuid) returns table (
    job uuid,
    process text,
    response text,
    status text,
    progress smallint,
    message text,
    problem jsonb,
    created timestamptz,
    started timestamptz,
    finished timestamptz,
    updated timestamptz,
    expires timestamptz
)
language sql stable security definer set search_path = jobs, pg_catalog, pg_temp
as $$
    select
        e.job, e.process, e.response, e.status, e.progress, e.message, e.problem,
        e.created, e.started, e.finished, e.updated, e.expires
    from jobs.executions as e
    where e.job = wanted and e.expires > now();
$$;

create function processes.result(wanted uuid) returns table (output text, media text, content bytea)
language sql stable security definer set search_path = jobs, pg_catalog, pg_temp
as $$
    select e.output, e.media, e.result
    from jobs.executions as e
    where e.job = wanted and e.status = 'successful' and e.expires > now();
$$;

-- End a job, or drop the result of one that ended; false where nothing is left to dismiss.
create function processes.dismiss(wanted uuid) returns boolean
language plpgsql security definer set search_path = jobs, pg_catalog, pg_temp
as $$
declare
    waiting bigint;
begin
    update jobs.executions as e
    set
        status = 'dismissed',
        message = null,
        result = null,
        inputs = '{}',
        finished = coalesce(e.finished, clock_timestamp()),
        updated = clock_timestamp()
    where e.job = wanted and e.status <> 'dismissed' and e.expires > now()
    returning e.queued into waiting;
    if not found then
        return false;
    end if;
    delete from jobs.parts as p where p.job = wanted;
    perform jobs.procrastinate_cancel_job_v1(waiting, false, true);
    return true;
end;
$$;

revoke execute on all functions in schema processes from public;
grant usage on schema processes to submitter;
grant execute on all functions in schema processes to submitter;

-- migrate:down

drop schema processes cascade;
drop function jobs.enqueue(uuid);
drop table jobs.parts, jobs.executions;
