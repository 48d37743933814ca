create table "data"."iris__g3" (
    fid bigint not null,
    "code_iris" text not null,
    "nom_iris" text,
    "iris" text,
    "type_iris" text,
    "code_insee" text,
    "nom_commune" text,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."iris__g3" add primary key (fid);
create unique index on "data"."iris__g3" ("code_iris");
create index on "data"."iris__g3" ("code_insee", fid);
create index on "data"."iris__g3" using gist ("geom");
create index on "data"."iris__g3" using gist ("geom_3857");
comment on table "data"."iris__g3" is 'IRIS';
comment on column "data"."iris__g3"."code_iris" is 'Code de l''IRIS. Neuf caractères : code Insee de la commune et numéro de l''IRIS.';
comment on column "data"."iris__g3"."nom_iris" is 'Nom de l''IRIS';
comment on column "data"."iris__g3"."iris" is 'Numéro dans la commune';
comment on column "data"."iris__g3"."type_iris" is 'Type. H habitat, A activité, D divers, Z commune non découpée.';
comment on column "data"."iris__g3"."code_insee" is 'Code Insee de la commune';
comment on column "data"."iris__g3"."nom_commune" is 'Commune';
create view "api"."iris__g3" as select "fid", "code_iris", "nom_iris", "iris", "type_iris", "code_insee", "nom_commune", "geom", "geom_3857" from "data"."iris__g3";
drop view if exists "api"."iris";
create view "api"."iris" as select "fid", "code_iris", "nom_iris", "iris", "type_iris", "code_insee", "nom_commune", "geom", "geom_3857" from "data"."iris__g3";
