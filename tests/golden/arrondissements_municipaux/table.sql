create table "data"."arrondissements_municipaux__g3" (
    fid bigint not null,
    "code_insee" text not null,
    "nom" text not null,
    "code_commune" text not null,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."arrondissements_municipaux__g3" add primary key (fid);
create unique index on "data"."arrondissements_municipaux__g3" ("code_insee");
create index on "data"."arrondissements_municipaux__g3" using gist ("geom");
create index on "data"."arrondissements_municipaux__g3" using gist ("geom_3857");
comment on table "data"."arrondissements_municipaux__g3" is 'Arrondissements municipaux de Marseille';
comment on column "data"."arrondissements_municipaux__g3"."code_insee" is 'Code Insee';
comment on column "data"."arrondissements_municipaux__g3"."nom" is 'Nom';
comment on column "data"."arrondissements_municipaux__g3"."code_commune" is 'Code Insee de la commune';
create view "api"."arrondissements_municipaux__g3" as select "fid", "code_insee", "nom", "code_commune", "geom", "geom_3857" from "data"."arrondissements_municipaux__g3";
drop view if exists "api"."arrondissements_municipaux";
create view "api"."arrondissements_municipaux" as select "fid", "code_insee", "nom", "code_commune", "geom", "geom_3857" from "data"."arrondissements_municipaux__g3";
