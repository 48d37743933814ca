-- migrate:up

-- How often a job was put off as a service that it asks was away.
alter table jobs.executions add column waits integer not null default 0;

-- Put a job in line for later; what it has kept of its work stays.
create function jobs.enqueue_later(job_id uuid, seconds integer) returns void
language sql security definer set search_path = jobs, pg_catalog, pg_temp
as $$
    update jobs.executions
    set queued = (
        jobs.procrastinate_defer_jobs_v1(
            array[
                row(
                    'processes', 'run', 0, null, null, jsonb_build_object('job', job_id),
                    now() + make_interval(secs => seconds)
                )
                ::jobs.procrastinate_job_to_defer_v1
            ]
        )
    )[1]
    where job = job_id;
$$;
revoke execute on function jobs.enqueue_later(uuid, integer) from public;
grant execute on function jobs.enqueue_later(uuid, integer) to loader;

-- As before, and who waits for a worker is told where none has given a sign of life for a minute.
create or replace function processes.read(wanted uuid) returns table (
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
        e.job, e.process, e.response, e.status, e.progress,
        case
            when e.status = 'accepted' and not exists (
                select from jobs.procrastinate_workers as w where w.last_heartbeat > now() - interval '1 minute'
            ) then 'no worker is at work: the job waits until one begins (territoire worker)'
            else e.message
        end,
        e.problem, e.created, e.started, e.finished, e.updated, e.expires
    from jobs.executions as e
    where e.job = wanted and e.expires > now();
$$;

-- As before, and the worker that does the job is told at once.
create or replace function processes.dismiss(wanted uuid) returns boolean
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
    perform jobs.procrastinate_cancel_job_v1(waiting, true, true);
    return true;
end;
$$;

-- migrate:down

create or replace function processes.dismiss(wanted uuid) returns boolean
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

create or replace function processes.read(wanted uuid) returns table (
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
drop function jobs.enqueue_later(uuid, integer);
alter table jobs.executions drop column waits;
