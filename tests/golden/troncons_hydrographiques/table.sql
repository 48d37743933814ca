create table "data"."troncons_hydrographiques__g3" (
    fid bigint not null,
    "cleabs" text not null,
    "code_hydrographique" text,
    "nature" text,
    "cpx_toponyme_de_cours_d_eau" text,
    "persistance" text,
    "classe_de_largeur" text,
    "origine" text,
    "sens_de_l_ecoulement" text,
    "position_par_rapport_au_sol" text,
    "fosse" boolean,
    "navigabilite" boolean,
    "reseau_principal_coulant" boolean,
    "inventaire_police_de_l_eau" text,
    "etat_de_l_objet" text,
    "fictif" boolean,
    "date_modification" timestamptz,
    "geom" public.geometry(MultiLineString, 2154),
    "geom_3857" public.geometry(MultiLineString, 3857)
);
alter table "data"."troncons_hydrographiques__g3" add primary key (fid);
create unique index on "data"."troncons_hydrographiques__g3" ("cleabs");
create index on "data"."troncons_hydrographiques__g3" ("nature", fid);
create index on "data"."troncons_hydrographiques__g3" using gist ("geom");
create index on "data"."troncons_hydrographiques__g3" using gist ("geom_3857");
comment on table "data"."troncons_hydrographiques__g3" is 'Tronçons hydrographiques';
comment on column "data"."troncons_hydrographiques__g3"."cleabs" is 'Identifiant BD TOPO';
comment on column "data"."troncons_hydrographiques__g3"."code_hydrographique" is 'Code hydrographique';
comment on column "data"."troncons_hydrographiques__g3"."nature" is 'Nature';
comment on column "data"."troncons_hydrographiques__g3"."cpx_toponyme_de_cours_d_eau" is 'Nom du cours d''eau';
comment on column "data"."troncons_hydrographiques__g3"."persistance" is 'Persistance. Permanent, Intermittent, Ephémère, Sec ou Inconnue.';
comment on column "data"."troncons_hydrographiques__g3"."classe_de_largeur" is 'Classe de largeur';
comment on column "data"."troncons_hydrographiques__g3"."origine" is 'Origine. Naturelle non aménagée, Naturelle aménagée, Artificielle ou Inconnue.';
comment on column "data"."troncons_hydrographiques__g3"."sens_de_l_ecoulement" is 'Sens de l''écoulement';
comment on column "data"."troncons_hydrographiques__g3"."position_par_rapport_au_sol" is 'Position par rapport au sol';
comment on column "data"."troncons_hydrographiques__g3"."fosse" is 'Fossé';
comment on column "data"."troncons_hydrographiques__g3"."navigabilite" is 'Navigable';
comment on column "data"."troncons_hydrographiques__g3"."reseau_principal_coulant" is 'Réseau principal';
comment on column "data"."troncons_hydrographiques__g3"."inventaire_police_de_l_eau" is 'Inventaire de la police de l''eau. Inscrit, Non inscrit ou Expertise en cours.';
comment on column "data"."troncons_hydrographiques__g3"."etat_de_l_objet" is 'État. En projet, En construction, En service, En ruine...';
comment on column "data"."troncons_hydrographiques__g3"."fictif" is 'Tracé fictif';
comment on column "data"."troncons_hydrographiques__g3"."date_modification" is 'Dernière modification dans la base';
create view "api"."troncons_hydrographiques__g3" as select "fid", "cleabs", "code_hydrographique", "nature", "cpx_toponyme_de_cours_d_eau", "persistance", "classe_de_largeur", "origine", "sens_de_l_ecoulement", "position_par_rapport_au_sol", "fosse", "navigabilite", "reseau_principal_coulant", "inventaire_police_de_l_eau", "etat_de_l_objet", "fictif", "date_modification", "geom", "geom_3857" from "data"."troncons_hydrographiques__g3";
drop view if exists "api"."troncons_hydrographiques";
create view "api"."troncons_hydrographiques" as select "fid", "cleabs", "code_hydrographique", "nature", "cpx_toponyme_de_cours_d_eau", "persistance", "classe_de_largeur", "origine", "sens_de_l_ecoulement", "position_par_rapport_au_sol", "fosse", "navigabilite", "reseau_principal_coulant", "inventaire_police_de_l_eau", "etat_de_l_objet", "fictif", "date_modification", "geom", "geom_3857" from "data"."troncons_hydrographiques__g3";
