"""Tokens that training hardly touched, planted and found; none in weights that nobody trained."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from headscribe.core.settings import MapSettings
from headscribe.mapping.undertrained import Undertrained, undertrained_tokens
from headscribe.mapping.usable_tokens import usable_tokens
from tests.mapping.memory_checkpoint import MemoryCheckpoint, Words

VOCAB, WIDTH = 700, 48
PADDED, CONTROLS = tuple(range(690, 700)), frozenset({0, 1, 2, 3})
FORGOTTEN = (77, 150, 600)
"""Tokens of text that are planted as never trained."""


def trained(seed: int) -> Tensor:
    """Rows with a common part, as those of real models have, and a part of their own: [vocab, d_model]."""
    generator = torch.Generator().manual_seed(seed)
    own = torch.randn(VOCAB, WIDTH, generator=generator)
    return own + 0.8 * torch.randn(WIDTH, generator=generator)


def pushed_down(rows: Tensor, ids: tuple[int, ...], seed: int) -> Tensor:
    """The rows, with one and the same vector, but for a little noise, in those of ``ids``."""
    generator = torch.Generator().manual_seed(seed)
    rows = rows.clone()
    rows[list(ids)] = torch.randn(WIDTH, generator=generator) + 0.01 * torch.randn(
        len(ids), WIDTH, generator=generator
    )
    return rows


def checkpoint(e: Tensor, u: Tensor | None = None, **words: object) -> MemoryCheckpoint:
    vocabulary = Words(PADDED, controls=CONTROLS, **words)
    heads = torch.zeros(1, 1, WIDTH, 5), torch.zeros(1, 1, 5, WIDTH)
    return MemoryCheckpoint(e, e if u is None else u, *heads, torch.zeros(WIDTH, WIDTH), vocabulary)


def find(model: MemoryCheckpoint) -> Undertrained:
    return undertrained_tokens(model.opened(), MapSettings())


@pytest.mark.parametrize("known", [PADDED, (0, 2, 3), (1, *PADDED)])
def test_a_tied_model_shows_tokens_that_point_the_way_of_unused_ones(known: tuple[int, ...]) -> None:
    found = find(checkpoint(pushed_down(trained(0), (*known, *FORGOTTEN), seed=1)))
    assert found.indicator == "cosine distance"
    assert set(found.known) == set(known)
    assert set(found.ids) == {*FORGOTTEN, *known} - set(PADDED)


def test_an_untied_model_shows_tokens_whose_embedding_decayed() -> None:
    e = trained(0)
    e[[*PADDED, *FORGOTTEN]] *= 1e-3
    e[9] *= 0.6  # a frequent word may well be short
    found = find(checkpoint(e, pushed_down(trained(2), PADDED, seed=3)))
    assert found.indicator == "norm"
    assert set(found.ids) == set(FORGOTTEN)


def test_an_untied_model_without_weight_decay_shows_them_in_the_unembedding() -> None:
    u = pushed_down(trained(2), (*PADDED, *FORGOTTEN), seed=3)
    found = find(checkpoint(trained(0), u))
    assert found.indicator == "cosine distance"
    assert set(found.ids) == set(FORGOTTEN)


@pytest.mark.parametrize("tied", [True, False])
@given(seed=st.integers(0, 2**20))
@settings(max_examples=20, deadline=None)
def test_weights_that_nobody_trained_show_none(tied: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    e, u = torch.randn(2, VOCAB, WIDTH, generator=generator).unbind()
    assert find(checkpoint(e, None if tied else u)) == Undertrained()


@pytest.mark.parametrize("tied", [True, False])
def test_unused_rows_that_do_not_stand_out_show_nothing(tied: bool) -> None:
    alike = torch.randn(WIDTH, generator=torch.Generator().manual_seed(5))
    e = alike + 0.1 * torch.randn(VOCAB, WIDTH, generator=torch.Generator().manual_seed(6))
    assert find(checkpoint(e, None if tied else e.clone())) == Undertrained()


def test_a_row_of_zeros_was_never_trained() -> None:
    e = pushed_down(trained(0), PADDED, seed=1)
    e[[5, 691]] = 0
    found = find(checkpoint(e))
    assert 691 not in found.known
    assert found.ids == (5,)


def test_the_order_of_rows_and_the_basis_make_no_difference() -> None:
    e = pushed_down(trained(0), (*PADDED, *FORGOTTEN), seed=1)
    rotation, _ = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(8)))
    assert set(find(checkpoint(3 * e @ rotation)).ids) == set(find(checkpoint(e)).ids) == set(FORGOTTEN)


def test_usable_tokens_are_text_and_trained_and_every_other_row_has_one_reason() -> None:
    pieces = frozenset({1, 20, 21, 150})  # 1 is special too, and 150 undertrained
    e = pushed_down(trained(0), (*PADDED, *FORGOTTEN), seed=1)
    found = usable_tokens(checkpoint(e, byte_pieces=pieces).opened(), MapSettings())
    out = {*PADDED, *CONTROLS, *pieces, *FORGOTTEN}
    assert set((~found.mask).nonzero().flatten().tolist()) == out
    assert found.left_out == {
        "without a token": 10, "special": 4, "byte pieces": 3, "without text": 0, "undertrained": 2,
    }  # fmt: skip
    assert sum(found.left_out.values()) == int((~found.mask).sum())
    assert set(found.undertrained.ids) == set(FORGOTTEN)
