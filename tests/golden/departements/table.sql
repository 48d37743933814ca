create table "data"."departements__g3" (
    fid bigint not null,
    "code_insee" text not null,
    "nom" text not null,
    "population" integer,
    "code_region" text not null,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."departements__g3" add primary key (fid);
create unique index on "data"."departements__g3" ("code_insee");
create index on "data"."departements__g3" using gist ("geom");
create index on "data"."departements__g3" using gist ("geom_3857");
comment on table "data"."departements__g3" is 'Départements';
comment on column "data"."departements__g3"."code_insee" is 'Code Insee';
comment on column "data"."departements__g3"."nom" is 'Nom';
comment on column "data"."departements__g3"."population" is 'Population. Population municipale au sens de l''Insee.';
comment on column "data"."departements__g3"."code_region" is 'Code de la région';
create view "api"."departements__g3" as select "fid", "code_insee", "nom", "population", "code_region", "geom", "geom_3857" from "data"."departements__g3";
drop view if exists "api"."departements";
create view "api"."departements" as select "fid", "code_insee", "nom", "population", "code_region", "geom", "geom_3857" from "data"."departements__g3";
