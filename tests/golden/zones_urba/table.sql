create table "data"."zones_urba__g3" (
    fid bigint not null,
    "gid" integer not null,
    "libelle" text,
    "libelong" text,
    "typezone" text,
    "destdomi" text,
    "partition" text,
    "insee" text,
    "idurba" text,
    "datappro" text,
    "datvalid" text,
    "nomfic" text,
    "urlfic" text,
    "gpu_doc_id" text,
    "gpu_status" text,
    "gpu_timestamp" timestamptz,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."zones_urba__g3" add primary key (fid);
create unique index on "data"."zones_urba__g3" ("gid");
create index on "data"."zones_urba__g3" ("typezone", fid);
create index on "data"."zones_urba__g3" ("partition", fid);
create index on "data"."zones_urba__g3" ("insee", fid);
create index on "data"."zones_urba__g3" ("gpu_timestamp", fid);
create index on "data"."zones_urba__g3" using gist ("geom");
create index on "data"."zones_urba__g3" using gist ("geom_3857");
comment on table "data"."zones_urba__g3" is 'Zonages des documents d''urbanisme';
comment on column "data"."zones_urba__g3"."gid" is 'Numéro dans la base. Change à chaque nouvelle version d''un document.';
comment on column "data"."zones_urba__g3"."libelle" is 'Libellé. Nom court de la zone dans le règlement : UA, 1AUh, Ns...';
comment on column "data"."zones_urba__g3"."libelong" is 'Libellé long';
comment on column "data"."zones_urba__g3"."typezone" is 'Type de zone. U urbaine, AUc à urbaniser, AUs à urbaniser bloquée, A agricole, N naturelle ; d''anciens documents ont Ah, Nd, Nh.';
comment on column "data"."zones_urba__g3"."destdomi" is 'Destination dominante';
comment on column "data"."zones_urba__g3"."partition" is 'Document (partition). DU_ suivi du code Insee de la commune, ou du SIREN de l''intercommunalité.';
comment on column "data"."zones_urba__g3"."insee" is 'Code Insee de la commune. Vide dans les plans intercommunaux.';
comment on column "data"."zones_urba__g3"."idurba" is 'Identifiant du document';
comment on column "data"."zones_urba__g3"."datappro" is 'Date d''approbation. AAAAMMJJ, en texte comme dans le standard CNIG.';
comment on column "data"."zones_urba__g3"."datvalid" is 'Date de validation. AAAAMMJJ.';
comment on column "data"."zones_urba__g3"."nomfic" is 'Fichier du règlement';
comment on column "data"."zones_urba__g3"."urlfic" is 'Adresse du règlement';
comment on column "data"."zones_urba__g3"."gpu_doc_id" is 'Identifiant du document au Géoportail';
comment on column "data"."zones_urba__g3"."gpu_status" is 'Statut au Géoportail';
comment on column "data"."zones_urba__g3"."gpu_timestamp" is 'Publication au Géoportail';
create view "api"."zones_urba__g3" as select "fid", "gid", "libelle", "libelong", "typezone", "destdomi", "partition", "insee", "idurba", "datappro", "datvalid", "nomfic", "urlfic", "gpu_doc_id", "gpu_status", "gpu_timestamp", "geom", "geom_3857" from "data"."zones_urba__g3";
drop view if exists "api"."zones_urba";
create view "api"."zones_urba" as select "fid", "gid", "libelle", "libelong", "typezone", "destdomi", "partition", "insee", "idurba", "datappro", "datvalid", "nomfic", "urlfic", "gpu_doc_id", "gpu_status", "gpu_timestamp", "geom", "geom_3857" from "data"."zones_urba__g3";
