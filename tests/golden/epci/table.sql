create table "data"."epci__g3" (
    fid bigint not null,
    "siren" text not null,
    "nom" text not null,
    "nature" text not null,
    "population" integer,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."epci__g3" add primary key (fid);
create unique index on "data"."epci__g3" ("siren");
create index on "data"."epci__g3" ("nom", fid);
create index on "data"."epci__g3" ("population", fid);
create index on "data"."epci__g3" using gist ("geom");
create index on "data"."epci__g3" using gist ("geom_3857");
comment on table "data"."epci__g3" is 'Intercommunalités (EPCI), partie régionale';
comment on column "data"."epci__g3"."siren" is 'Numéro SIREN';
comment on column "data"."epci__g3"."nom" is 'Nom';
comment on column "data"."epci__g3"."nature" is 'Nature juridique';
comment on column "data"."epci__g3"."population" is 'Population de la partie régionale. Population municipale au sens de l''Insee.';
create view "api"."epci__g3" as select "fid", "siren", "nom", "nature", "population", "geom", "geom_3857" from "data"."epci__g3";
drop view if exists "api"."epci";
create view "api"."epci" as select "fid", "siren", "nom", "nature", "population", "geom", "geom_3857" from "data"."epci__g3";
