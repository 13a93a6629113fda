"""Tokens that fill the lists of many heads, and so say little about any one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from headscribe.core.heads import Head

SHARE = 0.05
"""Share of the heads from which on a token is common to many."""
CHANCE = 0.01
"""Chance that any token at all would reach ``least`` heads if their lists were drawn at random."""


@dataclass(frozen=True, slots=True)
class CommonTargets:
    """In how many heads' lists each token stands.

    Attributes:
        heads: number of heads by token id, of every token that stands in some list.
        n_heads: heads that were looked at.
        least: number of heads from which on a token is common to many.
    """

    heads: dict[int, int]
    n_heads: int
    least: int

    @property
    def common(self) -> tuple[int, ...]:
        """Ids of the tokens that are common to many heads, those of most heads first, then by id."""
        return tuple(sorted((id for id, n in self.heads.items() if n >= self.least), key=self._order))

    def _order(self, id: int) -> tuple[int, int]:
        return -self.heads[id], id


def common_targets(lists: Mapping[Head, Iterable[Sequence[int]]], n_tokens: int) -> CommonTargets:
    """Count the heads in whose lists each token stands.

    A token is common to many heads if it stands in the lists of at least 5 % of them, and in more than chance
    explains: were every head's list drawn at random, no token would reach that many heads, with a probability
    of 99 % (binomial with the heads' mean share of the vocabulary, Bonferroni over tokens). In a small model
    chance decides, in a large one the share.

    Args:
        lists: of each head, the target ids of its rows; a token counts once per head. Promoted and suppressed
            targets are counted apart, by two calls.
        n_tokens: tokens that can be targets.
    """
    targets = [{id for row in rows for id in row} for rows in lists.values()]
    heads = Counter(id for one in targets for id in one)
    share = sum(map(len, targets)) / max(1, len(targets) * n_tokens)
    least = max(ceil(SHARE * len(targets)), _beyond_chance(len(targets), share, n_tokens))
    return CommonTargets(dict(heads), len(targets), least)


def _beyond_chance(n_heads: int, share: float, n_tokens: int) -> int:
    """The smallest number of heads that no token reaches by chance."""
    from scipy.stats import binom

    return int(binom.isf(CHANCE / max(1, n_tokens), n_heads, share)) + 1
