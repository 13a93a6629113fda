"""Experiments on heads for the method ``agent``: one open checkpoint behind all of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from headscribe.core.heads import Head
from headscribe.core.records import Mapping, Token
from headscribe.core.settings import MapSettings
from headscribe.operations.rules import usual_k

if TYPE_CHECKING:
    from headscribe.agent.experiments import Experiments, PairStrength
    from headscribe.mapping.bench import Bench
    from headscribe.mapping.checkpoint import Checkpoint

KEPT = 4096
"""Answers of each kind that are remembered: LLMs like to ask the same thing again."""


class Laboratory:
    """Gives experiments on any head of a model. Nothing is read before the first is run.

    One experiment runs at a time, whoever asks: each already uses all the processor's cores.

    Args:
        checkpoint: an open checkpoint.
        settings: source view, padded rows, k and arithmetic.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings) -> None:
        self.checkpoint, self.settings = checkpoint, settings
        self.lock = threading.RLock()
        self.rows = lru_cache(KEPT)(self._rows)
        self.sources = lru_cache(KEPT)(self._sources)

    def of_head(self, head: Head) -> Experiments:
        """Experiments on one head."""
        return _HeadExperiments(self, head)

    @cached_property
    def bench(self) -> Bench:
        """The open tensors; use it under ``lock``."""
        from headscribe.mapping.bench import Bench

        return Bench(self.checkpoint, self.settings)

    @cached_property
    def token_ids(self) -> dict[str, int]:
        """The tokens by their exact texts; of equal texts the first."""
        vocabulary = self.checkpoint.vocabulary
        found: dict[str, int] = {}
        for id, text in enumerate(vocabulary.texts(range(vocabulary.size))):
            if text and self.bench.takes_part(id):
                found.setdefault(text, id)
        return found

    def _rows(self, head: Head, ids: tuple[int, ...], top: int) -> list[Mapping]:
        return self.bench.rows(head, ids, top)

    def _sources(self, head: Head, id: int, top: int) -> tuple[Token, ...]:
        return self.bench.sources(head, id, top)


class _HeadExperiments:
    """``agent.experiments.Experiments`` on one head."""

    def __init__(self, laboratory: Laboratory, head: Head) -> None:
        self._laboratory, self._head = laboratory, head
        n_heads = laboratory.checkpoint.facts.n_heads
        others = [Head(head.layer, index) for index in range(n_heads) if index != head.head]
        # Shuffled, or else the first of the others would tell where the head stands.
        random.Random(f"others of {head.name}").shuffle(others)
        self._others = others
        self.n_others = len(others)

    @cached_property
    def k(self) -> int:
        """The k of operation scores (definitions section 2)."""
        with self._laboratory.lock:
            n_targets, setting = self._laboratory.bench.n_targets, self._laboratory.settings.k
        return min(usual_k(n_targets) if setting == "auto" else setting, n_targets)

    def token(self, word: str) -> Token | None:
        """A word inside running text, or a token by its exact text; a leading space asks for the latter."""
        with self._laboratory.lock:
            vocabulary, exact = self._laboratory.checkpoint.vocabulary, self._laboratory.token_ids
            as_word, as_text = vocabulary.word_id(word.strip()), exact.get(word)
            id = (
                (as_text if as_text is not None else as_word)
                if word[:1].isspace()
                else (as_word if as_word is not None else as_text)
            )
            if id is None or not self._laboratory.bench.takes_part(id):
                return None
            return Token(id, vocabulary.text(id))

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[Mapping]:
        """The ends of the rows of M of some sources."""
        head = self._head if other is None else self._others[other]
        with self._laboratory.lock:
            return self._laboratory.rows(head, tuple(token.id for token in tokens), top)

    def sources(self, token: Token, top: int) -> tuple[Token, ...]:
        """The sources that promote a token most."""
        with self._laboratory.lock:
            return self._laboratory.sources(self._head, token.id, top)

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        """Whether the head promotes or suppresses each pair."""
        from headscribe.agent.experiments import PairStrength

        ids = [(source.id, target.id) for source, target in pairs]
        with self._laboratory.lock:
            return [
                PairStrength(*found) for found in self._laboratory.bench.among_ends(self._head, ids, self.k)
            ]
