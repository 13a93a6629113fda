"""The sources that a description names, and what it says that the head promotes for each."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headscribe.eval.evaluate.denials import takes_back
from headscribe.eval.evaluate.rules_judge import RulesJudge
from headscribe.eval.evaluate.words import sentences
from headscribe.eval.evaluate.worked_examples import Pair, examples_in

WordId = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source's id, and the ids of the targets that are named for it."""

    source: int
    targets: tuple[int, ...]


class NamedSources:
    """Reads descriptions as claims about single tokens.

    A description names the pairs that it gives as examples, and those of every operation that it expresses,
    by the rules judge. What it takes back, says of suppression or of every source is no claim about a pair.

    Args:
        judge: knows which operations a description expresses.
        pairs: of each operation.
        word_id: the single token of a word, None where it is none.
        limit: most sources of a description; half of them, where there are so many, are its own examples.
        seed: of the draw among an operation's pairs.
    """

    def __init__(
        self,
        judge: RulesJudge,
        pairs: Mapping[str, tuple[Pair, ...]],
        word_id: WordId,
        *,
        limit: int,
        seed: int = 0,
    ) -> None:
        self._judge, self._pairs, self._word_id = judge, pairs, word_id
        self._limit, self._seed = limit, seed

    def of(self, description: str) -> list[NamedSource]:
        """The sources that a description names, each once, examples first."""
        named: dict[int, list[int]] = {}
        self._take(named, _examples(description), self._limit // 2)
        drawn = [
            pair
            for operation in sorted(self._judge.expressed(description))
            for pair in self._pairs.get(operation, ())
        ]
        random.Random(f"{self._seed}/{description}").shuffle(drawn)
        self._take(named, drawn, self._limit)
        return [NamedSource(source, tuple(targets)) for source, targets in named.items()]

    def _take(self, named: dict[int, list[int]], pairs: list[Pair], limit: int) -> None:
        for source_word, target_word in pairs:
            source, target = self._word_id(source_word), self._word_id(target_word)
            if source is None or target is None or (source not in named and len(named) >= limit):
                continue
            targets = named.setdefault(source, [])
            if target not in targets:
                targets.append(target)


def _examples(description: str) -> list[Pair]:
    """The examples of sentences that claim something of them; a sentence ends where the next one begins."""
    told = [words for words in sentences(description) if words]
    ends = [*(words[0].start for words in told[1:]), len(description)]
    return [
        (source, target)
        for words, end in zip(told, ends, strict=True)
        if not takes_back(words)
        for source, target, _ in examples_in(description[words[0].start : end])
    ]
