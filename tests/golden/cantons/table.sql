create table "data"."cantons__g3" (
    fid bigint not null,
    "code_canton" text not null,
    "nom" text,
    "code_departement" text not null,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."cantons__g3" add primary key (fid);
create unique index on "data"."cantons__g3" ("code_canton");
create index on "data"."cantons__g3" ("nom", fid);
create index on "data"."cantons__g3" ("code_departement", fid);
create index on "data"."cantons__g3" using gist ("geom");
create index on "data"."cantons__g3" using gist ("geom_3857");
comment on table "data"."cantons__g3" is 'Cantons';
comment on column "data"."cantons__g3"."code_canton" is 'Code du canton';
comment on column "data"."cantons__g3"."nom" is 'Nom';
comment on column "data"."cantons__g3"."code_departement" is 'Code du département. Code officiel Insee, en texte (04, 05, 06, 13, 83, 84).';
create view "api"."cantons__g3" as select "fid", "code_canton", "nom", "code_departement", "geom", "geom_3857" from "data"."cantons__g3";
drop view if exists "api"."cantons";
create view "api"."cantons" as select "fid", "code_canton", "nom", "code_departement", "geom", "geom_3857" from "data"."cantons__g3";
