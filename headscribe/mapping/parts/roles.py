"""The roles of heads: directions of their specific part that stand out (definitions section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.parts.gram import centred_gram, evenly_spread
from headscribe.mapping.parts.readout import Readouts
from headscribe.mapping.parts.spread import Moments

if TYPE_CHECKING:
    from jaxtyping import Float

MOST = 6
"""Roles of a head, at most."""

DRAWS = 32
"""Heads of random weights that say how much a direction holds by chance."""

TOGETHER = 8
"""Of them worked on at once."""

SAMPLE = 1024
"""Sources and targets whose span is where these heads have weights."""

SURE = 4.0
"""Standard deviations above the random heads' mean from which a direction is a role."""


@dataclass(frozen=True, slots=True)
class Directions:
    """The roles of one head, the strongest first.

    Attributes:
        axes: in the coordinates of ã, [d_head, n].
        shares: of the squared total of the specific part, [n].
    """

    axes: Float[Tensor, "d_head n"]
    shares: Float[Tensor, " n"]


def roles(gram: Float[Tensor, "d_head d_head"], chance: Float[Tensor, "draws directions"]) -> Directions:
    """The directions of a head that hold more than the same ones of random heads.

    Singular directions of the specific part with each row's mean taken out and each target in units of its
    deviation: as ã has covariance 1 over the usable sources, they are the eigenvectors of the readout's Gram.

    Args:
        gram: ``centred_gram`` of the head's readout, [d_head, d_head].
        chance: shares of random heads, by ``shares_of_random_heads``, [draws, d_head].
    """
    shares, axes = torch.linalg.eigh(gram)
    shares, axes = shares.flip(0), axes.flip(1)
    bound = chance.mean(0) + SURE * chance.std(0)
    above = (shares > bound).nonzero().flatten()[:MOST]
    return Directions(axes[:, above], shares[above])


def shares_of_random_heads(
    sources: Float[Tensor, "n d_model"],
    moments: Moments,
    targets: Float[Tensor, "m d_model"],
    d_head: int,
    seed: int,
    *,
    draws: int = DRAWS,
) -> Float[Tensor, "draws d_head"]:
    """Parallel analysis: the shares that the directions of random heads hold, the largest first.

    A random head has normal weights, and reads and writes the tokens that every head does; it has directions
    because the embeddings have. Unlike permuted columns of values, it does not depend on the basis in which
    a head keeps these.

    Args:
        sources: x of some usable sources, without any layer's weight, [n, d_model].
        moments: of x over all usable sources.
        targets: Uᵀ of the usable targets on which heads' Gram matrices are measured, [m, d_model].
        d_head: width of a head.
        seed: of the draws.
        draws: random heads.

    Returns:
        [draws, d_head], float64.
    """
    generator = torch.Generator().manual_seed(seed)
    every = torch.ones(len(targets), dtype=torch.bool, device=targets.device)
    reading = _RandomWeights(sources, generator)
    writing = _RandomWeights(targets[evenly_spread(every, SAMPLE)], generator)
    grams: list[Tensor] = []
    while len(grams) < draws:
        n = min(TOGETHER, draws - len(grams))
        drawn = [(reading.draw(d_head), writing.draw(d_head).T) for _ in range(n)]
        w_v, w_o = (torch.stack(ones) for ones in zip(*drawn, strict=True))
        read = Readouts(w_o, moments.spread_through(w_v).root, targets.dtype).of(targets)
        grams += [centred_gram(read.of(place), every)[0] for place in range(n)]
    shares: Tensor = torch.linalg.eigvalsh(torch.stack(grams))
    return shares.flip(1)


class _RandomWeights:
    """Draws independent standard normal weights on the space that rows [n, d_model] span.

    As rowsᵀ (rows rowsᵀ)^(-1/2) g, so that they turn with the basis of the residual stream: which roles are
    found does not depend on it.
    """

    def __init__(self, rows: Tensor, generator: torch.Generator) -> None:
        self._generator, self._dtype, precise = generator, rows.dtype, rows.double()
        n, d_model = rows.shape
        across = n <= d_model  # the smaller of the two squares
        products = precise @ precise.T if across else precise.T @ precise
        squares, axes = torch.linalg.eigh(products)
        least = torch.finfo(rows.dtype).eps * max(n, d_model) * squares[-1]
        root: Tensor = axes * torch.where(squares > least, squares, torch.inf).rsqrt() @ axes.T
        # [d_model, n]
        self._turn = precise.T @ root if across else root @ precise.T

    def draw(self, d_head: int) -> Tensor:
        """[d_model, d_head]."""
        drawn = torch.randn(self._turn.shape[1], d_head, generator=self._generator, dtype=torch.float64)
        weights: Tensor = self._turn @ drawn.to(self._turn.device)
        return weights.to(self._dtype)
