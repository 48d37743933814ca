// How things look on the map. The colours are those of territoire.css.
// neutral: what surrounds the territory is land as well as sea, and we have no data of it
const AROUND = "#e6ebe9";
const LAND = "#f7f4ec";
const BOUNDARY = "#3f565e";
const LINE = "#4d7480";
const ACCENT = "#c2571a";
const DEEP = "#12455a";
const INK = "#1c2f38";
const TINTS = ["#c9dccb", "#d9e3c6", "#bcd5d3", "#e8dfc4", "#cfd9e0", "#e3d5d0"];
export const FONT = ["Inter", "Segoe UI", "Roboto", "Helvetica Neue", "DejaVu Sans", "sans-serif"];

const address = (path) => new URL(path, location.href).href;

export function background(settings) {
  const sources = {};
  const layers = [{ id: "around", type: "background", paint: { "background-color": AROUND } }];
  for (const { id, role, tilejson } of settings.background) {
    const source = `background-${role}`;
    sources[source] = { type: "vector", url: address(tilejson) };
    const common = { source, "source-layer": id };
    if (role === "land") layers.push({ id: source, type: "fill", ...common, paint: { "fill-color": LAND } });
    else layers.push({ id: source, type: "line", ...common, paint: { "line-color": BOUNDARY, "line-width": wider(1.2, 2.5) } });
  }
  return { version: 8, sources, layers };
}

// An atlas' tints: the feature's own number chooses, so that a feature keeps its colour.
function tint(layer) {
  const hash = ["%", ["to-number", ["slice", ["concat", "0", ["get", layer.key]], -3], 0], TINTS.length];
  const pairs = TINTS.slice(1).flatMap((colour, index) => [index + 1, colour]);
  return ["match", hash, ...pairs, TINTS[0]];
}

const hovered = (yes, no) => ["case", ["boolean", ["feature-state", "hover"], false], yes, no];
const wider = (low, high) => ["interpolate", ["linear"], ["zoom"], 6, low, 13, high];

// The layers that draw a dataset: circles, lines, or areas with their outlines; all of them where types are mixed.
export function layersOf(layer) {
  const common = { source: layer.id, "source-layer": layer.id, layout: { visibility: "none" } };
  const only = (type) => (layer.geometry === "Geometry" ? { filter: ["==", ["geometry-type"], type] } : {});
  const circle = { "circle-color": hovered(ACCENT, DEEP), "circle-radius": wider(2.5, 7), "circle-stroke-color": "#fff", "circle-stroke-width": 1 };
  const line = { "line-color": hovered(ACCENT, DEEP), "line-width": wider(1, 4) };
  const fill = { "fill-color": hovered("#f0c58a", tint(layer)), "fill-opacity": 0.9 };
  const outline = { "line-color": hovered(ACCENT, LINE), "line-width": wider(hovered(2, 0.4), hovered(3, 1.5)) };
  const drawn = {
    Polygon: [
      { id: `${layer.id}-fill`, type: "fill", ...common, ...only("Polygon"), paint: fill },
      { id: `${layer.id}-outline`, type: "line", ...common, ...only("Polygon"), paint: outline },
    ],
    LineString: [{ id: `${layer.id}-line`, type: "line", ...common, ...only("LineString"), paint: line }],
    Point: [{ id: `${layer.id}-circle`, type: "circle", ...common, ...only("Point"), paint: circle }],
  };
  return drawn[layer.geometry.replace("Multi", "")] ?? Object.values(drawn).flat();
}

// Those that a click touches, once a feature.
export function touchable(layer) {
  return layersOf(layer)
    .map((drawn) => drawn.id)
    .filter((id) => !id.endsWith("-outline"));
}

export function showOnly(map, layers, id) {
  for (const layer of layers) {
    for (const drawn of layersOf(layer)) map.setLayoutProperty(drawn.id, "visibility", layer.id === id ? "visible" : "none");
  }
  // large boundaries stay readable above the layer
  if (map.getLayer("background-boundary")) map.moveLayer("background-boundary");
  for (const drawn of TARGET) if (map.getLayer(drawn.id)) map.moveLayer(drawn.id);
}

// What the list of the page holds stands out on the map.
export function listedLayer(layer, keys) {
  const common = { id: "listed", source: layer.id, "source-layer": layer.id, filter: ["in", ["get", layer.key], ["literal", keys]] };
  if (layer.geometry.includes("Point")) return { ...common, type: "circle", paint: { "circle-color": ACCENT, "circle-radius": 6 } };
  return { ...common, type: "line", paint: { "line-color": ACCENT, "line-width": 1.6 } };
}

export const TARGET = [
  { id: "target-fill", type: "fill", source: "target", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": "#f0c58a", "fill-opacity": 0.75 } },
  { id: "target-line", type: "line", source: "target", paint: { "line-color": ACCENT, "line-width": 2.5 } },
  { id: "target-point", type: "circle", source: "target", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": ACCENT, "circle-radius": 8, "circle-stroke-color": "#fff", "circle-stroke-width": 2 } },
];

export const LABELS = {
  id: "labels",
  type: "symbol",
  source: "labels",
  layout: {
    "text-field": ["get", "name"],
    "text-font": FONT,
    "text-size": ["interpolate", ["linear"], ["zoom"], 6, 11, 12, 14],
    "text-max-width": 8,
    "text-padding": 6,
    "symbol-sort-key": ["-", 0, ["get", "size"]],
  },
  paint: { "text-color": INK, "text-halo-color": "rgba(255,255,255,0.9)", "text-halo-width": 1.6 },
};
