-- Who may do what, run by a superuser before the migrations; may be run again at any time.
-- owner: owns schemas and ledger, cannot log in. loader: the ETL and the workers. reader: the API, which only reads
-- what is published. submitter: the API too, where it hands jobs to the workers; it calls functions and reads no table.
do $$
begin
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'owner') then
        create role owner nologin;
    end if;
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'loader') then
        create role loader login;
    end if;
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'reader') then
        create role reader login;
    end if;
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'submitter') then
        create role submitter login;
    end if;
    if not pg_catalog.pg_has_role('owner', 'loader', 'member') then
        -- default privileges follow the role that creates: owner must be able to set those of loader
        grant loader to owner;
    end if;
    execute pg_catalog.format(
        'revoke all on database %I from public', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'grant connect, create on database %I to owner', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'grant connect, temporary on database %I to loader', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'grant connect on database %I to reader, submitter', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'alter role owner in database %I set search_path = public', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'alter role loader in database %I set search_path = public', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'alter role reader in database %I set search_path = public', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'alter role submitter in database %I set search_path = public', pg_catalog.current_database()
    );
    execute pg_catalog.format(
        'alter role reader in database %I set default_transaction_read_only = on', pg_catalog.current_database()
    );
end
$$;

revoke create on schema public from public;
create extension if not exists postgis schema public;

-- A read-only transaction may still create large objects on PostgreSQL 15: nobody but a superuser may.
do $$
declare
    routine regprocedure;
begin
    for routine in
        select p.oid::regprocedure
        from pg_catalog.pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and (p.proname like 'lo\_%' or p.proname in ('loread', 'lowrite'))
    loop
        execute pg_catalog.format('revoke execute on function %s from public', routine);
    end loop;
end
$$;
