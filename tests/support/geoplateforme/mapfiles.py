"""Writes MapServer's configuration: a mapfile per namespace of the WFS, and one that draws."""

from __future__ import annotations

from pathlib import Path

from .data import FEATURES
from .layers import EXTENT_CRS84, FEATURE_LAYERS, TMS_LAYERS, WMS_RASTER, WMS_VECTOR, FeatureLayer

DRAWN = "drawn.map"
_CONFIG = 'CONFIG\n ENV\n  MS_MAP_PATTERN "."\n END\nEND\n'
_TYPES = {
    "string": "Character",
    "int": "Integer",
    "double": "Real",
    "boolean": "Boolean",
    # as Date, MapServer writes a gml:timePosition where GeoServer writes the bare text
    "date": "Character",
    "dateTime": "Character",
}
_CRS = "EPSG:4326 EPSG:2154 EPSG:3857 CRS:84"


def write(folder: Path) -> None:
    """Write mapserver.conf and the mapfiles beside the data in `folder`."""
    (folder / "mapserver.conf").write_text(_CONFIG)
    for namespace in {layer.namespace for layer in FEATURE_LAYERS.values()}:
        layers = [layer for layer in FEATURE_LAYERS.values() if layer.namespace == namespace]
        (folder / f"{namespace}.map").write_text(_features(namespace, layers, folder))
    (folder / DRAWN).write_text(_drawn(folder))
    for name, layers in TMS_LAYERS.items():
        (folder / f"{name}.map").write_text(_tiled(layers, folder))


def _map(name: str, inner: list[str], metadata: dict[str, str]) -> str:
    extent = " ".join(str(value) for value in EXTENT_CRS84)
    return "\n".join(
        [
            f'MAP\n NAME "{name}"\n EXTENT {extent}\n SIZE 256 256\n MAXSIZE 10000\n UNITS DD\n IMAGECOLOR 255 255 255',
            ' PROJECTION\n  "init=epsg:4326"\n END',
            f" WEB\n{_metadata(metadata)}\n END",
            *inner,
            "END\n",
        ]
    )


def _metadata(values: dict[str, str]) -> str:
    return "\n".join(["  METADATA", *(f'   "{name}" "{value}"' for name, value in values.items()), "  END"])


def _features(namespace: str, layers: list[FeatureLayer], folder: Path) -> str:
    return _map(
        "features",
        [_feature(layer, folder) for layer in layers],
        {
            "wfs_title": "Géoplateforme",
            "wfs_onlineresource": "http://127.0.0.1/wfs/ows?",
            "wfs_srs": _CRS,
            "wfs_enable_request": "*",
            "wfs_namespace_prefix": namespace,
            "wfs_namespace_uri": f"http://{namespace}",
        },
    )


def _feature(layer: FeatureLayer, folder: Path) -> str:
    geometry = {"gml_geometries": layer.geometry or "none"}
    if layer.geometry:
        geometry[f"gml_{layer.geometry}_type"] = layer.shape.lower().replace("string", "")
    metadata = {
        "wfs_title": layer.title,
        "wfs_srs": _CRS,
        "gml_include_items": ",".join(layer.fields),
        "gml_featureid": layer.key,
        **geometry,
        **{f"gml_{name}_type": _TYPES[kind] for name, kind in layer.fields.items()},
    }
    # the front chooses and sorts the features, MapServer writes them: it would walk to the start of each page
    page = f"select * from {layer.table} where fid in (%fids%) order by %order%"
    return _layer(layer.name, layer, folder, metadata, data=page)


def _layer(
    name: str,
    layer: FeatureLayer,
    folder: Path,
    metadata: dict[str, str],
    *,
    outline: str = "90 60 120",
    data: str | None = None,
) -> str:
    validation = (
        '  VALIDATION\n   "fids" "^[0-9,]+$"\n   "default_fids" "0"\n'
        '   "order" "^[a-z0-9_, ]+$"\n   "default_order" "fid"\n  END'
    )
    kind = "LINE" if layer.shape == "MultiLineString" else "POLYGON"
    return "\n".join(
        [
            f' LAYER\n  NAME "{name}"\n  TYPE {kind}\n  STATUS ON\n  CONNECTIONTYPE OGR',
            f'  CONNECTION "{folder / FEATURES}"\n  DATA "{data or layer.table}"\n  TEMPLATE "none"',
            *([validation] if data else []),
            '  PROJECTION\n   "init=epsg:4326"\n  END',
            _metadata(metadata),
            f"  CLASS\n   STYLE\n    COLOR 236 226 208\n    OUTLINECOLOR {outline}\n    WIDTH 1\n   END\n  END",
            " END",
        ]
    )


def _raster(name: str, title: str, file: Path, processing: str) -> str:
    return "\n".join(
        [
            f' LAYER\n  NAME "{name}"\n  TYPE RASTER\n  STATUS ON\n  DATA "{file}"\n  PROCESSING "{processing}"',
            '  PROJECTION\n   "init=epsg:2154"\n  END',
            _metadata({"wms_title": title, "wms_srs": _CRS}),
            " END",
        ]
    )


def _drawn(folder: Path) -> str:
    """Return the mapfile of both WMS and of the WMTS, whose tiles are maps."""
    heights = (
        ' OUTPUTFORMAT\n  NAME "heights"\n  DRIVER "GDAL/GTiff"\n  MIMETYPE "image/geotiff"\n  IMAGEMODE FLOAT32\n'
        '  FORMATOPTION "NULLVALUE=-99999"\n END'
    )
    colours = ' OUTPUTFORMAT\n  NAME "colours"\n  DRIVER "GDAL/GTiff"\n  MIMETYPE "image/tiff"\n  IMAGEMODE RGB\n END'
    layers = [
        _raster(
            "ORTHOIMAGERY.ORTHOPHOTOS", WMS_RASTER["ORTHOIMAGERY.ORTHOPHOTOS"], folder / "ortho.tif", "BANDS=1,2,3"
        ),
        _raster(
            "ELEVATION.ELEVATIONGRIDCOVERAGE.HIGHRES",
            WMS_RASTER["ELEVATION.ELEVATIONGRIDCOVERAGE.HIGHRES"],
            folder / "elevation.tif",
            "RESAMPLE=BILINEAR",
        ),
    ]
    plan = FEATURE_LAYERS["ADMINEXPRESS-COG.LATEST:commune"]
    layers.append(
        _layer("GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2", plan, folder, {"wms_title": "Plan IGN v2", "wms_srs": _CRS})
    )
    for number, (name, typename) in enumerate(WMS_VECTOR.items()):
        layer = FEATURE_LAYERS[typename]
        metadata = {"wms_title": layer.title, "wms_srs": _CRS}
        layers.append(_layer(name, layer, folder, metadata, outline=f"{60 * number} 90 {200 - 60 * number}"))
    return _map(
        "drawn",
        [heights, colours, *layers],
        {
            "wms_title": "WMS/WMTS/TMS server",
            "wms_onlineresource": "http://127.0.0.1/wms-r?",
            "wms_srs": _CRS,
            "wms_enable_request": "*",
        },
    )


def _tiled(layers: dict[str, str], folder: Path) -> str:
    """Return the mapfile of one set of vector tiles, with all fields of each layer."""
    mvt = ' OUTPUTFORMAT\n  NAME "mvt"\n  DRIVER "MVT"\n  FORMATOPTION "EDGE_BUFFER=10"\n END'
    drawn = [
        _layer(name, FEATURE_LAYERS[typename], folder, {"gml_include_items": "all"})
        for name, typename in layers.items()
    ]
    return _map("tiled", [mvt, *drawn], {})
