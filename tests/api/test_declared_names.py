"""The names in a declaration, of tables, columns, layers and fields, are never SQL."""

from __future__ import annotations

import pytest
import yaml
from lab import LIEUX, Lab, row, write

from territoire.core import registry
from territoire.core.errors import DeclarationError

KEY = {"name": "code", "type": "text", "title": {"fr": "Code"}, "nullable": False}
NAMES = ('x"; drop schema data cascade; --', "x'; select pg_sleep(10); --", "Lieux", "l%s", "l{0}", "select *")


@pytest.mark.parametrize("name", [*NAMES, "l\x00x"])
def test_a_table_or_a_column_is_not_called_so(name: str, lab: Lab) -> None:
    with pytest.raises(DeclarationError):
        lab.declare(columns=[KEY, {"name": name, "type": "text", "title": {"fr": "x"}}], label="code", time=None)
    # a file cannot have each of these names
    file = lab.datasets / "administratif" / "lieux.yml"
    file.write_text(yaml.safe_dump({**LIEUX, "id": name}), encoding="utf-8")
    with pytest.raises(DeclarationError):
        registry.load(lab.datasets)


def test_layers_fields_titles_and_values_may_be_called_so(lab: Lab) -> None:
    columns = [
        {"name": f"col_{n}", "from": name, "type": "text", "title": {"fr": name}} for n, name in enumerate(NAMES)
    ]
    lab.declare(
        columns=[KEY, *columns],
        label="col_0",
        time=None,
        title={"fr": NAMES[0]},
        source={"url": "lieux.gpkg", "layer": NAMES[0]},
    )
    rows = [{"code": f"L{n}", **{name: f"{name} {n}" for name in NAMES}, "geom": row(n)["geom"]} for n in range(5)]
    file = write(lab.folder / "lieux.gpkg", rows, layer=NAMES[0])
    assert lab.load("lieux", file).status == "published"
    with lab.serve() as running:
        features = running.json("/ogc/collections/lieux/items")["features"]
        for n in range(5):
            [found] = [feature["properties"] for feature in features if feature["id"] == f"L{n}"]
            assert found == {"code": f"L{n}", **{f"col_{i}": f"{name} {n}" for i, name in enumerate(NAMES)}}
        for path in ("/ogc/collections/lieux", "/ogc/collections/lieux/items", "/qgis/lieux.qlr", "/tiles/lieux.json"):
            assert running.get(path, Accept="text/html, */*")[0] == 200
