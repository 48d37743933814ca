-- min_rows: at least 16 rows
select count(*) from "data"."arrondissements_municipaux__g3";
-- max_drop: at least 100 rows (100 are published, max_drop 0.0)
select count(*) from "data"."arrondissements_municipaux__g3";
-- geometry_valid: 0 invalid geometries
select count(*) from "data"."arrondissements_municipaux__g3" where not public.st_isvalid(geom);
-- reference_code_commune: 0 values of code_commune that communes.code_insee lacks
select count(*) from "data"."arrondissements_municipaux__g3" as a where a."code_commune" is not null and not exists (select 1 from "data"."communes__g8" as b where b."code_insee" = a."code_commune");
