"""Values, readouts and their standardised product, against the whole V × V map in float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headscribe.mapping.parts.readout import Readouts
from headscribe.mapping.parts.spread import moments_of, spread_of_values

ROWS, TARGETS, HEADS, D_MODEL, D_HEAD = 301, 211, 3, 13, 5


def _drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def weights() -> dict[str, Tensor]:
    usable = torch.ones(ROWS, dtype=torch.bool)
    usable[::7] = False
    return {
        "x": _drawn(0, ROWS, D_MODEL) + 3,
        "w_v": _drawn(1, HEADS, D_MODEL, D_HEAD),
        "w_o": _drawn(2, HEADS, D_HEAD, D_MODEL),
        "u": _drawn(3, TARGETS, D_MODEL),
        "usable": usable,
    }


def _plain(weights: dict[str, Tensor], head: int) -> tuple[Tensor, Tensor]:
    """D and σ, from the whole map."""
    whole = weights["x"] @ weights["w_v"][head] @ weights["w_o"][head] @ weights["u"].T
    inside = whole[weights["usable"]]
    return whole - inside.mean(0), inside.std(0, correction=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_products_equal_the_whole_map(weights: dict[str, Tensor], dtype: torch.dtype) -> None:
    x, w_v, w_o, u = (weights[name].to(dtype) for name in ("x", "w_v", "w_o", "u"))
    values = x @ w_v
    found = spread_of_values(values, weights["usable"])
    read = Readouts(w_o, found.root, dtype).of(u)
    standardised = torch.bmm(found.whitened(values), read.unit.transpose(1, 2))
    specific = standardised * read.deviations[:, None]
    close = 1e-10 if dtype == torch.float64 else 1e-4
    for head in range(HEADS):
        entries, deviations = _plain(weights, head)
        torch.testing.assert_close(specific[head].double(), entries, rtol=close, atol=close * 100)
        torch.testing.assert_close(read.deviations[head].double(), deviations, rtol=close, atol=close)
        torch.testing.assert_close(
            standardised[head].double(), entries / deviations, rtol=close, atol=close * 10
        )


def test_whitened_values_of_the_usable_sources_have_the_covariance_one(weights: dict[str, Tensor]) -> None:
    values = weights["x"] @ weights["w_v"]
    white = spread_of_values(values, weights["usable"]).whitened(values)[:, weights["usable"]]
    torch.testing.assert_close(white.mean(1), torch.zeros(HEADS, D_HEAD).double(), rtol=0, atol=1e-10)
    covariance = white.transpose(1, 2) @ white / white.shape[1]
    torch.testing.assert_close(
        covariance, torch.eye(D_HEAD).double().expand(HEADS, -1, -1), rtol=0, atol=1e-10
    )


def test_no_entry_exceeds_its_source_s_mahalanobis_norm(weights: dict[str, Tensor]) -> None:
    values = weights["x"] @ weights["w_v"]
    found = spread_of_values(values, weights["usable"])
    white, unit = (
        found.whitened(values),
        Readouts(weights["w_o"], found.root, torch.float64).of(weights["u"]).unit,
    )
    assert ((white @ unit.transpose(1, 2)).amax(2) <= white.norm(dim=2) + 1e-10).all()


def test_sources_have_the_spread_and_the_whitened_values_of_their_values(weights: dict[str, Tensor]) -> None:
    values = weights["x"] @ weights["w_v"]
    at_hand = spread_of_values(values, weights["usable"])
    through = moments_of(weights["x"][None], weights["usable"]).spread_through(weights["w_v"])
    torch.testing.assert_close(through.mean, at_hand.mean)
    torch.testing.assert_close(
        through.root @ through.root.transpose(1, 2), at_hand.root @ at_hand.root.transpose(1, 2)
    )
    assert through.n_sources == at_hand.n_sources == int(weights["usable"].sum())
    torch.testing.assert_close(
        through.read(weights["x"], weights["w_v"]), through.whitened(values), rtol=0, atol=1e-10
    )


def test_a_direction_in_which_values_do_not_vary_counts_for_nothing(weights: dict[str, Tensor]) -> None:
    w_v = weights["w_v"].clone()
    w_v[:, :, 4] = w_v[:, :, 3]  # four directions are left
    values = weights["x"] @ w_v
    found = spread_of_values(values, weights["usable"])
    assert (found.root[:, :, 4] == 0).all()
    assert (found.root[:, :, 3] != 0).any(1).all()
    entries, deviations = _plain({**weights, "w_v": w_v}, 1)
    read = Readouts(weights["w_o"], found.root, torch.float64).of(weights["u"])
    torch.testing.assert_close(found.whitened(values)[1] @ read.unit[1].T, entries / deviations)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_target_that_no_source_moves_is_flat_and_its_entries_are_zero(
    weights: dict[str, Tensor], dtype: torch.dtype
) -> None:
    u = weights["u"].clone()
    u[17] = 0
    # what is orthogonal to everything that head 2 writes
    u[50] = torch.linalg.svd(weights["w_o"][2]).Vh[-1] * 40
    u, w_o, values = u.to(dtype), weights["w_o"].to(dtype), (weights["x"] @ weights["w_v"]).to(dtype)
    found = spread_of_values(values, weights["usable"])
    read = Readouts(w_o, found.root, dtype).of(u)
    assert (read.deviations[2] == 0).nonzero().flatten().tolist() == [17, 50]
    assert (read.deviations[0] == 0).nonzero().flatten().tolist() == [17]
    assert (read.unit[2, [17, 50]] == 0).all()
    assert read.unit.isfinite().all()
