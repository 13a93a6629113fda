"""Examples in a description, ``France → Paris``, and the operations whose pairs they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from headscribe.eval.evaluate.words import ARROW, QUOTED

LEAST = 2
"""Examples that an operation needs, and at least half of all in the sentence."""

_SIDE = rf"(?:{QUOTED}|[^\W_]+(?:['’.-][^\W_]+)*)"
_EXAMPLE = re.compile(rf"({_SIDE}){ARROW}(?=({_SIDE}))")

Pair = tuple[str, str]


class WorkedExamples:
    """Knows the pairs of operations.

    Args:
        pairs: by operation.
    """

    def __init__(self, pairs: Mapping[str, Iterable[Pair]]) -> None:
        self._of: dict[Pair, set[str]] = defaultdict(set)
        for name, own in pairs.items():
            for source, target in own:
                self._of[_key(source, target)].add(name)

    def expressed(self, text: str) -> dict[str, str]:
        """Operations of which at least two of the text's examples, and half of all, are pairs."""
        found: dict[str, list[str]] = defaultdict(list)
        examples = {_key(source, target): shown for source, target, shown in examples_in(text)}
        for pair, shown in examples.items():
            for name in self._of.get(pair, ()):
                found[name].append(shown)
        enough = max(LEAST, len(examples) / 2)
        return {name: shown[0] for name, shown in sorted(found.items()) if len(shown) >= enough}


def examples_in(text: str) -> Iterator[tuple[str, str, str]]:
    """Source, target and the words themselves of each example that a text gives."""
    for one in _EXAMPLE.finditer(text):
        yield _bare(one[1]), _bare(one[2]), f"{one[0]}{one[2]}"


def _bare(side: str) -> str:
    return side.strip("'\"“”`").strip()


def _key(source: str, target: str) -> Pair:
    """The pair without regard to case, unless case is all that it changes."""
    folded = source.casefold(), target.casefold()
    return (source, target) if folded[0] == folded[1] else folded
