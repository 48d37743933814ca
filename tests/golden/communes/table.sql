create table "data"."communes__g3" (
    fid bigint not null,
    "code_insee" text not null,
    "nom" text not null,
    "population" integer,
    "code_arrondissement" text,
    "code_departement" text not null,
    "code_region" text not null,
    "siren" text,
    "siren_epci" text,
    "codes_postaux" text,
    "mairie_longitude" double precision,
    "mairie_latitude" double precision,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."communes__g3" add primary key (fid);
create unique index on "data"."communes__g3" ("code_insee");
create index on "data"."communes__g3" ("nom", fid);
create index on "data"."communes__g3" ("population", fid);
create index on "data"."communes__g3" ("code_departement", fid);
create index on "data"."communes__g3" ("siren_epci", fid);
create index on "data"."communes__g3" using gist ("geom");
create index on "data"."communes__g3" using gist ("geom_3857");
comment on table "data"."communes__g3" is 'Communes';
comment on column "data"."communes__g3"."code_insee" is 'Code Insee. Code officiel géographique de la commune, cinq caractères.';
comment on column "data"."communes__g3"."nom" is 'Nom';
comment on column "data"."communes__g3"."population" is 'Population. Population municipale au sens de l''Insee.';
comment on column "data"."communes__g3"."code_arrondissement" is 'Code de l''arrondissement';
comment on column "data"."communes__g3"."code_departement" is 'Code du département. Code officiel Insee, en texte (04, 05, 06, 13, 83, 84).';
comment on column "data"."communes__g3"."code_region" is 'Code de la région';
comment on column "data"."communes__g3"."siren" is 'Numéro SIREN de la commune';
comment on column "data"."communes__g3"."siren_epci" is 'Numéro SIREN de l''EPCI. Établissement public de coopération intercommunale dont la commune est membre.';
comment on column "data"."communes__g3"."codes_postaux" is 'Codes postaux. Tous les codes postaux de la commune, séparés comme dans la source.';
comment on column "data"."communes__g3"."mairie_longitude" is 'Longitude de la mairie';
comment on column "data"."communes__g3"."mairie_latitude" is 'Latitude de la mairie';
create view "api"."communes__g3" as select "fid", "code_insee", "nom", "population", "code_arrondissement", "code_departement", "code_region", "siren", "siren_epci", "codes_postaux", "mairie_longitude", "mairie_latitude", "geom", "geom_3857" from "data"."communes__g3";
drop view if exists "api"."communes";
create view "api"."communes" as select "fid", "code_insee", "nom", "population", "code_arrondissement", "code_departement", "code_region", "siren", "siren_epci", "codes_postaux", "mairie_longitude", "mairie_latitude", "geom", "geom_3857" from "data"."communes__g3";
