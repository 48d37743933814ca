create table "data"."troncons_de_route__g3" (
    fid bigint not null,
    "cleabs" text not null,
    "nature" text,
    "importance" text,
    "nom_collaboratif_gauche" text,
    "nom_collaboratif_droite" text,
    "cpx_numero" text,
    "cpx_classement_administratif" text,
    "cpx_gestionnaire" text,
    "etat_de_l_objet" text,
    "fictif" boolean,
    "position_par_rapport_au_sol" text,
    "nombre_de_voies" integer,
    "largeur_de_chaussee" double precision,
    "sens_de_circulation" text,
    "vitesse_moyenne_vl" integer,
    "acces_vehicule_leger" text,
    "acces_pieton" text,
    "prive" boolean,
    "urbain" boolean,
    "restriction_de_hauteur" double precision,
    "restriction_de_poids_total" double precision,
    "amenagement_cyclable_gauche" text,
    "amenagement_cyclable_droit" text,
    "piste_dfci" boolean,
    "categorie_dfci" text,
    "insee_commune_gauche" text,
    "insee_commune_droite" text,
    "date_modification" timestamptz,
    "geom" public.geometry(MultiLineString, 2154),
    "geom_3857" public.geometry(MultiLineString, 3857)
);
alter table "data"."troncons_de_route__g3" add primary key (fid);
create unique index on "data"."troncons_de_route__g3" ("cleabs");
create index on "data"."troncons_de_route__g3" ("nature", fid);
create index on "data"."troncons_de_route__g3" ("importance", fid);
create index on "data"."troncons_de_route__g3" ("cpx_numero", fid);
create index on "data"."troncons_de_route__g3" ("insee_commune_gauche", fid);
create index on "data"."troncons_de_route__g3" using gist ("geom");
create index on "data"."troncons_de_route__g3" using gist ("geom_3857");
comment on table "data"."troncons_de_route__g3" is 'Tronçons de route';
comment on column "data"."troncons_de_route__g3"."cleabs" is 'Identifiant BD TOPO';
comment on column "data"."troncons_de_route__g3"."nature" is 'Nature. Type autoroutier, Route à 2 chaussées, Route à 1 chaussée, Bretelle, Rond-point, Route empierrée, Chemin, Sentier, Escalier, Bac ou liaison maritime.';
comment on column "data"."troncons_de_route__g3"."importance" is 'Importance. De 1 (liaisons entre métropoles) à 6 (chemins, accès privés), pour le trafic.';
comment on column "data"."troncons_de_route__g3"."nom_collaboratif_gauche" is 'Nom de la voie, à gauche';
comment on column "data"."troncons_de_route__g3"."nom_collaboratif_droite" is 'Nom de la voie, à droite';
comment on column "data"."troncons_de_route__g3"."cpx_numero" is 'Numéro de la route';
comment on column "data"."troncons_de_route__g3"."cpx_classement_administratif" is 'Classement administratif';
comment on column "data"."troncons_de_route__g3"."cpx_gestionnaire" is 'Gestionnaire';
comment on column "data"."troncons_de_route__g3"."etat_de_l_objet" is 'État. En projet, En construction, En service, En ruine...';
comment on column "data"."troncons_de_route__g3"."fictif" is 'Tracé fictif';
comment on column "data"."troncons_de_route__g3"."position_par_rapport_au_sol" is 'Position par rapport au sol. 0 au sol, négatif en tunnel, positif sur un pont.';
comment on column "data"."troncons_de_route__g3"."nombre_de_voies" is 'Nombre de voies';
comment on column "data"."troncons_de_route__g3"."largeur_de_chaussee" is 'Largeur de la chaussée';
comment on column "data"."troncons_de_route__g3"."sens_de_circulation" is 'Sens de circulation. Par rapport au sens du tracé : Double sens, Sens direct, Sens inverse, Sans objet.';
comment on column "data"."troncons_de_route__g3"."vitesse_moyenne_vl" is 'Vitesse moyenne des véhicules légers';
comment on column "data"."troncons_de_route__g3"."acces_vehicule_leger" is 'Accès des véhicules légers';
comment on column "data"."troncons_de_route__g3"."acces_pieton" is 'Accès des piétons';
comment on column "data"."troncons_de_route__g3"."prive" is 'Voie privée';
comment on column "data"."troncons_de_route__g3"."urbain" is 'En zone urbaine';
comment on column "data"."troncons_de_route__g3"."restriction_de_hauteur" is 'Hauteur limitée à';
comment on column "data"."troncons_de_route__g3"."restriction_de_poids_total" is 'Poids total limité à';
comment on column "data"."troncons_de_route__g3"."amenagement_cyclable_gauche" is 'Aménagement cyclable, à gauche';
comment on column "data"."troncons_de_route__g3"."amenagement_cyclable_droit" is 'Aménagement cyclable, à droite';
comment on column "data"."troncons_de_route__g3"."piste_dfci" is 'Piste DFCI';
comment on column "data"."troncons_de_route__g3"."categorie_dfci" is 'Catégorie DFCI';
comment on column "data"."troncons_de_route__g3"."insee_commune_gauche" is 'Code Insee de la commune, à gauche';
comment on column "data"."troncons_de_route__g3"."insee_commune_droite" is 'Code Insee de la commune, à droite';
comment on column "data"."troncons_de_route__g3"."date_modification" is 'Dernière modification dans la base';
create view "api"."troncons_de_route__g3" as select "fid", "cleabs", "nature", "importance", "nom_collaboratif_gauche", "nom_collaboratif_droite", "cpx_numero", "cpx_classement_administratif", "cpx_gestionnaire", "etat_de_l_objet", "fictif", "position_par_rapport_au_sol", "nombre_de_voies", "largeur_de_chaussee", "sens_de_circulation", "vitesse_moyenne_vl", "acces_vehicule_leger", "acces_pieton", "prive", "urbain", "restriction_de_hauteur", "restriction_de_poids_total", "amenagement_cyclable_gauche", "amenagement_cyclable_droit", "piste_dfci", "categorie_dfci", "insee_commune_gauche", "insee_commune_droite", "date_modification", "geom", "geom_3857" from "data"."troncons_de_route__g3";
drop view if exists "api"."troncons_de_route";
create view "api"."troncons_de_route" as select "fid", "cleabs", "nature", "importance", "nom_collaboratif_gauche", "nom_collaboratif_droite", "cpx_numero", "cpx_classement_administratif", "cpx_gestionnaire", "etat_de_l_objet", "fictif", "position_par_rapport_au_sol", "nombre_de_voies", "largeur_de_chaussee", "sens_de_circulation", "vitesse_moyenne_vl", "acces_vehicule_leger", "acces_pieton", "prive", "urbain", "restriction_de_hauteur", "restriction_de_poids_total", "amenagement_cyclable_gauche", "amenagement_cyclable_droit", "piste_dfci", "categorie_dfci", "insee_commune_gauche", "insee_commune_droite", "date_modification", "geom", "geom_3857" from "data"."troncons_de_route__g3";
