"""Agreement: heads that map words to their relatives, against heads of random weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headscribe.mapping.parts.agreement import agreement

VOCABULARY, D_MODEL, ROWS = 500, 48, 30
FAMILIES = list(range(VOCABULARY))


def vocabulary(seed: int) -> Tensor:
    """Words in a hundred circles of five relatives each, with a mean that all share."""
    generator = torch.Generator().manual_seed(seed)
    circles = torch.randn(VOCABULARY // 5, D_MODEL, generator=generator, dtype=torch.float64)
    own = torch.randn(VOCABULARY, D_MODEL, generator=generator, dtype=torch.float64)
    return circles.repeat_interleave(5, 0) + own + 3


def rows_of(m: Tensor, seed: int) -> tuple[list[int], list[list[int]]]:
    sources = torch.randperm(VOCABULARY, generator=torch.Generator().manual_seed(seed))[:ROWS]
    return sources.tolist(), m[sources].topk(6, dim=1).indices.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_head_that_writes_relatives_agrees_and_a_random_one_does_not(seed: int) -> None:
    u = vocabulary(seed)
    unit = torch.nn.functional.normalize(u - u.mean(0), dim=1)
    near = agreement(u, u.mean(0), *rows_of(unit @ unit.T, seed), FAMILIES)
    noise = torch.randn(D_MODEL, D_MODEL, generator=torch.Generator().manual_seed(seed)).double()
    far = agreement(u, u.mean(0), *rows_of(unit @ noise @ unit.T, seed), FAMILIES)
    assert near is not None
    assert near > 0.9
    assert far is not None
    assert 0.3 < far < 0.7


def test_targets_spelled_as_their_source_do_not_count() -> None:
    u = vocabulary(0)
    sources = list(range(0, 50, 5))
    noise = [[(source + 237) % VOCABULARY] for source in sources]
    copied = [[source, *row] for source, row in zip(sources, noise, strict=True)]
    assert agreement(u, u.mean(0), sources, copied, FAMILIES) == agreement(
        u, u.mean(0), sources, noise, FAMILIES
    )


def test_fewer_than_four_rows_say_nothing() -> None:
    u = vocabulary(0)
    assert agreement(u, u.mean(0), [0, 1, 2], [[5], [6], [7]], FAMILIES) is None
    assert agreement(u, u.mean(0), [0, 1, 2, 3], [[5], [6], [7], [3]], FAMILIES) is None


def test_rows_that_are_all_alike_are_at_chance() -> None:
    u = vocabulary(0)
    assert agreement(u, u.mean(0), [0, 9, 20, 31], [[100]] * 4, FAMILIES) == pytest.approx(0.5)
