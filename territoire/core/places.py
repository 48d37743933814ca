"""Where the platform's own files are: in the checkout, or beside the installed package."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from territoire.core.errors import SettingsError

__all__ = ["checkout", "datasets_folder", "pygeoapi_config_folder", "root", "sql_folder"]


def checkout() -> Path | None:
    """Return the folder of the checkout that this code runs from, or None when it was installed."""
    folder = Path(__file__).resolve().parents[2]
    return folder if (folder / "pyproject.toml").is_file() and (folder / "sql").is_dir() else None


def root() -> Path:
    """Return the folder that holds sql/, datasets/ and pygeoapi-config/."""
    folder = checkout() or Path(sysconfig.get_path("data")) / "share" / "territoire"
    if not folder.is_dir():
        raise SettingsError(
            f"the files of Territoire (sql, datasets) are not in {folder}",
            remedy="install the wheel again, or work in a checkout: git clone, then make setup",
        )
    return folder


def sql_folder() -> Path:
    """Return the folder of the migrations, roles, functions and queries."""
    return root() / "sql"


def datasets_folder() -> Path:
    """Return the folder of the datasets' declarations."""
    return root() / "datasets"


def pygeoapi_config_folder() -> Path:
    """Return the folder of pygeoapi's configuration."""
    return root() / "pygeoapi-config"
