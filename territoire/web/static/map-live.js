// The map of a live collection: tiles, images or features that our server asks of the Géoplateforme.
// See pages/live_maps.py for what it is told. Features come by the view, and a line below the map says how many.
import { layersOf } from "./map-style.js";

const absolute = (path) => location.origin + path;
const LINES = "#4d7480";

export function addLive(map, live, words) {
  const add = { raster: addRaster, vector: addVector, features: addFeatures }[live.kind];
  add(map, live, words);
  map.on("error", (event) => {
    // a tile that the source does not give leaves a hole: the page says why
    if (event.sourceId === live.id) say(words.live_failed);
  });
}

function addRaster(map, live) {
  const { id, tiles, minzoom, maxzoom, attribution, bounds } = live;
  const source = { type: "raster", tiles: [absolute(tiles)], tileSize: 256, minzoom, maxzoom, attribution };
  map.addSource(id, bounds ? { ...source, bounds } : source);
  map.addLayer({ id, type: "raster", source: id }, map.getLayer("background-boundary")?.id);
}

function addVector(map, live) {
  map.addSource(live.id, { type: "vector", url: absolute(live.tilejson), attribution: live.attribution });
  const paints = {
    Polygon: ["fill", { "fill-color": "#d9e3c6", "fill-outline-color": LINES, "fill-opacity": 0.8 }],
    LineString: ["line", { "line-color": LINES }],
    Point: ["circle", { "circle-color": "#12455a", "circle-radius": 3 }],
  };
  for (const [geometry, [type, paint]] of Object.entries(paints)) {
    for (const name of live.names) {
      const filter = ["==", ["geometry-type"], geometry];
      map.addLayer({ id: `${live.id}-${name}-${geometry}`, type, source: live.id, "source-layer": name, filter, paint });
    }
  }
}

function addFeatures(map, live, words) {
  const empty = { type: "FeatureCollection", features: [] };
  const { layer } = live;
  map.addSource(layer.id, { type: "geojson", data: empty, promoteId: layer.key, attribution: live.attribution });
  for (const { "source-layer": _, layout: __, ...drawn } of layersOf(layer)) map.addLayer(drawn);
  let asking = null;
  const look = async () => {
    asking?.abort();
    if (map.getZoom() < live.minzoom) {
      map.getSource(layer.id).setData(empty);
      say(words.live_nearer);
      return;
    }
    asking = new AbortController();
    const { signal } = asking;
    const found = await features(live.address + map.getBounds().toArray().flat(), signal);
    if (signal.aborted) return;
    if (found) map.getSource(layer.id).setData(found);
    say(found ? counted(found, words) : words.live_failed);
  };
  map.on("moveend", look);
  look();
}

// The answer, null where there is none.
async function features(address, signal) {
  try {
    const answer = await fetch(absolute(address), { signal });
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    if (error.name !== "AbortError") console.warn(error);
    return null;
  }
}

function counted({ numberReturned, numberMatched }, words) {
  const write = (number) => number.toLocaleString(document.documentElement.lang);
  const all = numberMatched === undefined || numberMatched <= numberReturned;
  const text = all ? words.live_all : words.live_some;
  return text.replace("{shown}", write(numberReturned)).replace("{matched}", write(numberMatched ?? numberReturned));
}

function say(text) {
  document.querySelector("[data-map-said]").textContent = text;
}
