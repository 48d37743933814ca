"""Drafts a declaration: what `territoire dataset new` does, apart from it as this imports all that reads files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from etl import draft, draft_wfs
from etl.draft import MARK, Draft
from territoire.core.settings import Settings
from territoire.core.vocabulary import Vocabulary
from territoire.geoplateforme.transport import Transport

__all__ = ["MARK", "propose"]

#: Someone at a terminal waits this long for a turn and between tries.
_PATIENCE_S = 20.0


def propose(
    given: Settings,
    vocabulary: Vocabulary,
    *,
    file: str,
    layer: str | None,
    from_wfs: str | None,
    live: bool,
    wanted_id: str | None,
    theme: str | None,
) -> Draft:
    """Return the draft of a declaration: of a feature type where one is named, else of a file or an address."""
    if from_wfs is not None:
        with Transport(given, patience_s=_PATIENCE_S) as transport:
            return draft_wfs.propose(
                transport, from_wfs, live=live, wanted_id=wanted_id, theme=theme, vocabulary=vocabulary
            )
    with tempfile.TemporaryDirectory(prefix="territoire-draft-") as landing:
        return draft.draft(
            file, layer=layer, wanted_id=wanted_id, theme=theme, vocabulary=vocabulary, landing=Path(landing)
        )
