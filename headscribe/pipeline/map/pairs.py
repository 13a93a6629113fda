"""``pairs``: what a head does most strongly, over its whole map."""

from __future__ import annotations

from dataclasses import asdict
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
    standardised: bool = False,
    revision: str | None = None,
) -> list[dict[str, Any]]:
    """The largest, or smallest, entries of a head's whole map; exact.

    Args:
        model: a hub id, a local folder, or ``demo``.
        settings: source view, padded rows and arithmetic.
        top: pairs wanted; all if there are fewer.
        suppressed: give the pairs that the head suppresses most.
        standardised: rank by strength, the entry of the specific part in standard deviations of the target
            over the usable sources, among usable tokens (definitions section 8).
        revision: branch, tag or commit of a hub model.

    Returns:
        For each pair ``source`` and ``target``, dictionaries of ``id`` and ``text``, and ``logit``, which is
        that of the specific part with ``standardised``, and ``strength`` then; the most extreme first, equal
        ones by ascending source id, then target id.

    Raises:
        HeadscribeError: the model, the head or the device cannot be used.
    """
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.mapping.top_pairs import top_pairs

    checkpoint = open_checkpoint(model, revision)
    settings = settings or MapSettings()
    if standardised:
        from headscribe.mapping.parts.one_head import OneHead

        sharpest = OneHead(checkpoint, settings, head).sharpest_pairs(top, suppressed=suppressed)
        return [asdict(pair) for pair in sharpest]
    found = top_pairs(checkpoint, settings, head, top, suppressed=suppressed)
    return [
        {
            "source": {"id": pair.source.id, "text": pair.source.text},
            "target": {"id": pair.target.id, "text": pair.target.text},
            "logit": pair.logit,
        }
        for pair in found
    ]
