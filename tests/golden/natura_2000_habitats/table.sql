create table "data"."natura_2000_habitats__g3" (
    fid bigint not null,
    "id_mnhn" text not null,
    "nom_site" text,
    "gest_site" text,
    "operateur" text,
    "area_sig" double precision,
    "surf_off" double precision,
    "date_crea" date,
    "modif_adm" date,
    "modif_geo" date,
    "marin" text,
    "url_fiche" text,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."natura_2000_habitats__g3" add primary key (fid);
create unique index on "data"."natura_2000_habitats__g3" ("id_mnhn");
create index on "data"."natura_2000_habitats__g3" ("date_crea", fid);
create index on "data"."natura_2000_habitats__g3" using gist ("geom");
create index on "data"."natura_2000_habitats__g3" using gist ("geom_3857");
comment on table "data"."natura_2000_habitats__g3" is 'Natura 2000, directive Habitats';
comment on column "data"."natura_2000_habitats__g3"."id_mnhn" is 'Identifiant national. FR et sept chiffres, comme FR9301592.';
comment on column "data"."natura_2000_habitats__g3"."nom_site" is 'Nom du site';
comment on column "data"."natura_2000_habitats__g3"."gest_site" is 'Gestionnaire';
comment on column "data"."natura_2000_habitats__g3"."operateur" is 'Opérateur. Qui a tracé ou vérifié le périmètre.';
comment on column "data"."natura_2000_habitats__g3"."area_sig" is 'Surface. Calculée sur le tracé national.';
comment on column "data"."natura_2000_habitats__g3"."surf_off" is 'Surface officielle';
comment on column "data"."natura_2000_habitats__g3"."date_crea" is 'Date de création';
comment on column "data"."natura_2000_habitats__g3"."modif_adm" is 'Modification administrative';
comment on column "data"."natura_2000_habitats__g3"."modif_geo" is 'Modification du tracé';
comment on column "data"."natura_2000_habitats__g3"."marin" is 'Milieu marin. F : à terre ; M : en mer, en tout ou partie.';
comment on column "data"."natura_2000_habitats__g3"."url_fiche" is 'Fiche à l''INPN';
create view "api"."natura_2000_habitats__g3" as select "fid", "id_mnhn", "nom_site", "gest_site", "operateur", "area_sig", "surf_off", "date_crea", "modif_adm", "modif_geo", "marin", "url_fiche", "geom", "geom_3857" from "data"."natura_2000_habitats__g3";
drop view if exists "api"."natura_2000_habitats";
create view "api"."natura_2000_habitats" as select "fid", "id_mnhn", "nom_site", "gest_site", "operateur", "area_sig", "surf_off", "date_crea", "modif_adm", "modif_geo", "marin", "url_fiche", "geom", "geom_3857" from "data"."natura_2000_habitats__g3";
