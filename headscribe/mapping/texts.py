"""Ids as tokens, for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from headscribe.core.records import Mapping, Token
from headscribe.mapping.targets import Extremes

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from headscribe.mapping.checkpoint import Checkpoint


class TokenTexts:
    """Turns ids into tokens, and decodes each id once."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._vocabulary = checkpoint.vocabulary
        self._tokens: dict[int, Token] = {}

    def tokens(self, ids: Sequence[int]) -> tuple[Token, ...]:
        """The tokens of these ids."""
        new = [id for id in ids if id not in self._tokens]
        self._tokens.update(
            (id, Token(id, text)) for id, text in zip(new, self._vocabulary.texts(new), strict=True)
        )
        return tuple(self._tokens[id] for id in ids)

    def mappings(
        self, sources: Int[Tensor, " n"], scores: Float[Tensor, " n"], ends: Extremes, per_head: int
    ) -> list[Mapping]:
        """One mapping per row of ``ends``; ranks start again after every ``per_head`` rows."""
        columns = (sources, scores, ends.promoted_ids, ends.promoted, ends.suppressed_ids, ends.suppressed)
        return [
            Mapping(
                rank=row % per_head,
                source=self.tokens([source])[0],
                saliency=score,
                targets=self.tokens(promoted_ids),
                logits=tuple(promoted),
                suppressed=self.tokens(suppressed_ids),
                suppressed_logits=tuple(suppressed),
            )
            for row, (source, score, promoted_ids, promoted, suppressed_ids, suppressed) in enumerate(
                zip(*(column.tolist() for column in columns), strict=True)
            )
        ]
