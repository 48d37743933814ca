create table "data"."communes_precises__g3" (
    fid bigint not null,
    "code_insee" text not null,
    "nom" text not null,
    "statut" text,
    "population" integer,
    "date_du_recensement" date,
    "code_departement" text not null,
    "code_arrondissement" text,
    "code_canton" text,
    "siren" text,
    "sirens_epci" text,
    "code_postal" text,
    "superficie_cadastrale" integer,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."communes_precises__g3" add primary key (fid);
create unique index on "data"."communes_precises__g3" ("code_insee");
create index on "data"."communes_precises__g3" ("nom", fid);
create index on "data"."communes_precises__g3" ("population", fid);
create index on "data"."communes_precises__g3" ("code_departement", fid);
create index on "data"."communes_precises__g3" using gist ("geom");
create index on "data"."communes_precises__g3" using gist ("geom_3857");
comment on table "data"."communes_precises__g3" is 'Communes, contours précis';
comment on column "data"."communes_precises__g3"."code_insee" is 'Code Insee. Code officiel géographique de la commune, cinq caractères.';
comment on column "data"."communes_precises__g3"."nom" is 'Nom';
comment on column "data"."communes_precises__g3"."statut" is 'Statut. Commune simple, sous-préfecture, préfecture...';
comment on column "data"."communes_precises__g3"."population" is 'Population. Population municipale au sens de l''Insee.';
comment on column "data"."communes_precises__g3"."date_du_recensement" is 'Date du recensement';
comment on column "data"."communes_precises__g3"."code_departement" is 'Code du département';
comment on column "data"."communes_precises__g3"."code_arrondissement" is 'Code de l''arrondissement';
comment on column "data"."communes_precises__g3"."code_canton" is 'Code du canton';
comment on column "data"."communes_precises__g3"."siren" is 'Numéro SIREN';
comment on column "data"."communes_precises__g3"."sirens_epci" is 'Numéros SIREN des EPCI. Établissements publics dont la commune est membre, séparés par une barre oblique.';
comment on column "data"."communes_precises__g3"."code_postal" is 'Code postal';
comment on column "data"."communes_precises__g3"."superficie_cadastrale" is 'Superficie cadastrale';
create view "api"."communes_precises__g3" as select "fid", "code_insee", "nom", "statut", "population", "date_du_recensement", "code_departement", "code_arrondissement", "code_canton", "siren", "sirens_epci", "code_postal", "superficie_cadastrale", "geom", "geom_3857" from "data"."communes_precises__g3";
drop view if exists "api"."communes_precises";
create view "api"."communes_precises" as select "fid", "code_insee", "nom", "statut", "population", "date_du_recensement", "code_departement", "code_arrondissement", "code_canton", "siren", "sirens_epci", "code_postal", "superficie_cadastrale", "geom", "geom_3857" from "data"."communes_precises__g3";
