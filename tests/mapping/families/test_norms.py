"""Norms and biases around every family's heads, as read here, against the running modules of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.devices import Arithmetic
from headscribe.mapping.source_view import source_vectors
from tests.mapping.modules import (
    LAYER_NORMS,
    attention,
    blocks,
    changed,
    final_norm,
    linear_part,
    norm_behind_attention,
    output_projection,
    seen_before,
)
from tests.mapping.tiny_models import FAMILY_NAMES, LAYERS, VOCABULARY, save_tiny

CPU = Arithmetic(torch.device("cpu"), torch.float32)
CLOSE = {"rtol": 1e-4, "atol": 1e-4}

VARIANTS = [
    *((family, {}) for family in FAMILY_NAMES),
    *((family, {"attention_bias": True}) for family in ("llama", "qwen3", "gemma2", "olmo2")),
    ("gpt_neox", {"attention_bias": False}),
    ("gpt_neox", {"use_parallel_residual": False}),
    # an epsilon that shows where it is left out, or stands on the wrong side of a scale
    *((family, {"rms_norm_eps": 0.5}) for family in ("llama", "gemma", "gemma3", "olmo2")),
    *((family, {"layer_norm_eps": 0.5}) for family in ("gpt_neox", "phi")),
    ("gpt2", {"layer_norm_epsilon": 0.5}),
]


class Both:
    """One tiny checkpoint, as read here and as transformers runs it."""

    def __init__(self, family: str, folder: Path, overrides: dict[str, Any]) -> None:
        self.family = family
        self.model: Any = save_tiny(family, folder, **overrides)
        self.checkpoint: Checkpoint = open_checkpoint(str(folder))
        self.blocks: Any = blocks(self.model, family)

    def behind(self, layer: int, written: Tensor) -> Tensor:
        """What reaches the unembedding of what a layer's heads write, but for the norms' scales per token."""
        if norm := norm_behind_attention(self.blocks[layer], self.family):
            written = linear_part(norm, written, centred=False)
        return linear_part(final_norm(self.model, self.family), written, centred=self.family in LAYER_NORMS)


@pytest.fixture(params=VARIANTS, ids=lambda variant: "-".join([variant[0], *variant[1]]), scope="module")
def both(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Both:
    family, overrides = request.param
    return Both(family, tmp_path_factory.mktemp(family), overrides)


@pytest.mark.parametrize("layer", range(LAYERS))
@torch.no_grad()
def test_values_of_one_token_pass_norm_weights_and_biases(both: Both, layer: int) -> None:
    block, facts = both.blocks[layer], both.checkpoint.facts
    with seen_before(block) as streams, seen_before(output_projection(block)) as read:
        for token in (5, 77, VOCABULARY - 1):
            both.model(torch.tensor([[token]]))
    stream = torch.cat(streams)[:, 0]  # [tokens, d_model]
    expected = torch.cat(read)[:, 0].view(len(stream), facts.n_heads, facts.d_head)
    ov = both.checkpoint.ov(layer, norms="fold")
    # [n, d_model] @ [n_kv_heads, d_model, d_head]
    values = both.checkpoint.head_norm()(stream) @ ov.w_v + ov.value_bias[:, None]
    group = facts.n_heads // facts.n_kv_heads
    torch.testing.assert_close(values.repeat_interleave(group, 0).transpose(0, 1), expected, **CLOSE)


@pytest.mark.parametrize("layer", range(LAYERS))
@torch.no_grad()
def test_what_a_head_writes_passes_the_norms_behind_it(both: Both, layer: int) -> None:
    facts, project = both.checkpoint.facts, output_projection(both.blocks[layer])
    ov = both.checkpoint.ov(layer, norms="fold")
    bias = project(torch.zeros(1, facts.n_heads * facts.d_head))
    torch.testing.assert_close(ov.output_bias[None], both.behind(layer, bias), **CLOSE)
    z = torch.randn(7, facts.n_heads, facts.d_head)
    for head in range(facts.n_heads):
        alone = torch.zeros_like(z)
        alone[:, head] = z[:, head]
        expected = both.behind(layer, project(alone.flatten(1)) - bias)
        torch.testing.assert_close(z[:, head] @ ov.w_o[head], expected, **CLOSE)


@torch.no_grad()
def test_the_residual_view_is_what_block_0_gives_without_attention(both: Both) -> None:
    ids = torch.tensor([3, 1, 4, VOCABULARY - 1])
    if both.family == "gpt2":
        both.model.transformer.wpe.weight.zero_()  # the view knows no positions
    with (
        changed(attention(both.blocks[0]), torch.zeros_like),
        seen_before(both.blocks[0]) as before,
        seen_before(both.blocks[1]) as behind,
    ):
        both.model(ids[:, None])
    view = source_vectors(both.checkpoint, "residual", CPU, ids)
    torch.testing.assert_close(view, behind[0][:, 0], **CLOSE)
    # what layer 0 itself reads, where its norm stands in front
    raw = source_vectors(both.checkpoint, "raw", CPU, ids, "fold")
    torch.testing.assert_close(raw, both.checkpoint.head_norm()(before[0][:, 0]), **CLOSE)


def test_left_norms_leave_out_both_norms_and_keep_the_biases(both: Both) -> None:
    left, folded = both.checkpoint.ov(2), both.checkpoint.ov(2, norms="fold")
    block, facts = both.blocks[2], both.checkpoint.facts
    with torch.no_grad():
        project = output_projection(block)
        bias = project(torch.zeros(1, facts.n_heads * facts.d_head))
        if norm := norm_behind_attention(block, both.family):
            bias = linear_part(norm, bias, centred=False)
    torch.testing.assert_close(left.output_bias[None], bias, **CLOSE)
    weights = folded.w_v / left.w_v  # γ_l, the same for every value head and dimension
    torch.testing.assert_close(weights, weights[:1, :, :1].expand_as(weights), **CLOSE)
    assert torch.equal(weights == 1, torch.full_like(weights, both.family == "olmo2", dtype=torch.bool))


@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["gpt2", "gemma2"])
def test_folding_changes_nothing_that_is_read_again(family: str, stored: torch.dtype, tmp_path: Path) -> None:
    save_tiny(family, tmp_path, dtype=stored)
    checkpoint = open_checkpoint(str(tmp_path))
    before = [tensor.clone() for tensor in checkpoint.ov(1).tensors()]
    folded = checkpoint.ov(1, norms="fold").tensors()
    for once, again in zip(folded, checkpoint.ov(1, norms="fold").tensors(), strict=True):
        assert torch.equal(once, again)
    for once, again in zip(before, checkpoint.ov(1).tensors(), strict=True):
        assert torch.equal(once, again)
