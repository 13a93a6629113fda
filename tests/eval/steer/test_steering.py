"""Steering against the same thing done one by one, and on a head whose effect is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headscribe.core.heads import Head
from headscribe.eval.steer.named import NamedSource
from headscribe.eval.steer.steering import Steering
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import save_tiny

HEAD = Head(2, 4)
TEXTS = ([5, 9, 3], [7, 2])
NAMED = (NamedSource(4, (8, 11)), NamedSource(6, (8,)), NamedSource(3, (20,)))


def test_figures_are_means_over_texts_and_targets(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path)
    model = open_both(tmp_path)[1]
    values = 3 * torch.randn(len(NAMED), model.shape.d_head, generator=torch.Generator().manual_seed(1))
    found = Steering(model, TEXTS).of_head(HEAD, NAMED, values)

    def percentile(place: int, target: int, ids: list[int]) -> tuple[float, float]:
        clean = model.watch(torch.tensor([ids]), keep_keys=True)
        after = model.steered(clean, [HEAD], values[place : place + 1])[0]
        rise = after - clean.logits[0]
        below = (rise < rise[target]).sum() + 0.5 * (rise == rise[target]).sum()
        change = after.log_softmax(-1)[target] - clean.logits[0].log_softmax(-1)[target]
        return float(below) / len(rise), float(change)

    def mean(pairs: list[tuple[int, int]], which: int) -> float:
        every = [percentile(place, target, ids)[which] for place, target in pairs for ids in TEXTS]
        return sum(every) / len(every)

    assert found[0].raised == pytest.approx(mean([(0, 8), (0, 11)], 0), abs=1e-6)
    assert found[0].change == pytest.approx(mean([(0, 8), (0, 11)], 1), abs=1e-4)
    # target 8 is named for source 6 too, which therefore is no other source for it
    assert found[0].raised_by_others == pytest.approx(mean([(2, 8), (1, 11), (2, 11)], 0), abs=1e-6)
    assert found[2].raised_by_others == pytest.approx(mean([(0, 20), (1, 20)], 0), abs=1e-6)
    assert [one.source for one in found] == list(NAMED)


def test_one_source_alone_has_no_others(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path)
    model = open_both(tmp_path)[1]
    (only,) = Steering(model, TEXTS).of_head(HEAD, NAMED[:1], torch.ones(1, model.shape.d_head))
    assert only.raised_by_others is None


def test_a_value_that_is_nothing_raises_nothing(tmp_path: Path) -> None:
    """Percentiles of a tie are in the middle; rounding leaves the rest near it."""
    save_tiny("llama", tmp_path)
    model = open_both(tmp_path)[1]
    steering = Steering(model, TEXTS)
    (nothing, *_) = steering.of_head(HEAD, NAMED, torch.zeros(len(NAMED), model.shape.d_head))
    assert nothing.change == pytest.approx(0, abs=1e-5)
