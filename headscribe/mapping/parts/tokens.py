"""Which tokens stand in the parts of a head, and which of them are spellings of one word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.errors import BadOption
from headscribe.core.spelling import spelling_family
from headscribe.mapping.usable_tokens import usable_tokens

if TYPE_CHECKING:
    from headscribe.core.settings import MapSettings
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.source_view import VocabularyRows


@dataclass(frozen=True, slots=True)
class PartTokens:
    """Rows of the vocabulary as sources and targets of parts.

    Attributes:
        usable: S, [rows] of bool; only these are shown, as sources and as targets.
        families: the spelling family of each row, a number, [rows].
    """

    usable: Tensor
    families: Tensor

    def without(self, rows: Tensor) -> PartTokens:
        """The same tokens, but for these rows [rows] of bool.

        Raises:
            BadOption: fewer than two are left, so that nothing varies.
        """
        usable = self.usable & ~rows
        enough_usable(int(usable.sum()))
        return PartTokens(usable, self.families)


def part_tokens(
    checkpoint: Checkpoint, settings: MapSettings, rows: VocabularyRows, device: torch.device
) -> PartTokens:
    """The tokens of a checkpoint, up to the last row that takes part.

    Args:
        settings: arithmetic in which undertrained tokens are looked for.
        rows: the rows that take part.
        device: of the result.
    """
    usable = usable_rows(checkpoint, settings, rows)
    numbers: dict[str, int] = {}
    texts = checkpoint.vocabulary.texts(range(rows.stop))
    families = [numbers.setdefault(spelling_family(text), len(numbers)) for text in texts]
    return PartTokens(usable.to(device), torch.tensor(families, device=device))


def usable_rows(checkpoint: Checkpoint, settings: MapSettings, rows: VocabularyRows) -> Tensor:
    """Which rows belong to usable tokens, up to the last one that takes part: [rows] of bool, on the CPU."""
    usable = usable_tokens(checkpoint, settings).mask[: rows.stop].clone()
    usable[list(rows.holes)] = False
    return usable


def enough_usable(n_usable: int) -> None:
    """See that something can vary over the usable tokens.

    Raises:
        BadOption: there are fewer than two.
    """
    if n_usable < 2:
        raise BadOption(
            "fewer than two tokens are usable, so no head can be taken apart",
            where="--view parts",
            do="Use --view paper",
        )
