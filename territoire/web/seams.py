"""The one file that touches pygeoapi's internals; tests/unit/test_seams.py tells when a seam may go."""

from __future__ import annotations

import functools
import importlib
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pygeoapi
from babel import Locale
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from pygeoapi import l10n, util
from pygeoapi.api import APIRequest
from starlette.requests import Request

from territoire.core.errors import SettingsError

__all__ = ["PAGE", "forget_translated_configuration", "install", "render", "request"]

_KNOWN = "0.24."
#: Each imports the function by name, so that each holds its own reference to it.
_RENDERERS = ("pygeoapi.api", "pygeoapi.api.itemtypes", "pygeoapi.api.tiles", "pygeoapi.linked_data")

#: What our templates get beside pygeoapi's own data, for the request that is being answered.
PAGE: ContextVar[dict[str, Any] | None] = ContextVar("page", default=None)  # any value a template prints


def install() -> None:
    """Make pygeoapi render with compiled templates; refuse a version whose internals nobody has looked at."""
    if not pygeoapi.__version__.startswith(_KNOWN):
        raise SettingsError(
            f"pygeoapi {pygeoapi.__version__} is not {_KNOWN}x",
            remedy="install the locked version (make setup), or read territoire/web/seams.py and its tests again",
        )
    for name in _RENDERERS:
        setattr(importlib.import_module(name), "render_j2_template", render)  # noqa: B010  a module's attribute


def forget_translated_configuration() -> None:
    """Drop the translated configurations: pygeoapi keeps one a language, whatever configuration it came from."""
    l10n._cfg_cache.clear()  # pyright: ignore[reportPrivateUsage]  # there is no other way


def request(visitor: Request, locales: list[Locale]) -> APIRequest:
    """Wrap a request; its headers are ours alone, as pygeoapi divides by a quality of zero."""
    return APIRequest(visitor, locales)


def render(
    config: dict[str, Any],  # a configuration
    tpl_config: dict[str, Any],  # a configuration
    template: str | Path,
    data: dict[str, Any],  # a JSON document
    locale_: Locale | None = None,
) -> str:
    """Render as pygeoapi does, with a template that was compiled once: 21 to 58 ms a page less."""
    language = str(locale_) if locale_ else ""
    folder = tpl_config.get("path") or tpl_config.get("server", {}).get("templates", {}).get("path")
    found = _template(folder, str(config["server"].get("locale_dir", "locale")), language, str(template))
    return found.render(
        config=l10n.translate_struct(config, locale_, True) if locale_ else config,
        data=data,
        locale=locale_,
        version=pygeoapi.__version__,
        page=PAGE.get(),
    )


@functools.cache
def _template(folder: str | None, locale_dir: str, language: str, name: str) -> Template:
    return _environment(folder, locale_dir, language).get_template(name)


@functools.cache
def _environment(folder: str | None, locale_dir: str, language: str) -> Environment:
    """Build what pygeoapi.util.render_j2_template builds at each page; to_json keeps its escaping here."""
    folders = [str(util.TEMPLATESDIR)]
    built = Environment(
        loader=FileSystemLoader([folder, *folders] if folder else folders),
        extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(),
        auto_reload=False,
    )
    helpers: dict[str, Any] = {  # functions of any shape
        name: getattr(util, name)
        for name in ("to_json", "get_path_basename", "get_breadcrumbs", "filter_dict_by_key_value")
    }
    formats: dict[str, Any] = {  # the same
        name: getattr(util, name) for name in ("format_datetime", "format_duration", "human_size")
    }
    built.filters.update(helpers | formats)
    built.globals.update(helpers)
    translations = Translations.load(locale_dir, [language] if language else None)
    built.install_gettext_translations(translations)  # pyright: ignore[reportAttributeAccessIssue]  # i18n adds it
    return built
