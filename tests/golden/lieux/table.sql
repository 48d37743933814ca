create table "data"."lieux__g3" (
    fid bigint not null,
    "code" text not null,
    "nom" text,
    "population" integer,
    "taux" double precision,
    "jour" date,
    "geom" public.geometry(Point, 2154),
    "geom_3857" public.geometry(Point, 3857)
);
alter table "data"."lieux__g3" add primary key (fid);
create unique index on "data"."lieux__g3" ("code");
create index on "data"."lieux__g3" ("nom", fid);
create index on "data"."lieux__g3" ("jour", fid);
create index on "data"."lieux__g3" using gist ("geom");
create index on "data"."lieux__g3" using gist ("geom_3857");
comment on table "data"."lieux__g3" is 'Lieux';
comment on column "data"."lieux__g3"."code" is 'Code';
comment on column "data"."lieux__g3"."nom" is 'Nom';
comment on column "data"."lieux__g3"."population" is 'Population';
comment on column "data"."lieux__g3"."taux" is 'Taux';
comment on column "data"."lieux__g3"."jour" is 'Jour';
create view "api"."lieux__g3" as select "fid", "code", "nom", "population", "taux", "jour", "geom", "geom_3857" from "data"."lieux__g3";
drop view if exists "api"."lieux";
create view "api"."lieux" as select "fid", "code", "nom", "population", "taux", "jour", "geom", "geom_3857" from "data"."lieux__g3";
