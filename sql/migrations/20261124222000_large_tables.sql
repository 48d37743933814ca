-- migrate:up

-- As it is, so that a piece of it is read without the rest: results are given to visitors piece by piece.
alter table jobs.executions alter column result set storage external;

create or replace function processes.submit(process text, inputs jsonb, response text) returns uuid
language plpgsql security definer set search_path = jobs, pg_catalog, pg_temp
as $$
declare
    made uuid;
begin
    if octet_length(inputs::text) > 67108864 then
        raise program_limit_exceeded using message = 'the inputs are larger than 64 MiB';
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

create function processes.result_head(wanted uuid) returns table (output text, media text, size bigint)
language sql stable security definer set search_path = jobs, pg_catalog, pg_temp
as $$
    select e.output, e.media, octet_length(e.result)
    from jobs.executions as e
    where e.job = wanted and e.status = 'successful' and e.expires > now();
$$;

-- Bytes count from 1.
create function processes.result_piece(wanted uuid, first bigint, size integer) returns bytea
language sql stable security definer set search_path = jobs, pg_catalog, pg_temp
as $$
    select substring(e.result from first::integer for size)
    from jobs.executions as e
    where e.job = wanted and e.status = 'successful' and e.expires > now();
$$;
revoke execute on function processes.result_head(uuid), processes.result_piece(uuid, bigint, integer) from public;
grant execute on function processes.result_head(uuid), processes.result_piece(uuid, bigint, integer) to submitter;

-- migrate:down

drop function processes.result_piece(uuid, bigint, integer);
drop function processes.result_head(uuid);
create or replace function processes.submit(process text, inputs jsonb, response text) returns uuid
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
alter table jobs.executions alter column result set storage extended;
