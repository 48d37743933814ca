-- min_rows: at least 1 rows
select count(*) from "data"."lieux__g3";
-- max_drop: at least 50 rows (100 are published, max_drop 0.5)
select count(*) from "data"."lieux__g3";
-- geometry_valid: 0 invalid geometries
select count(*) from "data"."lieux__g3" where not public.st_isvalid(geom);
