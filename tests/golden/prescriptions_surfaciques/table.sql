create table "data"."prescriptions_surfaciques__g3" (
    fid bigint not null,
    "gid" integer not null,
    "libelle" text,
    "txt" text,
    "typepsc" text,
    "stypepsc" text,
    "nature" text,
    "partition" text,
    "insee" text,
    "idurba" text,
    "datappro" text,
    "datvalid" text,
    "nomfic" text,
    "urlfic" text,
    "gpu_doc_id" text,
    "gpu_timestamp" timestamptz,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."prescriptions_surfaciques__g3" add primary key (fid);
create unique index on "data"."prescriptions_surfaciques__g3" ("gid");
create index on "data"."prescriptions_surfaciques__g3" ("typepsc", fid);
create index on "data"."prescriptions_surfaciques__g3" ("partition", fid);
create index on "data"."prescriptions_surfaciques__g3" ("insee", fid);
create index on "data"."prescriptions_surfaciques__g3" ("gpu_timestamp", fid);
create index on "data"."prescriptions_surfaciques__g3" using gist ("geom");
create index on "data"."prescriptions_surfaciques__g3" using gist ("geom_3857");
comment on table "data"."prescriptions_surfaciques__g3" is 'Prescriptions surfaciques des documents d''urbanisme';
comment on column "data"."prescriptions_surfaciques__g3"."gid" is 'Numéro dans la base. Change à chaque nouvelle version d''un document.';
comment on column "data"."prescriptions_surfaciques__g3"."libelle" is 'Libellé';
comment on column "data"."prescriptions_surfaciques__g3"."txt" is 'Texte de l''étiquette';
comment on column "data"."prescriptions_surfaciques__g3"."typepsc" is 'Type de prescription. Code CNIG à deux chiffres : 01 espace boisé classé, 02 limitation de la constructibilité, 05 emplacement réservé, 07 patrimoine et paysage, 18 orientation d''aménagement...';
comment on column "data"."prescriptions_surfaciques__g3"."stypepsc" is 'Sous-type de prescription';
comment on column "data"."prescriptions_surfaciques__g3"."nature" is 'Nature';
comment on column "data"."prescriptions_surfaciques__g3"."partition" is 'Document (partition). DU_ suivi du code Insee de la commune, ou du SIREN de l''intercommunalité.';
comment on column "data"."prescriptions_surfaciques__g3"."insee" is 'Code Insee de la commune';
comment on column "data"."prescriptions_surfaciques__g3"."idurba" is 'Identifiant du document';
comment on column "data"."prescriptions_surfaciques__g3"."datappro" is 'Date d''approbation. AAAAMMJJ, en texte comme dans le standard CNIG.';
comment on column "data"."prescriptions_surfaciques__g3"."datvalid" is 'Date de validation. AAAAMMJJ.';
comment on column "data"."prescriptions_surfaciques__g3"."nomfic" is 'Fichier';
comment on column "data"."prescriptions_surfaciques__g3"."urlfic" is 'Adresse du fichier';
comment on column "data"."prescriptions_surfaciques__g3"."gpu_doc_id" is 'Identifiant du document au Géoportail';
comment on column "data"."prescriptions_surfaciques__g3"."gpu_timestamp" is 'Publication au Géoportail';
create view "api"."prescriptions_surfaciques__g3" as select "fid", "gid", "libelle", "txt", "typepsc", "stypepsc", "nature", "partition", "insee", "idurba", "datappro", "datvalid", "nomfic", "urlfic", "gpu_doc_id", "gpu_timestamp", "geom", "geom_3857" from "data"."prescriptions_surfaciques__g3";
drop view if exists "api"."prescriptions_surfaciques";
create view "api"."prescriptions_surfaciques" as select "fid", "gid", "libelle", "txt", "typepsc", "stypepsc", "nature", "partition", "insee", "idurba", "datappro", "datvalid", "nomfic", "urlfic", "gpu_doc_id", "gpu_timestamp", "geom", "geom_3857" from "data"."prescriptions_surfaciques__g3";
