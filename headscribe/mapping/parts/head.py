"""One head taken apart, from its factors to numbers: rows, classes and roles."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.parts.candidates import candidates
from headscribe.mapping.parts.distinct import distinct_top
from headscribe.mapping.parts.gram import centred_gram
from headscribe.mapping.parts.readout import Readout
from headscribe.mapping.parts.roles import Directions, roles
from headscribe.mapping.parts.sharpest import SharpRows, classes, sharpest_rows
from headscribe.mapping.parts.tokens import PartTokens
from headscribe.mapping.source_view import BLOCK
from headscribe.mapping.targets import Extremes


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of Z of some sources.

    Attributes:
        ids: the sources, [n].
        acting: how strongly the head acts on each, [n].
        norms: ‖ã‖ of each, [n].
        ends: their most promoted and most suppressed targets, one per spelling family, in σ, [n, k].
    """

    ids: Tensor
    acting: Tensor
    norms: Tensor
    ends: Extremes

    def split(self, n: int) -> tuple[Rows, Rows]:
        """The first n rows, and the rest."""
        first, rest = slice(n), slice(n, None)
        parts = (Rows(self.ids[p], self.acting[p], self.norms[p], self.ends.of(p)) for p in (first, rest))
        return next(parts), next(parts)


@dataclass(frozen=True, slots=True)
class RoleEnds:
    """Sources and targets at both ends of roles, one per spelling family, [n, k] each.

    Source loadings are ã · axis, in standard deviations over the usable sources; target loadings are the
    logits, less the mean logit, that one such standard deviation adds.
    """

    shares: Tensor
    sources: Extremes
    targets: Extremes


class HeadFactors:
    """A head's specific part as a product, Z = ã · unit_t, and what is read from it.

    Args:
        whitened: ã of every row, [rows, d_head].
        read: its readout, [rows, d_head] and [rows].
        tokens: usable rows and spelling families.
    """

    def __init__(self, whitened: Tensor, read: Readout, tokens: PartTokens) -> None:
        self.whitened, self.tokens = whitened, tokens
        self.unit, self.deviations = read.unit, read.deviations
        self.gram, self._mean = centred_gram(read, tokens.usable)
        self.acting = _acting(whitened, self.gram)

    @property
    def flat(self) -> int:
        """Usable targets that no source moves."""
        return int((self.tokens.usable & (self.deviations == 0)).sum())

    def roles(self, chance: Tensor, k: int) -> RoleEnds:
        """The roles, with k sources and targets at each end.

        Args:
            chance: shares of random heads.
            k: tokens wanted at each end.
        """
        found: Directions = roles(self.gram, chance)
        axes = found.axes.to(self.whitened.dtype)
        sources = self.ends(axes.T @ self.whitened.T, k)
        # the end with the strongest source is the near one
        turned = sources.promoted[:, 0] < -sources.suppressed[:, 0]
        axes = torch.where(turned, -axes, axes)
        moved = axes.T @ self.unit.T * self.deviations - (axes.T @ self._mean)[:, None]
        targets = self.ends(moved, k)
        return RoleEnds(found.shares, _turned(sources, turned), targets)

    def rows(self, ids: Tensor, k: int) -> Rows:
        """The rows of these sources, with k targets at each end."""
        sources = self.whitened[ids]
        norms = torch.linalg.vector_norm(sources, dim=1)
        return Rows(ids, self.acting[ids], norms, self.ends(sources @ self.unit.T, k))

    def most_salient(self, n: int) -> Tensor:
        """The n usable sources on which the head acts most, one per spelling family: [n] of ids."""
        tokens = self.tokens
        return distinct_top(self.acting[None].clone(), n, tokens.families, tokens.usable)[1][0]

    def sharpest(self, n: int) -> tuple[SharpRows, list[int]]:
        """The rows of the sharpest pairs, and the class of each."""
        found = candidates(self.whitened, self.unit, self.tokens.usable, self.acting)
        rows = sharpest_rows(found, self.whitened, self.tokens.families, n)
        return rows, classes(self.whitened[rows.ids], self.gram)

    def ends(self, scores: Tensor, k: int) -> Extremes:
        """The ends of rows of scores [n, rows], one usable token per spelling family; overwrites others."""
        families, usable = self.tokens.families, self.tokens.usable
        promoted = distinct_top(scores, k, families, usable)
        return Extremes(*promoted, *distinct_top(scores, k, families, usable, largest=False))


def _acting(whitened: Tensor, gram: Tensor) -> Tensor:
    """How strongly the head acts on each source: root mean square over the targets, in σ, [rows]."""
    lengths, axes = torch.linalg.eigh(gram)
    root = (axes * lengths.clamp_min(0).sqrt()).to(whitened.dtype)
    width = rows_at_once(whitened.device, 2 * whitened.shape[1] * whitened.element_size(), BLOCK)
    return torch.cat([torch.linalg.vector_norm(part @ root, dim=1) for part in torch.split(whitened, width)])


def _turned(ends: Extremes, turned: Tensor) -> Extremes:
    """The ends of rows, of those with the sign turned for which ``turned`` says so."""
    turned = turned[:, None]
    return Extremes(
        torch.where(turned, -ends.suppressed, ends.promoted),
        torch.where(turned, ends.suppressed_ids, ends.promoted_ids),
        torch.where(turned, -ends.promoted, ends.suppressed),
        torch.where(turned, ends.promoted_ids, ends.suppressed_ids),
    )
