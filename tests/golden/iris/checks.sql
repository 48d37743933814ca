-- min_rows: at least 100 rows
select count(*) from "data"."iris__g3";
-- max_drop: at least 95 rows (100 are published, max_drop 0.05)
select count(*) from "data"."iris__g3";
-- geometry_valid: 0 invalid geometries
select count(*) from "data"."iris__g3" where not public.st_isvalid(geom);
