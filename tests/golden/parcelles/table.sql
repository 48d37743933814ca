create table "data"."parcelles__g3" (
    fid bigint not null,
    "idu" text not null,
    "code_insee" text,
    "nom_com" text,
    "code_dep" text,
    "com_abs" text,
    "code_arr" text,
    "section" text,
    "numero" text,
    "feuille" integer,
    "contenance" integer,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."parcelles__g3" add primary key (fid);
create unique index on "data"."parcelles__g3" ("idu");
create index on "data"."parcelles__g3" ("code_insee", fid);
create index on "data"."parcelles__g3" ("code_dep", fid);
create index on "data"."parcelles__g3" using gist ("geom");
create index on "data"."parcelles__g3" using gist ("geom_3857");
comment on table "data"."parcelles__g3" is 'Parcelles cadastrales';
comment on column "data"."parcelles__g3"."idu" is 'Identifiant de la parcelle. Quatorze caractères : département, commune, commune absorbée, section, numéro.';
comment on column "data"."parcelles__g3"."code_insee" is 'Code Insee de la commune';
comment on column "data"."parcelles__g3"."nom_com" is 'Commune';
comment on column "data"."parcelles__g3"."code_dep" is 'Code du département';
comment on column "data"."parcelles__g3"."com_abs" is 'Code de la commune absorbée. 000 quand il n''y en a pas.';
comment on column "data"."parcelles__g3"."code_arr" is 'Code de l''arrondissement municipal. À Marseille, 201 à 216 ; 000 ailleurs.';
comment on column "data"."parcelles__g3"."section" is 'Section';
comment on column "data"."parcelles__g3"."numero" is 'Numéro';
comment on column "data"."parcelles__g3"."feuille" is 'Feuille';
comment on column "data"."parcelles__g3"."contenance" is 'Contenance';
create view "api"."parcelles__g3" as select "fid", "idu", "code_insee", "nom_com", "code_dep", "com_abs", "code_arr", "section", "numero", "feuille", "contenance", "geom", "geom_3857" from "data"."parcelles__g3";
drop view if exists "api"."parcelles";
create view "api"."parcelles" as select "fid", "idu", "code_insee", "nom_com", "code_dep", "com_abs", "code_arr", "section", "numero", "feuille", "contenance", "geom", "geom_3857" from "data"."parcelles__g3";
