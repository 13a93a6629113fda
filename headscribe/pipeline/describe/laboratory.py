"""Experiments on heads for the method ``agent``: one open checkpoint behind all of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from headscribe.core.heads import Head
from headscribe.core.progress import Progress, Silent
from headscribe.core.records import Token
from headscribe.core.settings import MapSettings
from headscribe.operations.rules import usual_k
from headscribe.pipeline.describe.instruments import Ids, Instrument, PaperInstrument, PartsInstrument
from headscribe.pipeline.describe.running import ModelAtWork

if TYPE_CHECKING:
    from headscribe.agent.experiments import Ablation, Constant, End, Experiments, PairStrength, SourceRow
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.source_view import VocabularyRows

KEPT = 4096
"""Answers of each kind that are remembered: LLMs like to ask the same thing again."""


class Laboratory:
    """Gives experiments on any head of a model. Nothing is read before the first is run.

    One experiment runs at a time, whoever asks: each already uses all the processor's cores.

    Args:
        settings: view, source view, padded rows, k and arithmetic.
        running: whether the model may be run; it is loaded when first asked for.
        progress: told, once, where it cannot be run.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        settings: MapSettings,
        *,
        running: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.checkpoint, self.settings = checkpoint, settings
        self.model = ModelAtWork(checkpoint, settings, progress or Silent()) if running else None
        self.lock = threading.RLock()
        self.rows = lru_cache(KEPT)(self._rows)
        self.sources = lru_cache(KEPT)(self._sources)

    def of_head(self, head: Head) -> Experiments:
        """Experiments on one head."""
        return _HeadExperiments(self, head)

    @cached_property
    def instrument(self) -> Instrument:
        """What rows and pairs come from; use it under ``lock``."""
        kind = PartsInstrument if self.settings.view == "parts" else PaperInstrument
        return kind(self.checkpoint, self.settings)

    @cached_property
    def taking_part(self) -> VocabularyRows:
        """The rows of the vocabulary that are sources and targets."""
        from headscribe.mapping.source_view import vocabulary_rows

        return vocabulary_rows(self.checkpoint, self.settings)

    def takes_part(self, id: int) -> bool:
        """Whether a token is a source and a target here."""
        return 0 <= id < self.taking_part.stop and id not in self.taking_part.holes

    @cached_property
    def token_ids(self) -> dict[str, int]:
        """The tokens by their exact texts; of equal texts the first."""
        vocabulary = self.checkpoint.vocabulary
        found: dict[str, int] = {}
        for id, text in enumerate(vocabulary.texts(range(vocabulary.size))):
            if text and self.takes_part(id):
                found.setdefault(text, id)
        return found

    def _rows(self, head: Head, ids: Ids, top: int) -> list[SourceRow]:
        return self.instrument.rows(head, ids, top)

    def _sources(self, head: Head, id: int, top: int) -> End:
        return self.instrument.sources(head, id, top)


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
        n_targets, setting = self._laboratory.taking_part.n_kept, self._laboratory.settings.k
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
            if id is None or not self._laboratory.takes_part(id):
                return None
            return Token(id, vocabulary.text(id))

    def draw(self, count: int, seed: int) -> tuple[Token, ...]:
        """Sources at random."""
        with self._laboratory.lock:
            usable = self._laboratory.instrument.usable_ids(self._head)
            texts = self._laboratory.checkpoint.vocabulary.texts
            ids = random.Random(f"sources {seed}").sample(usable, min(count, len(usable)))
            return tuple(Token(id, text) for id, text in zip(ids, texts(ids), strict=True))

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[SourceRow]:
        """What the head does with some sources."""
        head = self._head if other is None else self._others[other]
        with self._laboratory.lock:
            return self._laboratory.rows(head, _ids(tokens), top)

    def sources(self, token: Token, top: int) -> End:
        """The sources that promote a token most."""
        with self._laboratory.lock:
            return self._laboratory.sources(self._head, token.id, top)

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        """Whether the head promotes or suppresses each pair."""
        ids = [(source.id, target.id) for source, target in pairs]
        with self._laboratory.lock:
            return self._laboratory.instrument.pairs(self._head, ids, self.k)

    def constant(self, targets: Sequence[Token], top: int) -> Constant:
        """What the head does whatever the source."""
        with self._laboratory.lock:
            return self._laboratory.instrument.constant(self._head, _ids(targets), top)

    def ablate(self, text: str, top: int) -> Ablation | None:
        """What the running model says next, with the head and without it."""
        with self._laboratory.lock:
            model = self._laboratory.model
            return model.ablate(self._head, text, top) if model else None


def _ids(tokens: Sequence[Token]) -> Ids:
    return tuple(token.id for token in tokens)
