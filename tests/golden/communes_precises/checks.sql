-- min_rows: at least 900 rows
select count(*) from "data"."communes_precises__g3";
-- max_drop: at least 98 rows (100 are published, max_drop 0.02)
select count(*) from "data"."communes_precises__g3";
-- geometry_valid: 0 invalid geometries
select count(*) from "data"."communes_precises__g3" where not public.st_isvalid(geom);
-- reference_code_departement: 0 values of code_departement that departements.code_insee lacks
select count(*) from "data"."communes_precises__g3" as a where a."code_departement" is not null and not exists (select 1 from "data"."departements__g7" as b where b."code_insee" = a."code_departement");
