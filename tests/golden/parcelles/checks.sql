-- min_rows: at least 100 rows
select count(*) from "data"."parcelles__g3";
-- max_drop: at least 95 rows (100 are published, max_drop 0.05)
select count(*) from "data"."parcelles__g3";
-- geometry_valid: 0 invalid geometries
select count(*) from "data"."parcelles__g3" where not public.st_isvalid(geom);
-- reference_code_dep: 0 values of code_dep that departements.code_insee lacks
select count(*) from "data"."parcelles__g3" as a where a."code_dep" is not null and not exists (select 1 from "data"."departements__g7" as b where b."code_insee" = a."code_dep");
-- reference_code_insee: 0 values of code_insee that communes.code_insee lacks
select count(*) from "data"."parcelles__g3" as a where a."code_insee" is not null and not exists (select 1 from "data"."communes__g8" as b where b."code_insee" = a."code_insee");
