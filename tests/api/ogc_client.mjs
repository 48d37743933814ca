// What ogc-client (geonetwork-ui, data portals) reads of a server: node ogc_client.mjs BASE
import { OgcApiEndpoint } from "@camptocamp/ogc-client";

const endpoint = new OgcApiEndpoint(process.argv[2]);
const collection = await endpoint.getCollectionInfo("communes");
const seen = {
  features: await endpoint.featureCollections,
  tiles: await endpoint.vectorTileCollections,
  conformance: (await endpoint.conformanceClasses).length,
  formats: collection.itemFormats,
  crs: collection.crs,
  queryables: collection.queryables.map((queryable) => queryable.name),
  sortables: collection.sortables.map((sortable) => sortable.name),
  items: (await endpoint.getCollectionItems("communes", 7, 3)).map((feature) => feature.id),
  item: (await endpoint.getCollectionItem("communes", "84054")).properties.nom,
  url: await endpoint.getCollectionItemsUrl("communes", { limit: 5, query: "nom=Nice", outputCrs: "EPSG:2154" }),
};
console.log(JSON.stringify(seen));
