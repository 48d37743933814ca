create table "data"."carreaux_1km__g3" (
    fid bigint not null,
    "id_inspire" text not null,
    "ind" double precision,
    "ind_0_3" double precision,
    "ind_4_5" double precision,
    "ind_6_10" double precision,
    "ind_11_17" double precision,
    "ind_25_39" double precision,
    "ind_40_54" double precision,
    "ind_55_64" double precision,
    "ind_65_79" double precision,
    "ind_80p" double precision,
    "ind_snv" double precision,
    "men" double precision,
    "men_1ind" double precision,
    "men_5ind" double precision,
    "men_prop" double precision,
    "men_fmp" double precision,
    "men_pauv" double precision,
    "men_coll" double precision,
    "men_mais" double precision,
    "men_surf" double precision,
    "log_av45" double precision,
    "log_45_70" double precision,
    "log_70_90" double precision,
    "log_ap90" double precision,
    "log_soc" double precision,
    "i_est_1km" integer,
    "geom" public.geometry(MultiPolygon, 2154),
    "geom_3857" public.geometry(MultiPolygon, 3857)
);
alter table "data"."carreaux_1km__g3" add primary key (fid);
create unique index on "data"."carreaux_1km__g3" ("id_inspire");
create index on "data"."carreaux_1km__g3" using gist ("geom");
create index on "data"."carreaux_1km__g3" using gist ("geom_3857");
comment on table "data"."carreaux_1km__g3" is 'Population et revenus, carreaux de 1 km';
comment on column "data"."carreaux_1km__g3"."id_inspire" is 'Identifiant du carreau. Selon Inspire : CRS3035RES et les coordonnées du coin sud-ouest, dans EPSG:3035.';
comment on column "data"."carreaux_1km__g3"."ind" is 'Individus';
comment on column "data"."carreaux_1km__g3"."ind_0_3" is 'Individus de 0 à 3 ans';
comment on column "data"."carreaux_1km__g3"."ind_4_5" is 'Individus de 4 à 5 ans';
comment on column "data"."carreaux_1km__g3"."ind_6_10" is 'Individus de 6 à 10 ans';
comment on column "data"."carreaux_1km__g3"."ind_11_17" is 'Individus de 11 à 17 ans';
comment on column "data"."carreaux_1km__g3"."ind_25_39" is 'Individus de 25 à 39 ans';
comment on column "data"."carreaux_1km__g3"."ind_40_54" is 'Individus de 40 à 54 ans';
comment on column "data"."carreaux_1km__g3"."ind_55_64" is 'Individus de 55 à 64 ans';
comment on column "data"."carreaux_1km__g3"."ind_65_79" is 'Individus de 65 à 79 ans';
comment on column "data"."carreaux_1km__g3"."ind_80p" is 'Individus de 80 ans et plus';
comment on column "data"."carreaux_1km__g3"."ind_snv" is 'Somme des niveaux de vie. En euros ; divisée par ind, elle donne le niveau de vie moyen.';
comment on column "data"."carreaux_1km__g3"."men" is 'Ménages';
comment on column "data"."carreaux_1km__g3"."men_1ind" is 'Ménages d''une personne';
comment on column "data"."carreaux_1km__g3"."men_5ind" is 'Ménages de cinq personnes et plus';
comment on column "data"."carreaux_1km__g3"."men_prop" is 'Ménages propriétaires';
comment on column "data"."carreaux_1km__g3"."men_fmp" is 'Familles monoparentales';
comment on column "data"."carreaux_1km__g3"."men_pauv" is 'Ménages pauvres';
comment on column "data"."carreaux_1km__g3"."men_coll" is 'Ménages en logement collectif';
comment on column "data"."carreaux_1km__g3"."men_mais" is 'Ménages en maison';
comment on column "data"."carreaux_1km__g3"."men_surf" is 'Surface des logements. Somme sur les ménages.';
comment on column "data"."carreaux_1km__g3"."log_av45" is 'Logements d''avant 1945';
comment on column "data"."carreaux_1km__g3"."log_45_70" is 'Logements de 1945 à 1969';
comment on column "data"."carreaux_1km__g3"."log_70_90" is 'Logements de 1970 à 1989';
comment on column "data"."carreaux_1km__g3"."log_ap90" is 'Logements depuis 1990';
comment on column "data"."carreaux_1km__g3"."log_soc" is 'Logements sociaux';
comment on column "data"."carreaux_1km__g3"."i_est_1km" is 'Valeurs imputées. Autre que 0 quand le carreau a moins de onze ménages : ses valeurs sont imputées, elles ne valent qu''additionnées.';
create view "api"."carreaux_1km__g3" as select "fid", "id_inspire", "ind", "ind_0_3", "ind_4_5", "ind_6_10", "ind_11_17", "ind_25_39", "ind_40_54", "ind_55_64", "ind_65_79", "ind_80p", "ind_snv", "men", "men_1ind", "men_5ind", "men_prop", "men_fmp", "men_pauv", "men_coll", "men_mais", "men_surf", "log_av45", "log_45_70", "log_70_90", "log_ap90", "log_soc", "i_est_1km", "geom", "geom_3857" from "data"."carreaux_1km__g3";
drop view if exists "api"."carreaux_1km";
create view "api"."carreaux_1km" as select "fid", "id_inspire", "ind", "ind_0_3", "ind_4_5", "ind_6_10", "ind_11_17", "ind_25_39", "ind_40_54", "ind_55_64", "ind_65_79", "ind_80p", "ind_snv", "men", "men_1ind", "men_5ind", "men_prop", "men_fmp", "men_pauv", "men_coll", "men_mais", "men_surf", "log_av45", "log_45_70", "log_70_90", "log_ap90", "log_soc", "i_est_1km", "geom", "geom_3857" from "data"."carreaux_1km__g3";
