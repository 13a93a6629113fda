"""Cuts prompts down to what makes the neuron fire (definitions section 7, step 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headscribe.core.lookups import CutPrompt, LeftOut, Split, TopPrompt
from headscribe.core.progress import Progress, Silent
from headscribe.inference.blocks import Blocks
from headscribe.lookups.reading import Reading, post_activations

KEPT_SHARE = 0.8
TOO_LONG = 100
"""Prompts that need so many tokens are left out."""

STAGE = "truncation"


@dataclass(slots=True)
class _Search:
    """One prompt's search for the shortest end of the text that is enough.

    Attributes:
        short: a length that is not enough; 0 at the beginning.
        long: one that is, once ``kept`` is filled; before, the longest one allowed.
        kept: the neuron's activations at each of the last ``long`` tokens, None before they were read.
        given_up: whether even the longest length allowed is not enough.
    """

    top: TopPrompt
    long: int
    short: int = 0
    kept: list[float] | None = None
    given_up: bool = False

    @property
    def probe(self) -> int:
        """The length to try next; 0 when the search is over."""
        if self.kept is None:
            return 0 if self.given_up else self.long
        return (self.short + self.long) // 2 if self.long - self.short > 1 else 0

    def learn(self, length: int, activations: list[float]) -> None:
        """Take in what a length gave; a text as a whole is enough by definition."""
        whole = length == self.top.position + 1
        if whole or activations[-1] >= KEPT_SHARE * self.top.activation:
            self.long, self.kept = length, activations
        elif self.kept is None:
            self.given_up = True
        else:
            self.short = length


def truncate(
    blocks: Blocks,
    prompts: Sequence[TopPrompt],
    *,
    split: Split,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> tuple[list[CutPrompt], list[LeftOut]]:
    """Drop as much of each prompt's beginning as leaves at least 80 % of the activation at its end.

    A binary search on the start, all prompts of all neurons side by side: a step is one pass over those
    still searched for. It takes for granted that a longer prompt never gives less than a shorter one; where
    that fails it may miss a shorter one, but what it returns has been run and keeps its 80 %. It begins with
    the last 99 tokens: a prompt for which these are not enough would be 100 tokens or longer, and is left
    out without running more of it.

    Args:
        prompts: with the activation reached in the whole text, as ``strongest_prompts`` gives them.
        split: where they come from.
        reading: as the texts were read; the prefix stands in front of the cut prompts too.
        progress: told of every prompt whose search is over.

    Returns:
        The prompts in the order given, less those left out, and the latter by neuron.
    """
    reading, progress = reading or Reading(), progress or Silent()
    searches = [_Search(top, min(TOO_LONG - 1, len(top.ids))) for top in prompts]
    progress.start(STAGE, len(searches))
    while open_ones := [search for search in searches if search.probe]:
        lengths = [search.probe for search in open_ones]
        ends = [search.top.ids[-length:] for search, length in zip(open_ones, lengths, strict=True)]
        found = post_activations(blocks, ends, [search.top.neuron for search in open_ones], reading)
        for search, length, activations in zip(open_ones, lengths, found, strict=True):
            search.learn(length, activations)
        progress.advance(STAGE, sum(not search.probe for search in open_ones))
    progress.finish(STAGE)
    kept = [_prompt(search.top, search.kept) for search in searches if search.kept is not None]
    lost = Counter(search.top.neuron for search in searches if search.given_up)
    reason = f"needs {TOO_LONG} tokens or more"
    return kept, [LeftOut(reason, count, neuron, split) for neuron, count in sorted(lost.items())]


def _prompt(top: TopPrompt, activations: list[float]) -> CutPrompt:
    start = len(top.ids) - len(activations)
    return CutPrompt(top, ids=top.ids[start:], cut=top.ids[:start], activations=tuple(activations))
