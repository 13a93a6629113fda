"""Generated cases: which operations are planted where, in a checkpoint of which family and size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from headscribe.core.heads import Head
from headscribe.core.settings import RELATION_HEAD, MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.scores import score_heads
from headscribe.operations import Operation, builtin_operations
from tests.planted.models import UNGROUPED, Size, save_random, words_of
from tests.planted.planting import Planting, plant

N_PAIRS = 36
SIZES = (
    Size(layers=2, heads=4, kv_heads=1, d_model=80),
    Size(layers=3, heads=4, kv_heads=2, d_model=80),
    Size(layers=2, heads=4, kv_heads=4, d_model=80),
    Size(layers=2, heads=3, kv_heads=1, d_model=90, d_head=22),
    Size(layers=3, heads=3, kv_heads=3, d_model=90, d_head=22),
    Size(layers=2, heads=6, kv_heads=2, d_model=120, d_head=28),
)
NAMES = (
    "adjective_to_adverb", "adjective_to_comparative", "copying", "country_to_nationality",
    "english_to_french", "english_to_german", "lower_to_upper_case", "noun_to_plural", "number_to_next",
    "verb_to_agent_noun", "verb_to_gerund", "verb_to_past_tense", "word_to_homophone", "word_to_negated",
    "year_to_previous",
)  # fmt: skip

Pick = Callable[[Sequence[Any]], Any]

Found = dict[tuple[Head, str, bool], float]
"""Score by head, operation, and whether it suppresses."""


@cache
def lists() -> dict[str, Operation]:
    """Built-in operations cut to pairs without a word in common.

    Lists that share words would share heads: a word that is promoted for one is promoted for the other.
    """
    everything = {operation.name: operation for operation in builtin_operations()}
    used: set[str] = set()
    cut = {}
    for name in NAMES:
        kept: list[tuple[str, str]] = []
        for pair in everything[name].pairs:
            if len(kept) < N_PAIRS and not used & set(pair) and all(_one_token(word) for word in pair):
                kept.append(pair)
                used.update(pair)
        assert len(kept) == N_PAIRS, name
        cut[name] = replace(everything[name], pairs=tuple(kept))
    return cut


def _one_token(word: str) -> bool:
    return word.isascii() and word.isalnum()


@dataclass(frozen=True, slots=True)
class Case:
    """A checkpoint, and what is planted into it."""

    family: str
    size: Size
    tied: bool
    seed: int
    plantings: tuple[Planting, ...]

    @property
    def expected(self) -> set[tuple[Head, str, bool]]:
        return {(planting.head, planting.operation.name, planting.suppress) for planting in self.plantings}


def draw_case(pick: Pick, family: str, seed: int) -> Case:
    """A case of a family; ``pick`` chooses one of some options.

    One to four plantings anywhere; a value head carries at most two operations, as it must tell their
    sources apart.
    """
    size: Size = pick(SIZES)
    tied = pick((False, True))
    value_heads = size.heads if family in UNGROUPED else size.kv_heads
    carried: dict[tuple[int, int], set[str]] = {}
    plantings: dict[tuple[Head, str], Planting] = {}
    for _ in range(pick((1, 2, 3, 4))):
        head = Head(pick(range(size.layers)), pick(range(size.heads)))
        operation = lists()[pick(NAMES)]
        suppress = pick((False, True))
        load = carried.setdefault((head.layer, head.head // (size.heads // value_heads)), set())
        if len(load | {operation.name}) <= 2 and (head, operation.name) not in plantings:
            load.add(operation.name)
            plantings[head, operation.name] = Planting(head, operation, suppress)
    return Case(family, size, tied, seed, tuple(plantings.values()))


class Bases:
    """Random checkpoints, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._planted = folder, 0
        self._made: dict[tuple[str, Size, bool], Path] = {}

    def find(self, case: Case) -> Found:
        """Plant a case, and give the scores that reach the threshold: all heads, operations, both signs."""
        self._planted += 1
        folder = self._folder / f"planted-{self._planted}"
        plant(self._base(case), folder, case.plantings, seed=case.seed)
        return scores_above(folder, list(lists().values()))

    def _base(self, case: Case) -> Path:
        key = case.family, case.size, case.tied
        if key not in self._made:
            folder = self._folder / f"base-{len(self._made)}"
            save_random(
                case.family,
                folder,
                words_of(list(lists().values())),
                case.size,
                tied=case.tied,
                seed=case.seed,
            )
            self._made[key] = folder
        return self._made[key]


def scores_above(folder: Path, operations: Sequence[Operation], settings: MapSettings | None = None) -> Found:
    """Every score of a checkpoint that is not below the paper's threshold for a relation head."""
    checkpoint = open_checkpoint(str(folder))
    facts = checkpoint.facts
    heads = [Head(layer, head) for layer in range(facts.n_layers) for head in range(facts.n_heads)]
    scores, skipped = score_heads(checkpoint, settings or MapSettings(view="paper"), operations, heads)
    assert not skipped
    both = {(s.head, s.operation, False): s.score for s in scores}
    both |= {(s.head, s.operation, True): s.suppression_score for s in scores}
    return {key: score for key, score in both.items() if score >= RELATION_HEAD}
