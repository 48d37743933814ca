// The map of a page: our own vector tiles, no background from elsewhere. See pages/maps.py for what it is told.
import * as maplibregl from "./vendor/maplibre-gl.mjs";
import { popup } from "./map-popup.js";
import { background, layersOf, listedLayer, showOnly, TARGET, touchable } from "./map-style.js";
import { watchLabels } from "./map-labels.js";
import { addLive } from "./map-live.js";

const box = document.querySelector("[data-map]");
const settings = JSON.parse(document.getElementById(box.dataset.map).textContent);
const words = settings.words;
const target = told(box.dataset.feature);
const listed = told(box.dataset.keys);

// What the page says in a JSON script of that id, null where it says nothing.
function told(id) {
  return id ? JSON.parse(document.getElementById(id).textContent) : null;
}

function start() {
  box.replaceChildren();
  const title = box.getAttribute("aria-label");
  const map = new maplibregl.Map({
    container: box,
    style: background(settings),
    bounds: target ? around(target.geometry) : settings.bounds,
    fitBoundsOptions: { padding: target ? 48 : 24, maxZoom: 14 },
    maxZoom: 18,
    minZoom: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    // a page is scrolled past its map
    cooperativeGestures: true,
    transformRequest: (url) => ({ url: here(url) }),
    locale: {
      "NavigationControl.ZoomIn": words.zoom_in,
      "NavigationControl.ZoomOut": words.zoom_out,
      "AttributionControl.ToggleAttribution": words.attribution,
      "Popup.Close": words.close,
      "Map.Title": title,
      "CooperativeGesturesHandler.WindowsHelpText": words.ctrl,
      "CooperativeGesturesHandler.MacHelpText": words.command,
      "CooperativeGesturesHandler.MobileHelpText": words.two_fingers,
    },
  });
  // the canvas is the region from now on, and carries the name
  box.removeAttribute("role");
  box.removeAttribute("aria-label");
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 90 }), "top-left");
  map.addControl(new maplibregl.AttributionControl({ compact: false }), "bottom-right");
  map.once("load", () => furnish(map));
  map.on("idle", () => {
    document.documentElement.dataset.map = "idle";
  });
  map.on("movestart", () => {
    document.documentElement.dataset.map = "moving";
  });
  return map;
}

function furnish(map) {
  for (const { id, tilejson } of settings.rasters ?? []) {
    map.addSource(id, { type: "raster", url: absolute(tilejson), tileSize: 256 });
    map.addLayer({ id, type: "raster", source: id }, map.getLayer("background-boundary")?.id);
  }
  for (const layer of settings.layers) {
    map.addSource(layer.id, { type: "vector", url: absolute(layer.tilejson), promoteId: { [layer.id]: layer.key } });
    for (const drawn of layersOf(layer)) map.addLayer(drawn);
  }
  if (settings.live) addLive(map, settings.live, words);
  if (target) addTarget(map);
  if (listed) map.addLayer(listedLayer(settings.layers[0], listed));
  const state = { shown: settings.layers[0] ?? settings.live?.layer };
  const labels = watchLabels(map, settings);
  const choose = (id) => {
    state.shown = settings.layers.find((layer) => layer.id === id);
    showOnly(map, settings.layers, id);
    labels(state.shown);
    sayNearer(map, state);
  };
  map.on("zoomend", () => sayNearer(map, state));
  if (settings.layers.length) choose(state.shown.id);
  watchPointer(map, state);
  watchChoice(choose);
}

// Small features have no tiles of the whole territory: the page says so in place of showing nothing.
function sayNearer(map, { shown }) {
  const line = document.querySelector("[data-map-said]");
  if (!line || !shown?.tilejson) return;
  line.textContent = map.getZoom() < shown.minzoom ? words.nearer : "";
}

function addTarget(map) {
  map.addSource("target", { type: "geojson", data: target });
  for (const drawn of TARGET) map.addLayer(drawn);
}

// West, south, east, north of a geometry's coordinates.
function around(geometry) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (part) => {
    if (typeof part[0] !== "number") part.forEach(visit);
    else {
      box[0] = Math.min(box[0], part[0]);
      box[1] = Math.min(box[1], part[1]);
      box[2] = Math.max(box[2], part[0]);
      box[3] = Math.max(box[3], part[1]);
    }
  };
  visit(geometry.coordinates ?? geometry.geometries.map((inner) => inner.coordinates));
  return box;
}

function watchPointer(map, state) {
  let under = null;
  const mark = (found) => {
    if (under) map.setFeatureState(under, { hover: false });
    under = found ? { source: found.source, sourceLayer: found.sourceLayer, id: found.id } : null;
    if (under) map.setFeatureState(under, { hover: true });
    map.getCanvas().style.cursor = found ? "pointer" : "";
  };
  const at = (point) => {
    const layers = state.shown ? touchable(state.shown) : [];
    return map.queryRenderedFeatures(point, { layers })[0];
  };
  map.on("mousemove", (event) => mark(at(event.point)));
  map.on("mouseout", () => mark(null));
  map.on("click", (event) => {
    const found = at(event.point);
    if (!found) return;
    new maplibregl.Popup({ maxWidth: "340px", focusAfterOpen: true })
      .setLngLat(event.lngLat)
      .setDOMContent(popup(state.shown, found.properties, words))
      .addTo(map);
  });
}

function watchChoice(choose) {
  const form = document.querySelector("[data-layers]");
  if (!form) return;
  form.hidden = false;
  form.addEventListener("change", (event) => choose(event.target.value));
}

// TileJSON gives the public address; the page may have been reached by another one of the same server.
function here(url) {
  const { protocol, pathname, search } = new URL(url);
  return protocol.startsWith("http") ? location.origin + pathname + search : url;
}

function absolute(address) {
  return new URL(address, location.href).href;
}

try {
  start();
} catch (error) {
  // no WebGL: the page says where the same data are
  const note = document.createElement("p");
  note.className = "map-note";
  note.textContent = words.failed;
  box.replaceChildren(note);
  console.warn(error);
}
