create table "data"."batiments__g3" (
    fid bigint not null,
    "cleabs" text not null,
    "nature" text,
    "usage_1" text,
    "usage_2" text,
    "construction_legere" boolean,
    "etat_de_l_objet" text,
    "hauteur" double precision,
    "nombre_d_etages" integer,
    "nombre_de_logements" integer,
    "materiaux_des_murs" text,
    "materiaux_de_la_toiture" text,
    "altitude_minimale_sol" double precision,
    "altitude_maximale_toit" double precision,
    "date_d_apparition" date,
    "date_modification" timestamptz,
    "origine_du_batiment" text,
    "identifiants_rnb" text,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."batiments__g3" add primary key (fid);
create unique index on "data"."batiments__g3" ("cleabs");
create index on "data"."batiments__g3" ("usage_1", fid);
create index on "data"."batiments__g3" ("hauteur", fid);
create index on "data"."batiments__g3" ("date_d_apparition", fid);
create index on "data"."batiments__g3" using gist ("geom");
create index on "data"."batiments__g3" using gist ("geom_3857");
comment on table "data"."batiments__g3" is 'Bâtiments';
comment on column "data"."batiments__g3"."cleabs" is 'Identifiant BD TOPO';
comment on column "data"."batiments__g3"."nature" is 'Nature. Selon l''architecture : Indifférenciée, Industriel, agricole ou commercial, Serre, Silo, Château, Eglise...';
comment on column "data"."batiments__g3"."usage_1" is 'Usage principal. Résidentiel, Annexe, Commercial et services, Industriel, Agricole, Religieux, Sportif, Indifférencié.';
comment on column "data"."batiments__g3"."usage_2" is 'Usage secondaire';
comment on column "data"."batiments__g3"."construction_legere" is 'Construction légère. Sans fondations, ou ouverte sur un côté au moins.';
comment on column "data"."batiments__g3"."etat_de_l_objet" is 'État. En projet, En construction, En service, En ruine...';
comment on column "data"."batiments__g3"."hauteur" is 'Hauteur. Du sol à la gouttière.';
comment on column "data"."batiments__g3"."nombre_d_etages" is 'Nombre d''étages. Rez-de-chaussée compris, sous-sols non.';
comment on column "data"."batiments__g3"."nombre_de_logements" is 'Nombre de logements';
comment on column "data"."batiments__g3"."materiaux_des_murs" is 'Matériaux des murs (code). Code des fichiers fonciers, deux chiffres.';
comment on column "data"."batiments__g3"."materiaux_de_la_toiture" is 'Matériaux de la toiture (code)';
comment on column "data"."batiments__g3"."altitude_minimale_sol" is 'Altitude du sol, au plus bas';
comment on column "data"."batiments__g3"."altitude_maximale_toit" is 'Altitude du faîte du toit';
comment on column "data"."batiments__g3"."date_d_apparition" is 'Date d''apparition. Construction, ou date la plus ancienne à laquelle le bâtiment est attesté.';
comment on column "data"."batiments__g3"."date_modification" is 'Dernière modification dans la base';
comment on column "data"."batiments__g3"."origine_du_batiment" is 'Origine de la géométrie. Cadastre, Imagerie aérienne, Lidar HD ou Autre.';
comment on column "data"."batiments__g3"."identifiants_rnb" is 'Identifiants RNB. Identifiants au référentiel national des bâtiments, séparés par / s''il y en a plusieurs.';
create view "api"."batiments__g3" as select "fid", "cleabs", "nature", "usage_1", "usage_2", "construction_legere", "etat_de_l_objet", "hauteur", "nombre_d_etages", "nombre_de_logements", "materiaux_des_murs", "materiaux_de_la_toiture", "altitude_minimale_sol", "altitude_maximale_toit", "date_d_apparition", "date_modification", "origine_du_batiment", "identifiants_rnb", "geom", "geom_3857" from "data"."batiments__g3";
drop view if exists "api"."batiments";
create view "api"."batiments" as select "fid", "cleabs", "nature", "usage_1", "usage_2", "construction_legere", "etat_de_l_objet", "hauteur", "nombre_d_etages", "nombre_de_logements", "materiaux_des_murs", "materiaux_de_la_toiture", "altitude_minimale_sol", "altitude_maximale_toit", "date_d_apparition", "date_modification", "origine_du_batiment", "identifiants_rnb", "geom", "geom_3857" from "data"."batiments__g3";
