"""The list of heads that the literature names: what is said of a model fits it."""

from __future__ import annotations

import pytest

from headscribe.eval.compare import KnownModel, known_models, recognise
from headscribe.store.headers import Model

MODELS = {model.name: model for model in known_models()}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request: pytest.FixtureRequest) -> KnownModel:
    return request.param


def test_every_named_head_is_one_of_the_model_s(model: KnownModel) -> None:
    layers, heads = int(model.shape["n_layers"]), int(model.shape["n_heads"])
    assert all(named.head.layer < layers and named.head.head < heads for named in model.heads)
    assert len({(named.head, named.role.name, named.source) for named in model.heads}) == len(model.heads)


def test_every_model_is_known_by_its_shape_and_certain_by_its_hub_id(model: KnownModel) -> None:
    assert recognise(model.shape, model.hub_ids[0]) == (model, True)
    assert recognise(model.shape, None) == (model, False)
    assert recognise({**model.shape, "d_model": 7}, model.hub_ids[0]) is None


def test_a_shape_is_told_by_facts_that_a_map_has(model: KnownModel) -> None:
    assert set(model.shape) <= set(Model.model_fields)


@pytest.mark.parametrize(
    ("name", "head", "role", "published"),
    [
        ("Pythia-6.9B", "L7H26", "induction", 0.89),
        ("Pythia-6.9B", "L8H11", "induction", 0.83),
        ("Llama 3 8B", "L15H30", "induction", 0.98),
        ("OLMo-2-7B", "L9H2", "induction", 0.93),
        ("Llama 2 7B", "L11H15", "induction", 0.92),
        ("Llama 2 7B", "L16H19", "retrieval", 0.94),
        ("GPT-2 small", "L5H1", "long-prefix induction", None),
    ],
)
def test_published_figures_stand_beside_their_heads(
    name: str, head: str, role: str, published: float | None
) -> None:
    (named,) = [row for row in MODELS[name].heads if (row.head.name, row.role.name) == (head, role)]
    assert named.published == published
