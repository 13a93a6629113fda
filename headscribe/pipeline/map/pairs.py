"""``pairs``: what a head does most strongly, over its whole map."""

from __future__ import annotations

from typing import Any

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings


def pairs_of_head(
    model: str,
    head: Head,
    settings: MapSettings | None = None,
    *,
    top: int = 100,
    suppressed: bool = False,
    revision: str | None = None,
) -> list[dict[str, Any]]:
    """The largest, or smallest, entries of a head's whole map; exact.

    Args:
        model: a hub id, a local folder, or ``demo``.
        head: the head.
        settings: source view, padded rows and arithmetic.
        top: pairs wanted; all if there are fewer.
        suppressed: give the pairs that the head suppresses most.
        revision: branch, tag or commit of a hub model.

    Returns:
        For each pair ``source`` and ``target``, dictionaries of ``id`` and ``text``, and ``logit``; the most
        extreme first, equal ones by ascending source id, then target id.

    Raises:
        HeadscribeError: the model, the head or the device cannot be used.
    """
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.mapping.top_pairs import top_pairs

    checkpoint = open_checkpoint(model, revision)
    found = top_pairs(checkpoint, settings or MapSettings(), head, top, suppressed=suppressed)
    return [
        {
            "source": {"id": pair.source.id, "text": pair.source.text},
            "target": {"id": pair.target.id, "text": pair.target.text},
            "logit": pair.logit,
        }
        for pair in found
    ]
