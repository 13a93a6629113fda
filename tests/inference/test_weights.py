"""Folded and centred weights do what the running model does, for every family, by its modules' numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headscribe.core.errors import UnsupportedFamily
from headscribe.inference.blocks import Blocks
from headscribe.inference.layout import layout_of
from headscribe.inference.weights import ResidualWeights
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import FAMILY_NAMES, MLP_WIDTH, VOCABULARY, save_tiny

LAYER = 2
EVERY = torch.arange(MLP_WIDTH)
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


def _ids() -> Tensor:
    return torch.randint(2, VOCABULARY, (2, 6), generator=torch.Generator().manual_seed(7))


@pytest.fixture(scope="module", params=FAMILY_NAMES)
def blocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Blocks:
    folder = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder)
    return Blocks(open_both(folder)[1])


@contextmanager
def _passing(module: nn.Module) -> Iterator[list[Tensor]]:
    """What goes into a module and comes out of it in the next pass: [input, output]."""
    seen: list[Tensor] = []
    hook = module.register_forward_hook(lambda _, inputs, output: seen.extend([inputs[0], output]))
    yield seen
    hook.remove()


def _normed(blocks: Blocks, x: Tensor) -> Tensor:
    """A norm without weight and bias: what is left out of folded weights."""
    if isinstance(blocks.final_norm, nn.LayerNorm):
        x = x - x.mean(-1, keepdim=True)
    return x * (x.pow(2).mean(-1, keepdim=True) + 1e-6).rsqrt()


def _steps(x: Tensor) -> Tensor:
    """Differences of neighbouring positions, in which biases cancel."""
    return x[:, 1:] - x[:, :-1]


def _run(blocks: Blocks) -> Any:
    with torch.inference_mode():
        return blocks.model.network(_ids(), use_cache=False)


def test_neurons_read_what_their_folded_input_weights_say(blocks: Blocks) -> None:
    first, pre = blocks.layout.mlp_norm or blocks.layout.rise[0], {}
    with _passing(blocks.part(LAYER, first)) as seen:
        blocks.run(_ids(), [LAYER], lambda _, __: None, see_pre=lambda _, which, x: pre.update({which: x}))
    residual = _normed(blocks, seen[0]) if blocks.layout.mlp_norm else seen[0]
    weights = ResidualWeights(blocks).read_by_neurons(LAYER, EVERY)
    assert len(weights) == len(pre) == (2 if blocks.gated else 1)
    for which, read in enumerate(weights):
        torch.testing.assert_close(_steps(residual @ read.T), _steps(pre[which]), **CLOSE)


def test_the_post_activation_is_the_activation_of_what_the_inputs_give(blocks: Blocks) -> None:
    pre: dict[int, Tensor] = {}
    post: list[Tensor] = []

    def see(_: int, shown: Tensor) -> None:
        post.append(shown)

    blocks.run(_ids(), [LAYER], see, see_pre=lambda _, which, x: pre.update({which: x}))
    expected = blocks.activation(pre[0]) * (pre[1] if blocks.gated else 1)
    torch.testing.assert_close(post[0], expected, rtol=1e-5, atol=1e-5)
    assert post[0].shape == (*_ids().shape, MLP_WIDTH)


def test_neurons_write_what_their_folded_output_weights_say(blocks: Blocks) -> None:
    post: list[Tensor] = []
    with _passing(blocks.part(LAYER, blocks.layout.fall)) as seen:
        blocks.run(_ids(), [LAYER, LAYER + 1], lambda layer, x: post.append(x) if layer == LAYER else None)
    written = post[0] @ ResidualWeights(blocks).written_by_neurons(LAYER, EVERY)
    expected = _behind(blocks, seen[1], blocks.layout.behind_mlp)
    torch.testing.assert_close(_steps(written), _steps(expected), **CLOSE)


def test_heads_write_what_their_folded_output_weights_say(blocks: Blocks) -> None:
    with _passing(blocks.part(LAYER, blocks.layout.output)) as seen:
        _run(blocks)
    shape = blocks.model.shape
    z = seen[0].view(*_ids().shape, shape.n_heads, shape.d_head)
    written = torch.einsum("blhe,hed->bld", z, ResidualWeights(blocks).written_by_heads(LAYER))
    expected = _behind(blocks, seen[1], blocks.layout.behind_attention)
    torch.testing.assert_close(_steps(written), _steps(expected), **CLOSE)


def _behind(blocks: Blocks, output: Tensor, norm: str | None) -> Tensor:
    """What reaches the residual stream, but for the scale of a norm behind and a LayerNorm's mean."""
    if norm is not None:
        module = blocks.part(LAYER, norm)
        with torch.inference_mode():
            return module(output) * (output.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()  # type: ignore[no-any-return]
    return output - output.mean(-1, keepdim=True) if ResidualWeights(blocks).centred else output


def test_the_unembedding_gives_the_logits_less_their_mean(blocks: Blocks) -> None:
    with _passing(blocks.final_norm) as seen:
        logits = _run(blocks).logits
    cap = getattr(blocks.model.network.config.get_text_config(), "final_logit_softcapping", None)
    logits = logits if cap is None else cap * torch.atanh(logits.double() / cap).float()
    weights, every = ResidualWeights(blocks), torch.arange(VOCABULARY)
    unembedding = weights.unembedding(every, weights.unembedding_mean())
    found = _normed(blocks, seen[0]) @ unembedding.T
    expected = logits - logits.mean(-1, keepdim=True)
    torch.testing.assert_close(_steps(found), _steps(expected), **CLOSE)


def test_the_constant_part_of_z_takes_in_the_value_bias(blocks: Blocks) -> None:
    weights, module = ResidualWeights(blocks), blocks.part(0, blocks.layout.value)
    if module.bias is None:
        assert not weights.constant_z(0).any()
        return
    before = blocks.model.watch(_ids()).z[0] - weights.constant_z(0)
    kept = module.bias.detach().clone()
    with torch.no_grad():
        d, width = len(kept) // 3, blocks.model.shape.d_head
        changed = torch.arange(len(kept))
        if blocks.layout.interleaved:
            changed = changed.view(-1, 3, width)[:, 2].flatten()
        elif blocks.layout.value.endswith("c_attn"):
            changed = changed[2 * d :]
        module.bias[changed] += 1 + torch.arange(len(changed)) / 10
        after = blocks.model.watch(_ids()).z[0] - weights.constant_z(0)
        module.bias.copy_(kept)
    torch.testing.assert_close(after, before, **CLOSE)


def test_a_family_without_a_layout_is_refused_by_name() -> None:
    from transformers import BloomConfig, BloomForCausalLM

    other = BloomForCausalLM(BloomConfig(vocab_size=9, hidden_size=8, n_layer=1, n_head=2))
    with pytest.raises(UnsupportedFamily, match=r"bloom model sits is not known.*layout\.py"):
        layout_of(other)
