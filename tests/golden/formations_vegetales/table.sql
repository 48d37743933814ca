create table "data"."formations_vegetales__g3" (
    fid bigint not null,
    "identifiant" text not null,
    "code_tfv" text,
    "tfv" text,
    "tfv_g11" text,
    "essence" text,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."formations_vegetales__g3" add primary key (fid);
create unique index on "data"."formations_vegetales__g3" ("identifiant");
create index on "data"."formations_vegetales__g3" ("code_tfv", fid);
create index on "data"."formations_vegetales__g3" ("tfv_g11", fid);
create index on "data"."formations_vegetales__g3" ("essence", fid);
create index on "data"."formations_vegetales__g3" using gist ("geom");
create index on "data"."formations_vegetales__g3" using gist ("geom_3857");
comment on table "data"."formations_vegetales__g3" is 'Formations végétales (BD FORÊT)';
comment on column "data"."formations_vegetales__g3"."identifiant" is 'Identifiant';
comment on column "data"."formations_vegetales__g3"."code_tfv" is 'Type de formation (code). Comme FF1-00-00 (forêt fermée de feuillus) ou LA4 (lande).';
comment on column "data"."formations_vegetales__g3"."tfv" is 'Type de formation';
comment on column "data"."formations_vegetales__g3"."tfv_g11" is 'Type de formation, en onze classes';
comment on column "data"."formations_vegetales__g3"."essence" is 'Essence';
create view "api"."formations_vegetales__g3" as select "fid", "identifiant", "code_tfv", "tfv", "tfv_g11", "essence", "geom", "geom_3857" from "data"."formations_vegetales__g3";
drop view if exists "api"."formations_vegetales";
create view "api"."formations_vegetales" as select "fid", "identifiant", "code_tfv", "tfv", "tfv_g11", "essence", "geom", "geom_3857" from "data"."formations_vegetales__g3";
