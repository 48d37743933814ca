"""What the download service has: products in editions, under the provider's names."""

from __future__ import annotations

from dataclasses import dataclass

CRS = {"LAMB93": ("EPSG:2154", 2154), "WGS84G": ("EPSG:4326", 4326)}


@dataclass(frozen=True)
class Edition:
    """One data set of a product, as ADMIN-EXPRESS-COG_4-0__GPKG_LAMB93_R93_2026-01-01."""

    product: str
    version: str
    format: str
    crs: str
    zone: str
    date: str
    container: str = "7z"
    parts: int = 1

    @property
    def name(self) -> str:
        """Its name, in the provider's pattern."""
        theme = "TOUSTHEMES" if self.product == "BDTOPO" else ""
        return f"{self.product}_{self.version}_{theme}_{self.format}_{self.crs}_{self.zone}_{self.date}"

    @property
    def files(self) -> list[str]:
        """Names of its archives; a large one comes in parts."""
        whole = f"{self.name}.{self.container}"
        return [whole] if self.parts == 1 else [f"{whole}.{number + 1:03}" for number in range(self.parts)]


def _editions() -> list[Edition]:
    cog = "ADMIN-EXPRESS-COG"
    found = [Edition(cog, "4-0", "GPKG", "LAMB93", "R93", f"{year}-01-01") for year in (2025, 2026)]
    found.append(Edition(cog, "4-0", "GPKG", "WGS84G", "FRA", "2026-01-01", parts=2))
    found += [Edition(cog, "3-2", "SHP", "LAMB93", "R93", f"{year}-02-22") for year in range(2018, 2025)]
    # of the same day as an older edition, and later in the list: the newest is not the last
    found.append(Edition(cog, "3-2", "GPKG", "LAMB93", "R93", "2024-02-22", container="zip"))
    # what changed only, later than all: no edition
    found.append(Edition(cog, "DIFF-2025-2026", "GPKG", "LAMB93", "R93", "2026-02-01"))
    for month in ("2025-12-15", "2026-03-15", "2026-06-15"):
        found += [Edition("BDTOPO", "3-5", "GPKG", "LAMB93", f"D{code:03}", month) for code in (4, 5, 6, 13, 83, 84)]
    found.append(Edition("ADMIN-EXPRESS-COG-PARTIEL", "4-0", "FLATGEOBUF", "WGS84G", "FRA", "2026-01-01", "fgb"))
    return found


EDITIONS: dict[str, Edition] = {edition.name: edition for edition in _editions()}
