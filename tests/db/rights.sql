-- What the role reader, PUBLIC included, can read, write, create or call
-- outside of pg_catalog, information_schema and PostGIS's own objects; and the large-object functions of pg_catalog.
-- Output: one line a right.
with ours as (
    select n.oid, n.nspname
    from pg_catalog.pg_namespace as n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
),

postgis as (
    select d.objid
    from pg_catalog.pg_depend as d
    inner join pg_catalog.pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
    where d.deptype = 'e' and e.extname = 'postgis'
)

select 'database ' || p.privilege as line
from unnest(array['connect', 'create', 'temporary']) as p (privilege)
where has_database_privilege('reader', current_database(), p.privilege)
union all
select 'schema ' || o.nspname || ' ' || p.privilege
from ours as o, unnest(array['usage', 'create']) as p (privilege)
where has_schema_privilege('reader', o.oid, p.privilege)
union all
select 'relation ' || o.nspname || '.' || c.relname || ' ' || p.privilege
from pg_catalog.pg_class as c
inner join ours as o on c.relnamespace = o.oid,
    unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p (privilege)
where
    c.relkind in ('r', 'v', 'm', 'p', 'f')
    and c.oid not in (select objid from postgis)
    and has_table_privilege('reader', c.oid, p.privilege)
union all
select 'column ' || o.nspname || '.' || c.relname || ' ' || p.privilege
from pg_catalog.pg_class as c
inner join ours as o on c.relnamespace = o.oid, unnest(array['select', 'insert', 'update']) as p (privilege)
where
    c.relkind in ('r', 'v', 'm', 'p', 'f')
    and c.oid not in (select objid from postgis)
    and not has_table_privilege('reader', c.oid, p.privilege)
    and has_any_column_privilege('reader', c.oid, p.privilege)
union all
select 'sequence ' || o.nspname || '.' || c.relname || ' ' || p.privilege
from pg_catalog.pg_class as c
inner join ours as o on c.relnamespace = o.oid, unnest(array['usage', 'select', 'update']) as p (privilege)
where c.relkind = 'S' and has_sequence_privilege('reader', c.oid, p.privilege)
union all
select 'function ' || o.nspname || '.' || f.proname || ' execute'
from pg_catalog.pg_proc as f
inner join ours as o on f.pronamespace = o.oid
where f.oid not in (select objid from postgis) and has_function_privilege('reader', f.oid, 'execute')
union all
select 'large object function ' || f.oid::regprocedure || ' execute'
from pg_catalog.pg_proc as f
where
    f.pronamespace = 'pg_catalog'::regnamespace
    and (f.proname like 'lo\_%' or f.proname in ('loread', 'lowrite'))
    and has_function_privilege('reader', f.oid, 'execute')
union all
select 'postgis relation ' || c.oid::regclass || ' ' || p.privilege
from pg_catalog.pg_class as c
inner join postgis as e on c.oid = e.objid,
    unnest(array['insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p (privilege)
where has_table_privilege('reader', c.oid, p.privilege)
union all
select 'role ' || r.rolname || ' member'
from pg_catalog.pg_roles as r
where r.rolname <> 'reader' and pg_has_role('reader', r.oid, 'member')
union all
select 'attribute ' || a.attribute
from pg_catalog.pg_roles as r,
    unnest(
        array['superuser', 'createrole', 'createdb', 'replication', 'bypassrls'],
        array[r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls]
    ) as a (attribute, held)
where r.rolname = 'reader' and a.held
order by 1;
