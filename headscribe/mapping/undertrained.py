"""Tokens that training hardly touched, found from their embeddings (Land and Bartolo 2024, arXiv 2405.05417).

Section 2.2 of the paper: every step of training pushes the logits of all tokens that do not occur down by
one constant vector, so the rows of U of unused tokens come to point one way, and with weight decay their
rows of E shrink. The indicators are therefore, for a tied model, the cosine distance of a row of U from the
mean row of tokens known to be unused and, for an untied one, the norm of a row of E. The paper looks the
known tokens up for each model, takes the lowest 2 % as candidates and confirms them by prompting (section
2.3). Here everything comes from the checkpoint, without labels:

- **Known to be unused** are rows without a token, tokens for bytes that UTF-8 never uses, and special
  tokens; of these, the largest group whose rows of U point one way. Special tokens that training used lie
  elsewhere and fall out. In weights that nobody trained nothing points one way, and nothing is found.
- **Threshold**: a tenth of the way from the group's median indicator to the vocabulary's. In the results
  that the authors published (github.com/cohere-ai/magikarp) two thirds of the candidates were confirmed up
  to 0.03 (OLMo-2 7B), 0.08 (GPT-2 medium), 0.11 (Gemma 3 12B) and 0.11 (Llama 3 8B) of that way.
- The group must lie clearly below the vocabulary, else the indicator says nothing. An untied model trained
  without weight decay on E fails that; the cosine distance is taken then, as the authors did for OLMo.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from headscribe.mapping.devices import choose_arithmetic
from headscribe.mapping.source_view import BLOCK, token_ids

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from headscribe.core.settings import MapSettings
    from headscribe.mapping.checkpoint import Checkpoint

Indicator = Literal["cosine distance", "norm"]

WAY = 0.1
"""How far from the unused tokens' indicator to the vocabulary's median a token counts as undertrained."""
ONE_WAY = 0.95
"""Cosine from which two rows of U point one way; unused tokens of published models have 0.99 and more."""
CLEARLY_BELOW = 3.0
"""How far the group must lie below the vocabulary's median, in distances from there to the lowest 16 %."""
_LEAST_GROUP, _MOST_CANDIDATES = 3, 2048


@dataclass(frozen=True, slots=True)
class Undertrained:
    """The tokens found, and what decided.

    Attributes:
        ids: the tokens, the most clearly untrained first; rows without a token are not among them.
        indicator: what was measured, None where nothing could be: ids is then empty.
        known: ids of the rows known to be unused.
        level: their median indicator.
        median: the vocabulary's median indicator.
    """

    ids: tuple[int, ...] = ()
    indicator: Indicator | None = None
    known: tuple[int, ...] = ()
    level: float = 0.0
    median: float = 0.0

    @property
    def threshold(self) -> float:
        """The indicator up to which a token counts as undertrained."""
        return self.level + WAY * (self.median - self.level)


def undertrained_tokens(checkpoint: Checkpoint, settings: MapSettings) -> Undertrained:
    """The tokens of a checkpoint that training hardly touched.

    Args:
        checkpoint: an open checkpoint; all of U is read, and all of E of an untied model.
        settings: device and dtype in which these are held; what is computed is float32.

    Raises:
        BadOption: the device cannot be used.
        DamagedCheckpoint: a tensor cannot be read.
    """
    vocabulary, arithmetic = checkpoint.vocabulary, choose_arithmetic(settings)
    candidates = sorted({*vocabulary.padded} | vocabulary.never_in_text | vocabulary.controls)
    unembedding = checkpoint.unembedding(arithmetic.dtype, arithmetic.device)
    known = pointing_one_way(unembedding, candidates)
    if not known:
        return Undertrained()
    tokens = torch.tensor(token_ids(checkpoint), device=unembedding.device)
    if not checkpoint.facts.tied:
        norms = _norms(checkpoint.embedding(arithmetic.dtype, arithmetic.device))
        found = decide(norms, known, tokens, "norm")
        if found.indicator is not None:
            return found
    return decide(cosine_distances(unembedding, known), known, tokens, "cosine distance")


def pointing_one_way(rows: Float[Tensor, "vocab d_model"], candidates: list[int]) -> list[int]:
    """The largest group of candidates whose rows all point the way of one of them.

    Args:
        rows: U^T, [vocab, d_model].
        candidates: ids; of more than 2,048 some are taken, evenly spread.

    Returns:
        The ids; none where fewer than three point one way. Rows of zeros point nowhere.
    """
    some = torch.tensor(candidates[:: len(candidates) // _MOST_CANDIDATES + 1], device=rows.device).long()
    vectors = rows[some].float()
    norms = _norms(vectors)
    some, unit = some[norms > 0], vectors[norms > 0] / norms[norms > 0, None]
    if not len(some):
        return []
    alike = unit @ unit.T >= ONE_WAY
    group: list[int] = some[alike[alike.sum(1).argmax()]].tolist()
    return group if len(group) >= _LEAST_GROUP else []


def cosine_distances(rows: Float[Tensor, "vocab d_model"], known: list[int]) -> Float[Tensor, " vocab"]:
    """1 - cosine of every row with the mean of the known ones: [vocab]; 0 for rows of zeros, never trained.

    Args:
        rows: U^T, [vocab, d_model].
        known: ids of the rows whose mean is compared with.
    """
    mean, norms = rows[known].float().mean(0), _norms(rows)
    cosines = torch.cat([part.float() @ mean for part in torch.split(rows, BLOCK)]) / (norms * _norms(mean))
    return torch.where(norms > 0, 1 - cosines, 0)


def decide(
    values: Float[Tensor, " vocab"], known: list[int], tokens: Int[Tensor, " n"], indicator: Indicator
) -> Undertrained:
    """The tokens at most a tenth of the way from the unused ones' indicator to the vocabulary's median.

    Args:
        values: the indicator of every row, [vocab]; small is untrained.
        known: ids of rows known to be unused.
        tokens: ids of the rows that belong to a token.
        indicator: its name.

    Returns:
        What was found; without an indicator where the unused rows are not clearly below the vocabulary.
    """
    of_tokens = values[tokens]
    ordered = of_tokens.sort().values
    low, median = ordered[int(0.16 * len(ordered))].item(), ordered[len(ordered) // 2].item()
    level = values[known].median().item()
    if median - level < CLEARLY_BELOW * (median - low) or not median > level:
        return Undertrained()
    found = Undertrained((), indicator, tuple(known), level, median)
    order = of_tokens.argsort(stable=True)[: int((of_tokens <= found.threshold).sum())]
    return replace(found, ids=tuple(tokens[order].tolist()))


def _norms(rows: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(rows, dim=-1, dtype=torch.float32)
    return norms
