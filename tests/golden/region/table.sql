create table "data"."region__g3" (
    fid bigint not null,
    "code_insee" text not null,
    "nom" text not null,
    "population" integer,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."region__g3" add primary key (fid);
create unique index on "data"."region__g3" ("code_insee");
create index on "data"."region__g3" using gist ("geom");
create index on "data"."region__g3" using gist ("geom_3857");
comment on table "data"."region__g3" is 'Région';
comment on column "data"."region__g3"."code_insee" is 'Code Insee';
comment on column "data"."region__g3"."nom" is 'Nom';
comment on column "data"."region__g3"."population" is 'Population. Population municipale au sens de l''Insee.';
create view "api"."region__g3" as select "fid", "code_insee", "nom", "population", "geom", "geom_3857" from "data"."region__g3";
drop view if exists "api"."region";
create view "api"."region" as select "fid", "code_insee", "nom", "population", "geom", "geom_3857" from "data"."region__g3";
