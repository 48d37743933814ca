create table "data"."zones_de_vegetation__g3" (
    fid bigint not null,
    "cleabs" text not null,
    "nature" text,
    "date_d_apparition" date,
    "date_de_confirmation" date,
    "date_modification" timestamptz,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."zones_de_vegetation__g3" add primary key (fid);
create unique index on "data"."zones_de_vegetation__g3" ("cleabs");
create index on "data"."zones_de_vegetation__g3" ("nature", fid);
create index on "data"."zones_de_vegetation__g3" using gist ("geom");
create index on "data"."zones_de_vegetation__g3" using gist ("geom_3857");
comment on table "data"."zones_de_vegetation__g3" is 'Zones de végétation';
comment on column "data"."zones_de_vegetation__g3"."cleabs" is 'Identifiant BD TOPO';
comment on column "data"."zones_de_vegetation__g3"."nature" is 'Nature. Forêt fermée de feuillus, de conifères ou mixte, Forêt ouverte, Bois, Zone arborée, Haie, Lande ligneuse ou herbacée, Vigne, Verger, Peupleraie, Rizière...';
comment on column "data"."zones_de_vegetation__g3"."date_d_apparition" is 'Date d''apparition';
comment on column "data"."zones_de_vegetation__g3"."date_de_confirmation" is 'Date de confirmation';
comment on column "data"."zones_de_vegetation__g3"."date_modification" is 'Dernière modification dans la base';
create view "api"."zones_de_vegetation__g3" as select "fid", "cleabs", "nature", "date_d_apparition", "date_de_confirmation", "date_modification", "geom", "geom_3857" from "data"."zones_de_vegetation__g3";
drop view if exists "api"."zones_de_vegetation";
create view "api"."zones_de_vegetation" as select "fid", "cleabs", "nature", "date_d_apparition", "date_de_confirmation", "date_modification", "geom", "geom_3857" from "data"."zones_de_vegetation__g3";
