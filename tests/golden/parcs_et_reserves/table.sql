create table "data"."parcs_et_reserves__g3" (
    fid bigint not null,
    "cleabs" text not null,
    "nature" text,
    "nature_detaillee" text,
    "toponyme" text,
    "etat_de_l_objet" text,
    "date_modification" timestamptz,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."parcs_et_reserves__g3" add primary key (fid);
create unique index on "data"."parcs_et_reserves__g3" ("cleabs");
create index on "data"."parcs_et_reserves__g3" ("nature", fid);
create index on "data"."parcs_et_reserves__g3" using gist ("geom");
create index on "data"."parcs_et_reserves__g3" using gist ("geom_3857");
comment on table "data"."parcs_et_reserves__g3" is 'Parcs et réserves';
comment on column "data"."parcs_et_reserves__g3"."cleabs" is 'Identifiant BD TOPO';
comment on column "data"."parcs_et_reserves__g3"."nature" is 'Nature. Parc national, Parc naturel régional, Réserve naturelle, Réserve biologique, Arrêté de protection, Site Natura 2000, Site Ramsar, Terrain du Conservatoire du Littoral...';
comment on column "data"."parcs_et_reserves__g3"."nature_detaillee" is 'Nature détaillée';
comment on column "data"."parcs_et_reserves__g3"."toponyme" is 'Nom';
comment on column "data"."parcs_et_reserves__g3"."etat_de_l_objet" is 'État. En projet, En construction, En service, En ruine...';
comment on column "data"."parcs_et_reserves__g3"."date_modification" is 'Dernière modification dans la base';
create view "api"."parcs_et_reserves__g3" as select "fid", "cleabs", "nature", "nature_detaillee", "toponyme", "etat_de_l_objet", "date_modification", "geom", "geom_3857" from "data"."parcs_et_reserves__g3";
drop view if exists "api"."parcs_et_reserves";
create view "api"."parcs_et_reserves" as select "fid", "cleabs", "nature", "nature_detaillee", "toponyme", "etat_de_l_objet", "date_modification", "geom", "geom_3857" from "data"."parcs_et_reserves__g3";
