// One name a feature: tiles cut a feature into pieces, so names are placed here, on the centre of what is in view.
import { LABELS, touchable } from "./map-style.js";

const MOST = 600;

export function watchLabels(map) {
  map.addSource("labels", { type: "geojson", data: collection([]) });
  map.addLayer(LABELS);
  let layer = null;
  let written = "";
  const write = () => {
    if (!layer || !map.isSourceLoaded(layer.id)) return;
    const features = labels(map, layer);
    const text = JSON.stringify(features);
    if (text === written) return;
    written = text;
    map.getSource("labels").setData(collection(features));
  };
  map.on("idle", write);
  return (chosen) => {
    layer = chosen;
    map.moveLayer("labels");
  };
}

function labels(map, layer) {
  const pieces = new Map();
  for (const feature of map.queryRenderedFeatures({ layers: touchable(layer) })) {
    const name = feature.properties[layer.label];
    if (name === undefined) continue;
    const key = feature.properties[layer.key];
    const sum = pieces.get(key) ?? { name: String(name), size: 0, x: 0, y: 0 };
    for (const [size, x, y] of centres(feature.geometry)) {
      sum.size += size;
      sum.x += size * x;
      sum.y += size * y;
    }
    pieces.set(key, sum);
  }
  return [...pieces.values()]
    .filter((piece) => piece.size > 0)
    .sort((one, other) => other.size - one.size)
    .slice(0, MOST)
    .map(({ name, size, x, y }) => point(x / size, y / size, { name, size }));
}

// Area and centre of each outer ring; a point counts for one, a line is named at its middle.
function centres({ type, coordinates }) {
  if (type === "Point") return [[1, ...coordinates]];
  if (type === "LineString") return [[1, ...coordinates[Math.floor(coordinates.length / 2)]]];
  if (type === "Polygon") return [ring(coordinates[0])];
  if (type === "MultiPolygon") return coordinates.map((polygon) => ring(polygon[0]));
  return coordinates.flatMap((part) => centres({ type: type.replace("Multi", ""), coordinates: part }));
}

function ring(points) {
  let area = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i < points.length - 1; i += 1) {
    const [ax, ay] = points[i];
    const [bx, by] = points[i + 1];
    const cross = ax * by - bx * ay;
    area += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  return area === 0 ? [0, 0, 0] : [Math.abs(area / 2), x / (3 * area), y / (3 * area)];
}

const collection = (features) => ({ type: "FeatureCollection", features });
const point = (x, y, properties) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: [x, y] } });
