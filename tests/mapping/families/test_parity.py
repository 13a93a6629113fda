"""Every family's weights, as read here, against the running modules of transformers."""

from __future__ import annotations

from typing import Any

import pytest

from headscribe.mapping.checkpoint import open_checkpoint
from tests.mapping.families import parity
from tests.mapping.families.parity import Saved
from tests.mapping.modules import NORMS_BEHIND
from tests.mapping.tiny_models import FAMILY_NAMES, HEADS, save_tiny

VARIANTS = [
    *((family, {}) for family in FAMILY_NAMES),
    ("llama", {"attention_bias": True, "mlp_bias": True}),
    ("llama", {"tie_word_embeddings": True, "num_key_value_heads": HEADS}),
    ("qwen2", {"tie_word_embeddings": True}),
    ("gpt_neox", {"use_parallel_residual": False, "tie_word_embeddings": True}),
    ("phi", {"qk_layernorm": True, "hidden_act": "relu"}),
    ("gpt2", {"tie_word_embeddings": False, "activation_function": "gelu"}),
    ("gpt2", {"n_inner": None, "scale_attn_by_inverse_layer_idx": True}),
    ("gemma", {"hidden_act": "gelu"}),
    # a norm all but undoes the scaling of the embedding, unless its epsilon is large
    *((family, {"rms_norm_eps": 0.5}) for family in ("gemma", "gemma2", "gemma3")),
]


@pytest.fixture(params=VARIANTS, ids=lambda variant: "-".join([variant[0], *variant[1]]), scope="module")
def saved(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    family, overrides = request.param
    folder = tmp_path_factory.mktemp(family)
    return family, folder, save_tiny(family, folder, **overrides)


def test_facts_come_from_the_configuration(saved: Saved) -> None:
    parity.check_facts(saved)


def test_embeddings_equal_the_model_s_own(saved: Saved) -> None:
    parity.check_embeddings(saved)


def test_attention_to_one_token_is_the_sum_over_heads_plus_biases(saved: Saved) -> None:
    parity.check_attention(saved)


def test_the_first_mlp_view_equals_norm_and_mlp_of_block_0(saved: Saved) -> None:
    parity.check_first_mlp(saved)


def test_families_say_what_they_do_beyond_the_paper(saved: Saved) -> None:
    family, folder, _ = saved
    notes = " ".join(open_checkpoint(str(folder)).facts.notes)
    assert ("scaled" in notes) == family.startswith("gemma")
    assert ("folded" in notes) == (family in NORMS_BEHIND)
