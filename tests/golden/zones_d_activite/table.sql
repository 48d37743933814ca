create table "data"."zones_d_activite__g3" (
    fid bigint not null,
    "cleabs" text not null,
    "categorie" text,
    "nature" text,
    "nature_detaillee" text,
    "toponyme" text,
    "nom_commercial" text,
    "importance" text,
    "etat_de_l_objet" text,
    "fictif" boolean,
    "insee_commune" text,
    "commune" text,
    "adresse_postale" text,
    "date_modification" timestamptz,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."zones_d_activite__g3" add primary key (fid);
create unique index on "data"."zones_d_activite__g3" ("cleabs");
create index on "data"."zones_d_activite__g3" ("categorie", fid);
create index on "data"."zones_d_activite__g3" ("nature", fid);
create index on "data"."zones_d_activite__g3" ("insee_commune", fid);
create index on "data"."zones_d_activite__g3" using gist ("geom");
create index on "data"."zones_d_activite__g3" using gist ("geom_3857");
comment on table "data"."zones_d_activite__g3" is 'Zones d''activité ou d''intérêt';
comment on column "data"."zones_d_activite__g3"."cleabs" is 'Identifiant BD TOPO';
comment on column "data"."zones_d_activite__g3"."categorie" is 'Catégorie. Administratif ou militaire, Culture et loisirs, Gestion des eaux, Industriel et commercial, Religieux, Santé, Science et enseignement, Sport.';
comment on column "data"."zones_d_activite__g3"."nature" is 'Nature';
comment on column "data"."zones_d_activite__g3"."nature_detaillee" is 'Nature détaillée';
comment on column "data"."zones_d_activite__g3"."toponyme" is 'Nom';
comment on column "data"."zones_d_activite__g3"."nom_commercial" is 'Nom commercial';
comment on column "data"."zones_d_activite__g3"."importance" is 'Importance. De 1 (la plus connue) à 6.';
comment on column "data"."zones_d_activite__g3"."etat_de_l_objet" is 'État. En projet, En construction, En service, En ruine...';
comment on column "data"."zones_d_activite__g3"."fictif" is 'Contour fictif';
comment on column "data"."zones_d_activite__g3"."insee_commune" is 'Code Insee de la commune';
comment on column "data"."zones_d_activite__g3"."commune" is 'Commune';
comment on column "data"."zones_d_activite__g3"."adresse_postale" is 'Adresse';
comment on column "data"."zones_d_activite__g3"."date_modification" is 'Dernière modification dans la base';
create view "api"."zones_d_activite__g3" as select "fid", "cleabs", "categorie", "nature", "nature_detaillee", "toponyme", "nom_commercial", "importance", "etat_de_l_objet", "fictif", "insee_commune", "commune", "adresse_postale", "date_modification", "geom", "geom_3857" from "data"."zones_d_activite__g3";
drop view if exists "api"."zones_d_activite";
create view "api"."zones_d_activite" as select "fid", "cleabs", "categorie", "nature", "nature_detaillee", "toponyme", "nom_commercial", "importance", "etat_de_l_objet", "fictif", "insee_commune", "commune", "adresse_postale", "date_modification", "geom", "geom_3857" from "data"."zones_d_activite__g3";
