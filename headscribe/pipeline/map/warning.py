"""A word of warning about a map that says little, with what to try."""

from __future__ import annotations

from collections.abc import Iterator

from headscribe.core.settings import MapSettings
from headscribe.eval.uninformative import signs
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.parts import CONSTANTS


def map_warning(map_dir: MapDir) -> str | None:
    """One sentence where a map shows signs of saying little; None where it shows none.

    Raises:
        BadStore: a table of the map is damaged.
    """
    header = map_dir.header
    shares = []
    if header.constants:
        shares = [row.constant.share for row in CONSTANTS.read(CONSTANTS.path(map_dir.path))]
    found = list(signs(map_dir.target_ids(), map_dir.scores() if header.scores else [], shares))
    if not found:
        return None
    return (
        f"This map says little: {'; '.join(found)}. That need not be so of the model. Try "
        f"{' or '.join(_to_try(header.settings))}; headscribe doctor MODEL --self-check says whether the "
        "model is read rightly, and which source view is nearest to it."
    )


def _to_try(settings: MapSettings) -> Iterator[str]:
    if settings.view == "paper":
        yield "--view parts"
    if settings.source_view not in ("auto", "residual") or settings.view == "paper":
        yield "--source-view residual"
    if settings.view == "parts" and settings.source_view in ("auto", "residual"):
        yield "--source-view first-mlp"
