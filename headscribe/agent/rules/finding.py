"""One pattern found in a head's mappings, and the sentence that states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headscribe.core.tokens import show_token

Kind = Literal["promotes", "suppresses", "inputs"]
Example = tuple[tuple[str, ...], tuple[str, ...]]
"""Token texts of sources and of the targets that they lead to; no targets for a finding on the inputs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A pattern and the mappings that follow it.

    Attributes:
        name: what was found, such as ``identity`` or ``operation:country_to_capital``.
        kind: what it is about: promoted targets, suppressed targets or the sources alone.
        text: the beginning of a sentence that states it.
        hits: which mappings follow it, by their place in the evidence.
        n: how many mappings the head has.
        needed: share from which the pattern may be stated.
        examples: a few of the hits, strongest first.
        among: of a pattern that is about one class of sources: how many of the head's it has; None for all.
        counted: how many of these follow it, where that is not the number of hits.
        explains: the targets that it accounts for, each with the place of its mapping.
    """

    name: str
    kind: Kind
    text: str
    hits: tuple[int, ...]
    n: int
    needed: float
    examples: tuple[Example, ...] = ()
    among: int | None = None
    counted: int | None = None
    explains: frozenset[tuple[int, str]] = frozenset()

    @property
    def share(self) -> float:
        """Share of all mappings that follow the pattern."""
        return len(self.hits) / self.n

    def sentence(self, examples: int = 3) -> str:
        """The pattern, how many mappings follow it, and so many examples."""
        of = f"{self.n}" if self.kind == "inputs" else f"{self.n} mappings"
        if self.among is not None:
            of = f"{self.among} such sources"
        n_hits = len(self.hits) if self.counted is None else self.counted
        shown = ", ".join(_show(example) for example in self.examples[:examples])
        return f"{self.text} ({n_hits} of {of})" + (f", e.g. {shown}." if shown else ".")


def _show(example: Example) -> str:
    sources, targets = (", ".join(map(show_token, texts)) for texts in example)
    return f"{sources} → {targets}" if targets else sources
