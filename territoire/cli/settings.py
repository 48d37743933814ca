"""`territoire settings`: every setting, its value and where it comes from."""

from __future__ import annotations

from rich import box
from rich.table import Table

from territoire.cli import context
from territoire.core import settings as core_settings


def settings() -> None:
    """Show the settings: name, value, origin, meaning."""
    shown = Table(box=box.SIMPLE)
    for title in ("setting", "value", "from", "meaning"):
        shown.add_column(title, overflow="fold")
    for row in core_settings.describe(core_settings.load()):
        shown.add_row(row.name, row.value, row.origin, row.explanation)
    context.show(shown)
