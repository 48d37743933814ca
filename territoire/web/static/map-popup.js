// What a click shows: name, attributes where asked, and a link to the feature's page. Text only: data is never HTML.
// The first attributes are enough here, and fit on a small map; the feature's page has them all.
const MOST_ATTRIBUTES = 5;

export function popup(layer, properties, words) {
  const root = document.createElement("div");
  root.className = "popup";
  const name = document.createElement("p");
  name.className = "popup-name";
  name.textContent = properties[layer.label] ?? words.untitled;
  root.append(name);
  if (!layer.columns) root.append(line(layer.title));
  // before the attributes: it takes the focus, and must be in sight
  const link = document.createElement("a");
  link.href = `${layer.items}${encodeURIComponent(properties[layer.key])}${layer.query}`;
  link.textContent = words.open;
  root.append(link);
  if (layer.columns) root.append(attributes(layer, properties));
  return root;
}

function attributes(layer, properties) {
  const list = document.createElement("dl");
  const given = layer.columns.filter((column) => column.name !== layer.label && properties[column.name] !== undefined);
  for (const column of given.slice(0, MOST_ATTRIBUTES)) {
    const value = properties[column.name];
    const term = document.createElement("dt");
    const data = document.createElement("dd");
    term.textContent = column.title;
    data.textContent = Number.isInteger(value) ? value.toLocaleString(document.documentElement.lang) : String(value);
    list.append(term, data);
  }
  return list;
}

function line(text) {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  return paragraph;
}
