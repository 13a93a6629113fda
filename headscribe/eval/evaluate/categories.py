"""What kinds of operations descriptions are about: sorting by rules, and the agreement of two judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headscribe.core.evaluation import Categories, CategorySummary, Level, Sorting
from headscribe.core.statistics import FEWEST, cohen_kappa, percentile_interval, resampled_means
from headscribe.eval.evaluate.denials import negated
from headscribe.eval.evaluate.phrases import PhraseFinder
from headscribe.eval.evaluate.words import sentences


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of operation, from ``eval/evaluate/data/description_categories.json``.

    Attributes:
        name: its name.
        level: ``paper`` for the four of MAPS section 4.1.
        definition: what belongs to it, in a line.
        holds: finer categories that belong to it.
        operations: operations whose expression puts a description into it.
        phrases: words that do, as in a lexicon.
    """

    name: str
    level: Level
    definition: str
    holds: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


@cache
def description_categories() -> tuple[Category, ...]:
    """The paper's four categories, then the finer ones."""
    file = files("headscribe.eval.evaluate").joinpath("data", "description_categories.json")
    entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    lists = ("holds", "operations", "phrases")
    return tuple(
        Category(**entry | {key: tuple(entry[key]) for key in lists if key in entry}) for entry in entries
    )


_GRAMMATICAL_NUMBER = ("agree* in number", "grammatical number", "number agreement", "gender and number")
"""Words in which ``number`` means singular or plural."""


class RulesSorter:
    """Sorts descriptions by the categories' phrases and by the operations that they express."""

    def __init__(self) -> None:
        categories = description_categories()
        self._finder: PhraseFinder[str] = PhraseFinder(
            ((phrase, category.name) for category in categories for phrase in category.phrases), longest=False
        )
        self._other_senses = PhraseFinder((phrase, True) for phrase in _GRAMMATICAL_NUMBER)
        self._of: dict[str, list[str]] = {}
        self._whole: dict[str, str] = {}
        for category in categories:
            for operation in category.operations:
                self._of.setdefault(operation, []).append(category.name)
            self._whole.update(dict.fromkeys(category.holds, category.name))

    def sort(self, description: str, expressed: Mapping[str, str]) -> dict[str, str]:
        """The categories of a description, each with the words that say so.

        Args:
            expressed: the operations that it expresses, by ``RulesJudge``.
        """
        found: dict[str, str] = {}
        for operation, phrase in expressed.items():
            for name in self._of.get(operation, ()):
                found.setdefault(name, phrase)
        for words in sentences(description):
            others = self._other_senses.find(words)
            for hit in self._finder.find(words):
                other = any(one.start <= hit.start and hit.end <= one.end for one in others)
                if not other and not negated(words, hit.start):
                    for name in hit.uses:
                        found.setdefault(name, description[words[hit.start].start : words[hit.end - 1].end])
        for part, phrase in list(found.items()):
            if part in self._whole:
                found.setdefault(self._whole[part], phrase)
        return found


def summarise(
    sortings: Sequence[Sorting], n_layers: int, *, asked: bool, resamples: int, seed: int
) -> Categories:
    """Counts per category and layer, and the agreement of the two judges over the heads both sorted.

    Args:
        sortings: a row per described head and category.
        n_layers: layers of the model.
        asked: whether an LLM sorted too.
        resamples: bootstrap draws of the interval of the Jaccard index.
        seed: of these.
    """
    heads = sorted({row.head for row in sortings})
    place = {head: at for at, head in enumerate(heads)}
    names = description_categories()
    column = {category.name: at for at, category in enumerate(names)}
    rules = np.zeros((len(heads), len(names)), dtype=np.bool_)
    llm, answered = rules.copy(), rules.copy()
    for row in sortings:
        at = place[row.head], column[row.category]
        rules[at], llm[at], answered[at] = row.rules, bool(row.llm), row.llm is not None
    both = answered.all(axis=1)
    layer_of = np.array([head.layer for head in heads], dtype=np.intp)
    rows = tuple(
        CategorySummary(
            category=category.name,
            level=category.level,
            rules=int(rules[:, at].sum()),
            llm=int(llm[both, at].sum()) if asked else None,
            n_both=int(both.sum()),
            kappa=cohen_kappa(rules[both, at], llm[both, at]),
            layers=_by_layer(layer_of[rules[:, at]], n_layers),
            llm_layers=_by_layer(layer_of[both & llm[:, at]], n_layers) if asked else None,
        )
        for at, category in enumerate(names)
    )
    mean, low, high = _jaccard(rules[both], llm[both], resamples, seed)
    return Categories(
        rows=rows,
        layer_heads=_by_layer(layer_of, n_layers),
        unsorted=int((~rules.any(axis=1)).sum()),
        jaccard=mean,
        jaccard_low=low,
        jaccard_high=high,
        n_both=int(both.sum()),
    )


def _jaccard(
    one: NDArray[np.bool_], other: NDArray[np.bool_], resamples: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    if not len(one):
        return None, None, None
    either = (one | other).sum(axis=1)
    per_head = np.where(either > 0, (one & other).sum(axis=1) / np.maximum(either, 1), 1.0)
    mean = float(per_head.mean())
    if len(per_head) < FEWEST or not resamples:
        return mean, None, None
    means = resampled_means(per_head, resamples, np.random.default_rng([seed, 4]))
    return mean, *percentile_interval(means)


def _by_layer(layers: NDArray[np.intp], n_layers: int) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(layers, minlength=n_layers))
