"""What a running model's next token does when a head's value of a source is added (definitions section 4).

After the output-centric evaluation of Gur-Arieh et al. 2025 (arXiv 2501.08319): a description is tried by
what the model does when the described thing is put into it, not by what activates it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.eval.steer.named import NamedSource
from headscribe.inference.running_model import RunningModel

if TYPE_CHECKING:
    from jaxtyping import Float

BATCH_LOGITS = 8_000_000
"""Numbers of logits that are compared at once."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A named source's figures; ``core/steering.py`` says what each is."""

    source: NamedSource
    raised: float
    raised_by_others: float | None
    change: float


class Steering:
    """Runs some texts, and their last position again with values added.

    Args:
        texts: token ids of neutral texts, each of at least one token.
    """

    def __init__(self, model: RunningModel, texts: Sequence[Sequence[int]]) -> None:
        self._model = model
        self._clean = [model.watch(torch.tensor([ids]), keep_keys=True) for ids in texts]
        self._rows = max(1, BATCH_LOGITS // model.n_logits)

    def of_head(
        self, head: Head, named: Sequence[NamedSource], values: Float[Tensor, "sources d_head"]
    ) -> list[Tried]:
        """The figures of a head's named sources.

        Args:
            named: its sources, with their targets.
            values: the head's value of each source, [sources, d_head].
        """
        owners = [place for place, one in enumerate(named) for _ in one.targets]
        targets = [target for one in named for target in one.targets]
        # [sources whose value is added, targets], means over texts
        raised, change = self._effects(head, values, targets)
        owner = torch.tensor(owners)
        return [self._tried(place, named, owner, targets, raised, change) for place, _ in enumerate(named)]

    def _effects(self, head: Head, values: Tensor, targets: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Percentile and log-probability's rise of every target under every value: [sources, targets]."""
        columns = torch.tensor(targets, device=self._model.device)
        raised = torch.zeros(len(values), len(targets), dtype=torch.float64)
        change = torch.zeros_like(raised)
        for clean in self._clean:
            before = clean.logits.float()
            for first in range(0, len(values), self._rows):
                some = slice(first, first + self._rows)
                given = values[some].to(self._model.device, clean.values[0].dtype)
                after = self._model.steered(clean, [head] * len(given), given).float()
                for row, rise in enumerate(after - before, first):
                    raised[row] += _percentiles(rise, columns).cpu()
                shift = after.logsumexp(-1, keepdim=True) - before.logsumexp(-1, keepdim=True)
                change[some] += ((after - before)[:, columns] - shift).double().cpu()
        return raised / len(self._clean), change / len(self._clean)

    @staticmethod
    def _tried(
        place: int,
        named: Sequence[NamedSource],
        owner: Tensor,
        targets: Sequence[int],
        raised: Tensor,
        change: Tensor,
    ) -> Tried:
        mine = owner == place
        others = [
            float(raised[other, column])
            for column in mine.nonzero().flatten().tolist()
            for other in _without(named, place, targets[column])
        ]
        return Tried(
            named[place],
            raised=float(raised[place, mine].mean()),
            raised_by_others=sum(others) / len(others) if others else None,
            change=float(change[place, mine].mean()),
        )


def _without(named: Sequence[NamedSource], place: int, target: int) -> Iterator[int]:
    """The places of other sources for which the target is not named."""
    for other, one in enumerate(named):
        if other != place and target not in one.targets:
            yield other


def _percentiles(rise: Tensor, columns: Tensor) -> Tensor:
    """The share of entries of [vocab] below each of some of them, equal ones counted by half: [targets]."""
    wanted, ordered = rise[columns], rise.sort().values
    below = torch.searchsorted(ordered, wanted)
    upto = torch.searchsorted(ordered, wanted, right=True)
    return (below + upto).double() / (2 * len(rise))
