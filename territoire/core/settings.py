"""The machine's settings: environment variables TERRITOIRE_*, each with a default that works."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from territoire.core import places
from territoire.core.errors import SettingsError

__all__ = ["Settings", "SettingsRow", "describe", "load"]

_PREFIX = "TERRITOIRE_"


def _default_var() -> Path:
    return (places.checkout() or Path.cwd()) / "var"


class Settings(BaseSettings):
    """What may differ from one machine to the next; the datasets are declared elsewhere."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    database_url: str | None = Field(
        None, description="login that migrates; without it Territoire keeps its own PostgreSQL"
    )
    loader_url: str | None = Field(None, description="login of the loads, member of the role loader")
    reader_url: str | None = Field(None, description="login of the server, member of the role reader")
    var: Path = Field(default_factory=_default_var, description="folder of what is written while running")
    datasets: Path = Field(
        default_factory=places.datasets_folder, description="folder of the declarations, datasets/ of the software"
    )
    public_url: str | None = Field(None, description="address that visitors use, behind a proxy")
    trusted_proxies: str = Field(
        "", description="addresses or networks, with commas, whose X-Forwarded-* headers are believed"
    )
    generation_grace: int = Field(900, ge=0, description="seconds a superseded generation is kept")
    submitter_url: str | None = Field(None, description="login of the server that hands jobs to the workers")
    geoplateforme_wfs_url: str = Field("https://data.geopf.fr/wfs/ows", description="Géoplateforme: WFS 2.0")
    geoplateforme_wmts_url: str = Field("https://data.geopf.fr/wmts", description="Géoplateforme: WMTS 1.0")
    geoplateforme_wms_url: str = Field("https://data.geopf.fr/wms-r", description="Géoplateforme: WMS of images")
    geoplateforme_wms_vector_url: str = Field(
        "https://data.geopf.fr/wms-v/ows", description="Géoplateforme: WMS of vector data"
    )
    geoplateforme_tms_url: str = Field(
        "https://data.geopf.fr/tms/1.0.0", description="Géoplateforme: TMS, vector tiles"
    )
    geoplateforme_csw_url: str = Field("https://data.geopf.fr/csw", description="Géoplateforme: catalogue, CSW 2.0.2")
    geoplateforme_atom_url: str = Field(
        "https://data.geopf.fr/telechargement", description="Géoplateforme: downloads, Atom"
    )
    geoplateforme_search_url: str = Field(
        "https://data.geopf.fr/recherche", description="Géoplateforme: search of its layers"
    )
    geoplateforme_geocoding_url: str = Field(
        "https://data.geopf.fr/geocodage", description="Géoplateforme: addresses and places to coordinates"
    )
    geoplateforme_altimetry_url: str = Field(
        "https://data.geopf.fr/altimetrie", description="Géoplateforme: heights and profiles"
    )
    geoplateforme_navigation_url: str = Field(
        "https://data.geopf.fr/navigation", description="Géoplateforme: itineraries and isochrones"
    )
    geoplateforme_key: SecretStr | None = Field(
        None, description="key of the Géoplateforme's restricted layers, sent to its private services only"
    )

    @field_validator("var", "datasets")
    @classmethod
    def _make_absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @field_validator("database_url", "loader_url", "reader_url", "submitter_url")
    @classmethod
    def _accept_a_database_address(cls, address: str | None) -> str | None:
        if address is not None and not (
            address.startswith(("postgresql://", "postgres://")) or re.match(r"\s*[a-z_]+\s*=", address)
        ):
            raise ValueError("not the address of a PostgreSQL database, such as postgresql://user@host/territoire")
        return address

    @field_validator("trusted_proxies")
    @classmethod
    def _accept_networks(cls, text: str) -> str:
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            ip_network(part)  # a ValueError says what is wrong with it
        return text

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies that are trusted, as networks."""
        return tuple(ip_network(part.strip()) for part in self.trusted_proxies.split(",") if part.strip())

    @field_validator(
        *(f"geoplateforme_{name}_url" for name in ("wfs", "wmts", "wms", "wms_vector", "tms", "csw", "atom")),
        *(f"geoplateforme_{name}_url" for name in ("search", "geocoding", "altimetry", "navigation")),
    )
    @classmethod
    def _accept_a_service(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("not the address of a service, such as https://data.geopf.fr/wfs/ows, without parameters")
        if parts.username or parts.password:
            raise ValueError("give no account in the address; a key goes to TERRITOIRE_GEOPLATEFORME_KEY")
        return address.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _accept_a_web_address(cls, address: str | None) -> str | None:
        if address is None:
            return None
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("not a web address, such as https://geo.example.org")
        if parts.path.rstrip("/").endswith("/ogc"):
            raise ValueError("give the address of the site without /ogc, which is added")
        if address.endswith("/"):
            raise ValueError("give the address without the / at its end")
        return address


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """One line of `territoire settings`."""

    name: str
    value: str
    """Ready to be shown: passwords are hidden."""
    origin: str
    """`environment` or `default`."""
    explanation: str


def load() -> Settings:
    """Read the settings from the environment, or say which variable is wrong and why."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]  # each field has a default
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        variable = _PREFIX + str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        given = _redact(str(first["input"]))
        raise SettingsError(
            f"{variable}={given}: {reason}", remedy=f"correct {variable}, or unset it to get the default"
        ) from exc


def describe(settings: Settings) -> Sequence[SettingsRow]:
    """List each setting with its value, where it comes from and what it is for."""
    return [
        SettingsRow(
            name=_PREFIX + name.upper(),
            value="" if (value := getattr(settings, name)) is None else _redact(str(value)),
            origin="environment" if name in settings.model_fields_set else "default",
            explanation=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def _redact(address: str) -> str:
    """Hide the passwords of an address, in either spelling of libpq."""
    address = re.sub(r"(://[^/@\s:]*):[^/\s]*@", r"\1:***@", address)
    return re.sub(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", r"\1***", address, flags=re.IGNORECASE)
