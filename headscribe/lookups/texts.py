"""The texts that neurons are read on: where they come from, and which explain and which score.

Nothing is held in memory but the document at hand, so that the number of texts does not matter.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol

from headscribe.core.errors import BadTexts

Part = Literal["explain", "score"]
PARTS: tuple[Part, Part] = ("explain", "score")

LONGEST_DOCUMENT = 100_000
"""Characters of a document that are read; no model takes more tokens than these give."""


NO_TEXT, EMPTY = "without a text", "empty"
"""Why a document cannot be used."""


def usable(texts: Iterable[Any], excluded: Counter[str]) -> Iterator[str]:
    """The documents among what a source holds; the others are counted by reason."""
    for text in texts:
        if not isinstance(text, str):
            excluded[NO_TEXT] += 1
        elif not text.strip():
            excluded[EMPTY] += 1
        else:
            yield text[:LONGEST_DOCUMENT]


class TextSource(Protocol):
    """Documents by split, as files or a dataset of the hub hold them.

    Attributes:
        name: as people know it.
        identity: changes whenever the documents may have.
        splits: the names of its splits.
        local: whether reading it twice costs nothing but time.
    """

    name: str
    identity: str
    splits: tuple[str, ...]
    local: bool

    def read(self, split: str, excluded: Counter[str]) -> Iterator[str]:
        """The documents of a split in order; those that cannot be used are counted by reason."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text: its place in its split, counted from 0 over all that could be read, and its characters."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in two parts that share no document: one to explain with, one to score on.

    Attributes:
        source: where they are read.
        splits: the split behind each part; where both are the same, its documents are divided into halves by
            a hash of their content and the seed, so that equal documents fall on one side.
        max_texts: documents read per part, at most.
        seed: of the halves.
    """

    source: TextSource
    splits: dict[Part, str]
    max_texts: int
    seed: int = 0
    excluded: dict[Part, Counter[str]] = field(default_factory=lambda: {part: Counter() for part in PARTS})

    @property
    def halved(self) -> bool:
        """Whether both parts come from one split."""
        return self.splits["explain"] == self.splits["score"]

    @property
    def settings(self) -> dict[str, object]:
        """What determines the documents, as plain data."""
        seed = self.seed if self.halved else None
        return {
            "source": self.source.identity,
            "splits": dict(self.splits),
            "max_texts": self.max_texts,
            "seed": seed,
        }

    def documents(self, part: Part) -> Iterator[Document]:
        """The documents of a part, from the start at every call; ``excluded[part]`` is counted anew.

        Raises:
            BadTexts: none can be read, or the source fails on the way.
        """
        excluded = self.excluded[part]
        excluded.clear()
        found = 0
        for document in islice(self._all(part, excluded), self.max_texts):
            found += 1
            yield document
        if not found:
            raise BadTexts(
                f"the split '{self.splits[part]}' holds no text to {part} with{_reasons(excluded)}",
                where=self.source.name,
                do="Give texts with --texts, and see --text-column, --explain-split and --score-split",
            )

    def check(self) -> None:
        """See that each part has a text, before anything is computed.

        Raises:
            BadTexts: one has none.
        """
        for part in PARTS:
            next(self.documents(part))

    def at_most(self, part: Part) -> int:
        """How many documents ``documents`` gives; where only fetching them could tell, how many at most."""
        if not self.source.local:
            return self.max_texts
        return sum(1 for _ in islice(self._all(part, Counter()), self.max_texts))

    def _all(self, part: Part, excluded: Counter[str]) -> Iterator[Document]:
        half = PARTS.index(part) if self.halved else None
        for index, text in enumerate(self.source.read(self.splits[part], excluded)):
            if half is None or _half(text, self.seed) == half:
                yield Document(index, text)


def _half(text: str, seed: int) -> int:
    return (
        hashlib.blake2b(text.encode("utf-8", "replace"), key=str(seed).encode(), digest_size=1).digest()[0]
        & 1
    )


def _reasons(excluded: Counter[str]) -> str:
    return "".join(f", {number} {reason}" for reason, number in excluded.most_common())
