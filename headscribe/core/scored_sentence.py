"""Where a description by the built-in rules goes over from what the rows show to what the scores show.

Evaluation compares descriptions with the scores, so it reads the first part alone.
"""

from __future__ import annotations

BY_SCORES = "By its operation scores, it"
"""The first words of the sentence on the scores, always a description's last."""


def without_scores(description: str) -> str:
    """A description by the rules without what the scores added to it."""
    return description.partition(BY_SCORES)[0].strip()
