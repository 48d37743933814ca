create table "data"."parcelles_graphiques__g3" (
    fid bigint not null,
    "id_parcel" text not null,
    "surf_parc" double precision,
    "code_cultu" text,
    "code_group" text,
    "culture_d1" text,
    "culture_d2" text,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."parcelles_graphiques__g3" add primary key (fid);
create unique index on "data"."parcelles_graphiques__g3" ("id_parcel");
create index on "data"."parcelles_graphiques__g3" ("code_cultu", fid);
create index on "data"."parcelles_graphiques__g3" ("code_group", fid);
create index on "data"."parcelles_graphiques__g3" using gist ("geom");
create index on "data"."parcelles_graphiques__g3" using gist ("geom_3857");
comment on table "data"."parcelles_graphiques__g3" is 'Parcelles agricoles déclarées (RPG)';
comment on column "data"."parcelles_graphiques__g3"."id_parcel" is 'Identifiant de la parcelle. Valable pour une édition.';
comment on column "data"."parcelles_graphiques__g3"."surf_parc" is 'Surface';
comment on column "data"."parcelles_graphiques__g3"."code_cultu" is 'Culture principale (code). Trois lettres, comme VRC (vigne), PPH (prairie permanente) ou BTH (blé tendre d''hiver).';
comment on column "data"."parcelles_graphiques__g3"."code_group" is 'Groupe de cultures (code). De 1 (blé tendre) à 28 (divers) ; 21 pour les vignes, 18 pour les prairies permanentes.';
comment on column "data"."parcelles_graphiques__g3"."culture_d1" is 'Première culture dérobée (code)';
comment on column "data"."parcelles_graphiques__g3"."culture_d2" is 'Seconde culture dérobée (code)';
create view "api"."parcelles_graphiques__g3" as select "fid", "id_parcel", "surf_parc", "code_cultu", "code_group", "culture_d1", "culture_d2", "geom", "geom_3857" from "data"."parcelles_graphiques__g3";
drop view if exists "api"."parcelles_graphiques";
create view "api"."parcelles_graphiques" as select "fid", "id_parcel", "surf_parc", "code_cultu", "code_group", "culture_d1", "culture_d2", "geom", "geom_3857" from "data"."parcelles_graphiques__g3";
