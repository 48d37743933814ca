// What a click shows: name, attributes where asked, and a link to the feature's page. Text only: data is never HTML.
export function popup(layer, properties, words) {
  const root = document.createElement("div");
  root.className = "popup";
  const name = document.createElement("p");
  name.className = "popup-name";
  name.textContent = properties[layer.label] ?? words.untitled;
  root.append(name);
  if (layer.columns) root.append(attributes(layer, properties));
  else root.append(line(layer.title));
  const link = document.createElement("a");
  link.href = `${layer.items}${encodeURIComponent(properties[layer.key])}${layer.query}`;
  link.textContent = words.open;
  root.append(link);
  return root;
}

function attributes(layer, properties) {
  const list = document.createElement("dl");
  for (const column of layer.columns) {
    const value = properties[column.name];
    if (value === undefined || column.name === layer.label) continue;
    const term = document.createElement("dt");
    const data = document.createElement("dd");
    term.textContent = column.title;
    data.textContent = typeof value === "number" && Number.isInteger(value) ? value.toLocaleString(document.documentElement.lang) : String(value);
    list.append(term, data);
  }
  return list;
}

function line(text) {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  return paragraph;
}
