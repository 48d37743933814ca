"""Settings from the environment, and their errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from territoire.core import places, settings
from territoire.core.errors import SettingsError


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"TERRITOIRE_{name.upper()}", raising=False)


def test_defaults_work_without_any_variable() -> None:
    loaded = settings.load()
    assert loaded.database_url is None
    assert loaded.generation_grace == 900
    assert loaded.var == places.root() / "var"


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRITOIRE_DATABASE_URL", "")
    assert settings.load().database_url is None


def test_a_relative_var_is_taken_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERRITOIRE_VAR", "mine")
    assert settings.load().var == tmp_path / "mine"


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("TERRITOIRE_GENERATION_GRACE", "-1", "greater than or equal to 0"),
        ("TERRITOIRE_GEOPLATEFORME_WFS_URL", "ftp://data.geopf.fr/wfs", "without parameters"),
        ("TERRITOIRE_GEOPLATEFORME_WMTS_URL", "https://data.geopf.fr/wmts?apikey=x", "without parameters"),
        ("TERRITOIRE_GEOPLATEFORME_CSW_URL", "https://user@data.geopf.fr/csw", "GEOPLATEFORME_KEY"),
        ("TERRITOIRE_GENERATION_GRACE", "soon", "valid integer"),
        ("TERRITOIRE_PUBLIC_URL", "geo.example.org", "not a web address"),
        ("TERRITOIRE_PUBLIC_URL", "ftp://geo.example.org", "not a web address"),
        ("TERRITOIRE_PUBLIC_URL", "https://geo.example.org/", "without the /"),
        ("TERRITOIRE_PUBLIC_URL", "https://geo.example.org/ogc", "without /ogc"),
        ("TERRITOIRE_DATABASE_URL", "mysql://localhost/x", "PostgreSQL"),
    ],
)
def test_an_error_names_the_variable_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=reason) as refusal:
        settings.load()
    assert f"{variable}={value}" in refusal.value.message
    assert variable in refusal.value.remedy


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:s3cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:s3:c@ret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db?password=s3cret&x=1", "postgresql://me@host/db?password=***&x=1"),
        ("host=h password='s3 cret' user=me", "host=h password=*** user=me"),
        ("host=h password=s3cret", "host=h password=***"),
    ],
)
def test_passwords_are_never_shown(monkeypatch: pytest.MonkeyPatch, address: str, shown: str) -> None:
    monkeypatch.setenv("TERRITOIRE_READER_URL", address)
    row = next(row for row in settings.describe(settings.load()) if row.name == "TERRITOIRE_READER_URL")
    assert row.value == shown
    assert row.origin == "environment"


def test_a_refused_address_hides_its_password_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRITOIRE_LOADER_URL", "mysql://me:s3cret@host/db")
    with pytest.raises(SettingsError) as refusal:
        settings.load()
    assert "s3cret" not in str(refusal.value)


def test_every_setting_is_described() -> None:
    rows = settings.describe(settings.load())
    assert {row.name for row in rows} >= {"TERRITOIRE_VAR", "TERRITOIRE_PUBLIC_URL"}
    assert all(row.explanation for row in rows)
    assert {row.origin for row in rows} == {"default"}


def test_the_platforms_folders_are_there() -> None:
    for folder in (places.sql_folder(), places.datasets_folder(), places.pygeoapi_config_folder()):
        assert folder.is_dir()
