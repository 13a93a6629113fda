"""What a model says next without a head is what it says with the head's output taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headscribe.core.heads import Head
from headscribe.inference.next_tokens import next_tokens
from headscribe.inference.running_model import RunningModel
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import HEADS, VOCABULARY, save_tiny

IDS = (5, 2, 9, 2, 7)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> RunningModel:
    folder: Path = tmp_path_factory.mktemp("model")
    save_tiny("llama", folder)
    return open_both(folder)[1]


def test_probabilities_with_and_without_a_head(model: RunningModel) -> None:
    head = Head(1, HEADS - 1)
    watched = model.watch(torch.tensor([IDS]), keep_keys=True)
    present = watched.logits[0].double().softmax(0)
    ablated = model.silenced(watched, [head])[0].double().softmax(0)
    found = next_tokens(model, IDS, head, 6)
    assert [one.id for one in found.likeliest] == present.topk(6).indices.tolist()
    assert [one.id for one in found.ablated] == ablated.topk(6).indices.tolist()
    assert [one.id for one in found.raised] == (present - ablated).topk(6).indices.tolist()
    assert [one.id for one in found.lowered] == (ablated - present).topk(6).indices.tolist()
    for one in (*found.likeliest, *found.lowered):
        assert (one.present, one.ablated) == pytest.approx((float(present[one.id]), float(ablated[one.id])))


def test_no_more_tokens_than_there_are(model: RunningModel) -> None:
    assert len(next_tokens(model, IDS[:1], Head(0, 0), VOCABULARY * 2).raised) == model.n_logits
