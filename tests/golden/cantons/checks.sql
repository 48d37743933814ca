-- min_rows: at least 100 rows
select count(*) from "data"."cantons__g3";
-- max_drop: at least 80 rows (100 are published, max_drop 0.2)
select count(*) from "data"."cantons__g3";
-- geometry_valid: 0 invalid geometries
select count(*) from "data"."cantons__g3" where not public.st_isvalid(geom);
-- reference_code_departement: 0 values of code_departement that departements.code_insee lacks
select count(*) from "data"."cantons__g3" as a where a."code_departement" is not null and not exists (select 1 from "data"."departements__g7" as b where b."code_insee" = a."code_departement");
