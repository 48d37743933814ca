"""Rasters as they are served: coverage, maps, tiles and the file itself, asked by programs and by GDAL."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import orjson
import pytest
import rasterio
from lab import Lab, Server, wait_until
from openapi_spec_validator import validate
from PIL import Image
from proofs import COVERAGES1, MAPS1, TILES1, proves
from pyproj import Transformer
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from rasters import PLACE, declare, file_of, heights, run, write

from territoire.core.database import Urls

ROOT = "/ogc/collections/relief"
HOLE = (slice(100, 140), slice(150, 220))
PHOTO = np.random.default_rng(3).integers(0, 256, (3, 120, 160), np.uint8)


def relief() -> np.ndarray:
    """Return heights with a hole, where there is nothing."""
    values = heights(700, 900)
    values[HOLE] = -9999
    return values


@pytest.fixture(scope="module")
def site(new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Lab, Server]]:
    """A server with a relief, a photograph and classes of a palette."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("rasters"))
    write(lab.datasets / "relief.tif", relief(), nodata=-9999)
    write(lab.datasets / "photo.tif", PHOTO, photometric="RGB")
    classes = write(lab.datasets / "classes.tif", np.array([[1, 9], [9, 1]], np.uint8).repeat(40, 0).repeat(40, 1))
    with rasterio.open(classes, "r+") as opened:
        opened.write_colormap(1, {1: (255, 0, 0, 255), 9: (0, 0, 255, 255)})
    declare(lab)
    declare(lab, id="photo", source={"url": "photo.tif"}, raster={"colours": "image", "unit": None})
    declare(lab, id="classes", source={"url": "classes.tif"}, raster={"colours": "image", "unit": None})
    for name in ("relief", "photo", "classes"):
        run(lab, name)
    with lab.serve() as server:
        yield lab, server


@pytest.fixture
def server(site: tuple[Lab, Server]) -> Server:
    """The server of this module."""
    return site[1]


def tiff(server: Server, query: str, *, name: str = "relief") -> tuple[np.ndarray, rasterio.DatasetReader]:
    """Return the pixels of a part of a coverage, and the file."""
    status, headers, body = server.get(f"/ogc/collections/{name}/coverage?f=geotiff&{query}")
    assert (status, headers["content-type"]) == (200, "image/tiff; application=geotiff"), body[:300]
    opened = MemoryFile(body).open()
    return opened.read(), opened


def draw(server: Server, query: str, *, name: str = "relief") -> tuple[int, dict[str, str], bytes]:
    """Return the answer with a map."""
    return server.get(f"/ogc/collections/{name}/map?{query}", Accept="image/png")


def picture(body: bytes) -> np.ndarray:
    """Return the bytes of a PNG as rows, columns, and red, green, blue, alpha."""
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))


@proves(f"{COVERAGES1}subsetting", f"{COVERAGES1}subsetting-spatial")
def test_a_part_has_the_pixels_of_the_file_to_the_decimal(server: Server) -> None:
    for query in (
        "bbox=910000,6250000,915000,6252000&bbox-crs=EPSG:2154",
        "subset=E(910000:915000),N(6250000:6252000)",
        "subset=X(910000:915000),y(6250000:6252000)&subset-crs=http://www.opengis.net/def/crs/EPSG/0/2154",
    ):
        values, opened = tiff(server, query)
        assert (values[0] == relief()[480:500, 100:150]).all(), query
        assert opened.transform == Affine(100, 0, 910_000, 0, -100, 6_252_000)
        assert (opened.crs.to_epsg(), opened.nodata, opened.descriptions) == (2154, -9999, ("value",))


def test_a_box_in_degrees_is_covered_with_longitude_first_and_with_latitude_first(server: Server) -> None:
    place = Transformer.from_crs(2154, 4326, always_xy=True)
    west, south = place.transform(920_000, 6_260_000)
    east, north = place.transform(922_000, 6_262_000)
    values, opened = tiff(server, f"bbox={west},{south},{east},{north}")
    turned, _ = tiff(server, f"bbox={south},{west},{north},{east}&bbox-crs=EPSG:4326")
    subset, _ = tiff(server, f"subset=Lat({south}:{north}),Lon({west}:{east})")
    assert (values == turned).all()
    assert (values == subset).all()
    left, top = (round(value) for value in ~PLACE @ (opened.bounds.left, opened.bounds.top))
    assert (values[0] == relief()[top : top + values.shape[1], left : left + values.shape[2]]).all()
    # the box of degrees lies within
    assert opened.bounds.left <= 920_000
    assert opened.bounds.top >= 6_262_000


def test_one_value_of_an_axis_is_the_pixels_it_lies_in(server: Server) -> None:
    values, _ = tiff(server, "subset=E(910050)")
    assert (values[0, :, 0] == relief()[:, 100]).all()
    assert values.shape == (1, 700, 1)
    values, _ = tiff(server, "subset=E(910050),N(6299950)")
    assert values[0, 0, 0] == relief()[0, 100]
    values, _ = tiff(server, "subset=N(6290000:*)")
    assert values.shape == (1, 100, 900)


@proves(f"{COVERAGES1}coveragejson")
def test_nothing_is_nodata_in_geotiff_and_null_in_json(server: Server) -> None:
    box = "bbox=914900,6288000,915200,6290100&bbox-crs=EPSG:2154"
    values, _ = tiff(server, box)
    assert (values[0] == relief()[99:120, 149:152]).all()
    told = server.json(f"{ROOT}/coverage?f=json&{box}")
    listed = told["ranges"]["value"]["values"]
    expected = [None if value == -9999 else pytest.approx(float(value), rel=1e-6) for value in values.ravel()]
    assert listed == expected
    assert listed.count(None) == 40
    axes = told["domain"]["axes"]
    assert axes["x"] == {"start": 914_950, "stop": 915_150, "num": 3}
    assert axes["y"] == {"start": 6_290_050, "stop": 6_288_050, "num": 21}
    assert told["parameters"]["value"]["unit"]["symbol"]["value"] == "m"


@proves(f"{COVERAGES1}crs")
def test_another_crs_has_the_heights_of_the_places_that_it_names(server: Server) -> None:
    values, opened = tiff(server, "bbox=6.0,43.5,6.1,43.55&crs=EPSG:4326&scale-factor=0.5")
    assert opened.crs.to_epsg() == 4326
    assert opened.bounds == pytest.approx((6.0, 43.5, 6.1, 43.55), abs=0.002)
    columns, rows = np.meshgrid(np.arange(5, values.shape[2] - 5, 9), np.arange(5, values.shape[1] - 5, 9))
    longitude, latitude = opened.transform @ (columns + 0.5, rows + 0.5)
    x, y = Transformer.from_crs(4326, 2154, always_xy=True).transform(longitude, latitude)
    column, row = (x - 900_000) / 100 - 0.5, (6_300_000 - y) / 100 - 0.5
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, low, source = column - left, row - top, relief()
    expected = (source[top, left] * (1 - right) + source[top, left + 1] * right) * (1 - low) + (
        source[top + 1, left] * (1 - right) + source[top + 1, left + 1] * right
    ) * low
    # finer than the source, bilinear is plain; a hundredth of a pixel of a slope of 4 m a pixel
    assert np.abs(values[0][rows, columns] - expected).max() < 0.05


@proves(f"{COVERAGES1}scaling", f"{COVERAGES1}scaling-spatial")
@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("scale-factor=10", (70, 90)),
        ("scale-size=E(90),N(35)", (35, 90)),
        ("scale-size=Lon(90)", (70, 90)),
        ("scale-axes=E(10),N(20)", (35, 90)),
        ("width=90", (70, 90)),
        ("height=70", (70, 90)),
        ("width=9&height=7", (7, 9)),
        ("scale-factor=0.5&bbox=910000,6250000,911000,6251000&bbox-crs=EPSG:2154", (20, 20)),
    ],
)
def test_a_scale_gives_so_many_pixels(server: Server, query: str, shape: tuple[int, int]) -> None:
    values, _ = tiff(server, query)
    assert values.shape == (1, *shape)
    valid = values[values != -9999]
    assert valid.min() >= relief()[relief() != -9999].min() - 0.01


@proves(f"{COVERAGES1}fieldselection")
def test_bands_are_chosen_by_name_and_in_the_order_asked_for(server: Server) -> None:
    values, opened = tiff(server, "properties=blue,red", name="photo")
    assert (values == PHOTO[[2, 0]]).all()
    assert opened.descriptions == ("blue", "red")
    schema = server.json("/ogc/collections/photo/schema")
    assert list(schema["properties"]) == ["red", "green", "blue"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("subset=x(1e309:2)", 400),
        ("subset=x(nan:2)", 400),
        ("subset=Lat(44:43)", 400),
        ("subset=Lat(43:44),Lat(43:44)", 400),
        ("subset=time(2)", 400),
        ("subset=E(1:2),Lon(5)", 400),
        ("subset=((((", 400),
        ("bbox=1,2,3", 400),
        ("bbox=6,43,5,44", 400),
        ("bbox-crs=EPSG:99999&bbox=1,2,3,4", 400),
        ("crs=EPSG:27700", 400),
        ("scale-factor=0", 400),
        ("scale-factor=-1", 400),
        ("scale-factor=1e-9", 413),
        ("scale-factor=1e309", 400),
        ("scale-size=E(1000000000),N(1000000000)", 413),
        ("scale-factor=2&width=5", 400),
        ("width=1000000000", 413),
        ("crs=EPSG:4326&width=1000000000&height=5", 413),
        ("properties=nothing", 400),
        ("properties=", 400),
        ("colour=red", 400),
        ("f=tiff", 400),
        ("bbox=-70,10,-60,20", 204),
        ("bbox=-70,10,-60,20&crs=EPSG:3857", 204),
        ("subset=E(0:10)", 204),
        ("f=json&crs=EPSG:3857&scale-factor=0.5", 413),
    ],
)
def test_hostile_and_mistaken_parameters_are_told(server: Server, query: str, status: int) -> None:
    got, headers, body = server.get(f"{ROOT}/coverage?{query}")
    assert got == status, body[:300]
    if status >= 400:
        assert headers["content-type"] == "application/problem+json"
        assert orjson.loads(body)["remedy"]
    else:
        assert body == b""


@proves(f"{COVERAGES1}core", f"{COVERAGES1}geotiff")
def test_the_whole_is_the_file_itself_and_ranges_of_it(site: tuple[Lab, Server]) -> None:
    lab, server = site
    whole = file_of(lab).read_bytes()
    for path in (f"{ROOT}/coverage", f"{ROOT}/coverage?f=geotiff", "/rasters/relief.tif"):
        status, headers, body = server.get(path, Accept="*/*")
        assert (status, body) == (200, whole), path
        assert "profile=cloud-optimized" in headers["content-type"]
        status, ranged, body = server.get(path, Range="bytes=100-199", Accept="*/*")
        assert (status, body) == (206, whole[100:200])
        assert ranged["content-range"] == f"bytes 100-199/{len(whole)}"
        # of another file nothing may be put together
        assert server.get(path, Range="bytes=100-199", If_Range='"other"', Accept="*/*")[0] == 200
        assert server.get(path, If_None_Match=headers["etag"], Accept="*/*")[0] == 304
        assert server.get(path, Range=f"bytes={len(whole)}-", Accept="*/*")[0] == 416


@proves(f"{MAPS1}core", f"{MAPS1}crs", f"{MAPS1}png")
def test_the_map_has_the_colours_of_a_photograph(server: Server) -> None:
    box = "900000,6288000,916000,6300000"
    status, headers, body = draw(
        server, f"bbox={box}&bbox-crs=EPSG:2154&crs=EPSG:2154&width=160&height=120", name="photo"
    )
    assert (status, headers["content-type"]) == (200, "image/png")
    assert headers["content-bbox"] == "900000.0,6288000.0,916000.0,6300000.0"
    drawn = picture(body)
    assert (drawn[..., :3] == np.moveaxis(PHOTO, 0, -1)).all()
    assert (drawn[..., 3] == 255).all()


@proves(f"{COVERAGES1}png")
def test_a_part_as_png_is_the_picture_of_it(server: Server) -> None:
    query = "bbox=902000,6291000,910000,6297000&bbox-crs=EPSG:2154&f=png"
    status, headers, body = server.get(f"/ogc/collections/photo/coverage?{query}")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert (picture(body)[..., :3] == np.moveaxis(PHOTO[:, 30:90, 20:100], 0, -1)).all()


def test_the_map_has_the_colours_of_a_palette_and_none_outside(server: Server) -> None:
    body = draw(server, "crs=EPSG:2154&width=200&height=200", name="classes")[2]
    colours = {tuple(int(part) for part in colour) for colour in picture(body).reshape(-1, 4)}
    assert colours == {(255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)}


def test_a_map_is_transparent_where_nothing_is_or_has_the_background_asked_for(server: Server) -> None:
    query = "bbox=890000,6285000,930000,6305000&bbox-crs=EPSG:2154&crs=EPSG:2154&width=400&height=200"
    drawn = picture(draw(server, query)[2])
    # west of it, north of it, and in the hole
    assert drawn[100, 50, 3] == drawn[20, 200, 3] == drawn[170, 280, 3] == 0
    assert drawn[100, 200, 3] == 255
    grounded = picture(draw(server, f"{query}&bgcolor=0x102030")[2])
    assert tuple(grounded[100, 50]) == (16, 32, 48, 255)
    away = draw(server, "bbox=-70,10,-60,20&width=20&height=20")
    assert (away[0], picture(away[2]).max()) == (200, 0)


@pytest.mark.parametrize("query", ["width=0", "width=99999", "bbox=1,2,3", "bbox=5,5,5,5", "crs=EPSG:1", "style=x"])
def test_a_map_that_makes_no_sense_is_told(server: Server, query: str) -> None:
    assert draw(server, query)[0] == 400


@proves(f"{MAPS1}tilesets", f"{TILES1}png")
def test_tiles_meet_without_a_line_and_lie_where_the_raster_lies(server: Server) -> None:
    told = server.json(f"{ROOT}/map/tiles/WebMercatorQuad")
    limits = {int(one["tileMatrix"]): one for one in told["tileMatrixSetLimits"]}
    zoom = 11
    first = limits[zoom]
    tiles = {}
    for row in range(first["minTileRow"], first["maxTileRow"] + 1):
        for column in range(first["minTileCol"], first["maxTileCol"] + 1):
            status, _, body = server.get(f"{ROOT}/map/tiles/WebMercatorQuad/{zoom}/{row}/{column}")
            assert status == 200, (row, column)
            tiles[row, column] = picture(body)
            assert tiles[row, column].shape == (256, 256, 4)
    rows, columns = sorted({row for row, _ in tiles}), sorted({column for _, column in tiles})
    whole = np.concatenate([np.concatenate([tiles[row, column] for column in columns], 1) for row in rows])
    half = 20037508.342789244
    side = 2 * half / 2**zoom
    box = columns[0] * side - half, half - (rows[-1] + 1) * side, (columns[-1] + 1) * side - half, half - rows[0] * side
    query = f"bbox={','.join(map(repr, box))}&bbox-crs=EPSG:3857&crs=EPSG:3857"
    body = draw(server, f"{query}&width={whole.shape[1]}&height={whole.shape[0]}")[2]
    # shade depends on the latitude of a tile's middle
    apart = np.abs(whole.astype(int) - picture(body))
    assert np.percentile(apart, 99.5) <= 3
    assert (
        server.get(f"{ROOT}/map/tiles/WebMercatorQuad/{zoom}/{first['minTileRow'] - 1}/{first['minTileCol']}")[0] == 404
    )


def test_tiles_of_web_maps_are_empty_beyond_and_kept_for_ever_by_their_publication(server: Server) -> None:
    told = server.json("/tiles/relief.json")
    template = told["tiles"][0].removeprefix(server.base)
    address = template.replace("{z}", "9").replace("{x}", "264").replace("{y}", "186")
    status, headers, body = server.get(address, Accept="*/*")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert "immutable" in headers["cache-control"]
    assert server.get(address, If_None_Match=headers["etag"])[0] == 304
    assert server.get("/tiles/relief/9/10/10.png")[0] == 204
    assert server.get("/tiles/relief/0/0/0.png")[0] == 200
    plain = server.get("/tiles/relief/9/264/186.png")
    assert (plain[0], plain[2]) == (200, body)
    assert "max-age=60" in plain[1]["cache-control"]
    doubled = server.get("/tiles/relief/9/264/186@2x.png")
    assert picture(doubled[2]).shape == (512, 512, 4)
    for wrong in ("9/264/1e3.png", "40/0/0.png", "2/9/0.png", "9/264/186@3x.png", "9/-1/0.png"):
        assert server.get(f"/tiles/relief/{wrong}")[0] == 404, wrong
    assert server.get("/tiles/relief/9/264/186.png?colour=red")[0] == 400


def test_lambert_93_has_tiles_too(server: Server) -> None:
    told = server.json(f"{ROOT}/map/tiles")
    assert [one["tileMatrixSetId"] for one in told["tilesets"]] == ["WebMercatorQuad", "Lambert93"]
    limits = server.json(f"{ROOT}/map/tiles/Lambert93")["tileMatrixSetLimits"]
    last = limits[-1]
    path = f"{last['tileMatrix']}/{last['minTileRow']}/{last['minTileCol']}"
    assert server.get(f"{ROOT}/map/tiles/Lambert93/{path}")[0] == 200


@proves(f"{MAPS1}collection-map")
def test_it_is_a_collection_among_the_others(server: Server) -> None:
    listed = server.json("/ogc/collections")["collections"]
    alone = server.json(ROOT)
    assert [one for one in listed if one["id"] == "relief"] == [alone]
    assert alone["extent"]["spatial"]["grid"][0]["cellsCount"] == 900
    for link in alone["links"]:
        if link["href"].startswith(server.base):
            assert server.get(link["href"].removeprefix(server.base), Accept="*/*")[0] == 200, link
    for path in ("coverage/domainset", "coverage/rangetype"):
        assert server.json(f"{ROOT}/{path}")["type"] in {"DomainSet", "DataRecord"}
    assert server.get(f"{ROOT}/items")[0] == 404
    assert server.get("/ogc/collections/nothing/coverage")[0] == 404
    page = server.get(f"{ROOT}?f=html")
    assert b"/rasters/relief.tif" in page[2]
    assert b">relief<" in server.get("/?lang=fr", Accept="text/html")[2].lower()
    assert b"relief" in server.get("/ogc/collections?f=html")[2]


def test_a_new_edition_is_served_at_once(new_database: Callable[[], Urls], tmp_path: Path) -> None:
    lab = Lab(new_database(), tmp_path)
    write(lab.datasets / "relief.tif", heights(50, 60), nodata=-9999)
    declare(lab)
    run(lab)
    with lab.serve() as server:
        before = server.get(f"{ROOT}/coverage?width=30&f=geotiff")
        write(lab.datasets / "relief.tif", heights(50, 60) + 1, nodata=-9999)
        run(lab, grace_s=0)
        wait_until(
            lambda: server.get(f"{ROOT}/coverage?width=30&f=geotiff")[2] != before[2], seconds=5, what="the new edition"
        )
        assert server.get(f"{ROOT}/coverage?width=30&f=geotiff", If_None_Match=before[1]["etag"])[0] == 200


def test_a_file_that_is_gone_before_the_server_heard_of_the_next_is_no_error(
    new_database: Callable[[], Urls], tmp_path: Path
) -> None:
    lab = Lab(new_database(), tmp_path)
    names = [f"relief{number}" for number in range(6)]
    write(lab.datasets / "relief.tif", heights(50, 60), nodata=-9999)
    for name in names:
        declare(lab, id=name)
        run(lab, name)
    with lab.serve() as server, lab.connect_admin() as connection:
        paths = ["coverage?width=30&f=geotiff", "map?width=30", "coverage"]
        for name, path in zip(names, paths * 2, strict=True):
            # what a run does, without the word to the servers, and with the old file gone at once
            file = file_of(lab, name)
            file.rename(file.with_name("g2.tif"))
            connection.execute(
                "update etl.layers set published_at = clock_timestamp(),"
                " description = description || jsonb_build_object('file', %s::text, 'generation', 2)"
                " where dataset = %s",
                [f"rasters/{name}/g2.tif", name],
            )
            connection.commit()
            assert server.get(f"/ogc/collections/{name}/{path}", Accept="*/*")[0] == 200, (name, path)


def test_gdal_reads_the_file_at_its_address(server: Server, gdal: tuple[int, int]) -> None:
    for path in ("/rasters/relief.tif", f"{ROOT}/coverage"):
        made = subprocess.run(
            ["gdalinfo", "-json", "-checksum", f"/vsicurl/{server.base}{path}"],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        told = orjson.loads(made.stdout)
        assert told["size"] == [900, 700]
        assert told["geoTransform"] == [900_000, 100, 0, 6_300_000, 0, -100]
        assert told["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG"


def test_gdal_reads_one_height_by_a_range_request(server: Server, gdal: tuple[int, int]) -> None:
    place = [str(910_050), str(6_250_050)]
    made = subprocess.run(
        ["gdallocationinfo", "-valonly", "-geoloc", f"/vsicurl/{server.base}/rasters/relief.tif", *place],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert float(made.stdout) == pytest.approx(float(relief()[499, 100]), abs=0.001)


def test_the_definition_says_what_there_is_and_each_path_answers(server: Server) -> None:
    definition = server.json("/ogc/openapi")
    validate(definition)
    filled = {"tileMatrixSetId": "WebMercatorQuad", "tileMatrix": "5", "tileRow": "11", "tileCol": "16"}
    ours = [path for path in definition["paths"] if path.startswith("/collections/relief")]
    assert len(ours) == 9
    for path in ours:
        address = path.format(**filled)
        status, headers, _ = server.get(f"/ogc{address}", Accept="*/*")
        told = definition["paths"][path]["get"]["responses"][str(status)]
        assert status == 200, address
        assert headers["content-type"] in told["content"], address


def test_qgis_gets_a_layer_of_its_tiles(server: Server) -> None:
    status, _, body = server.get("/qgis/relief.qlr")
    assert status == 200
    assert b"type=xyz" in body
    assert b"/tiles/relief/{z}/{x}/{y}.png" in body
