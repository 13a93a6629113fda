"""The residual blocks of a running model, and what passes through their MLPs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from headscribe.inference.finite import require_finite
from headscribe.inference.hooks import Tap, tapped
from headscribe.inference.layout import layout_of
from headscribe.inference.running_model import RunningModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int

SeePost = Callable[[int, Tensor], Tensor | None]
"""Told a layer and its post-activations, [batch, length, d_mlp]; what it gives, if anything, replaces them.

The post-activation is what W_out multiplies: act(rise(x)), or act(gate(x)) · up(x) in a gated MLP.
"""

SeePre = Callable[[int, int, Tensor], None]
"""Told a layer, which of its input layers (0; 1 for up beside gate), and what that gives, as above."""


class _Enough(Exception):
    """Stops a forward pass behind the last layer that somebody wants to see."""


class Blocks:
    """Finds the parts of every block.

    Attributes:
        model: the running model.
        layout: where its parts sit.
        final_norm: the norm in front of the unembedding.
        gated: whether the MLP is act(gate(x)) · up(x), else it is act(rise(x)).
        n_layers: blocks.
        d_mlp: neurons per layer.
    """

    def __init__(self, model: RunningModel) -> None:
        """Raises ``UnsupportedFamily`` where it is not known where the parts sit."""
        self.model, self.layout = model, layout_of(model.network)
        self._decoder: Any = model.network.get_decoder()
        self._blocks: Sequence[nn.Module] = getattr(self._decoder, self.layout.blocks)
        self.final_norm: nn.Module = getattr(self._decoder, self.layout.final_norm)
        self.gated = self.layout.fused or len(self.layout.rise) > 1
        self.n_layers = len(self._blocks)
        self.d_mlp: int = matrix(self.part(0, self.layout.fall)).shape[1]

    def block(self, layer: int) -> nn.Module:
        """A block itself."""
        return self._blocks[layer]

    def part(self, layer: int, name: str) -> Any:
        """A module by its name below a block."""
        return attrgetter(name)(self._blocks[layer])

    def rise(self, layer: int) -> list[tuple[nn.Module, int]]:
        """The linear layers that the MLP begins with, and where in their output its neurons begin."""
        modules = [self.part(layer, name) for name in self.layout.rise]
        starts = (0, self.d_mlp) if self.layout.fused else (0,)
        return [(module, start) for module in modules for start in starts]

    def activation(self, x: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """The MLP's activation function."""
        mlp = self.part(0, self.layout.fall.rpartition(".")[0])
        function: Callable[[Tensor], Tensor] = getattr(mlp, self.layout.activation)
        return function(x)

    @torch.inference_mode()
    def run(
        self,
        ids: Int[Tensor, "batch length"],
        layers: Collection[int],
        see: SeePost,
        *,
        see_pre: SeePre | None = None,
        tap: Tap | None = None,
    ) -> None:
        """Run prompts as far as the last of some layers, without logits.

        Args:
            ids: [batch, length]; padding, if any, on the right, where causal attention never looks.
            layers: whose activations are shown.
            see: told of post-activations.
            see_pre: told what the input layers give.
            tap: sees the attention of every layer that runs.
        """
        last = max(layers)

        def see_and_stop(layer: int, post: Tensor) -> Tensor | None:
            changed = see(layer, post)
            if layer == last:
                raise _Enough
            return changed

        with ExitStack() as stack:
            stack.enter_context(self.seen(layers, see_and_stop, see_pre))
            if tap is not None:
                stack.enter_context(tapped(tap))
            try:
                self.forward(ids)
            except _Enough:
                return

    def forward(self, ids: Int[Tensor, "batch length"]) -> None:
        """Run prompts, [batch, length], through every block, without logits."""
        self._decoder(input_ids=ids.to(self.model.device), use_cache=False)

    @contextmanager
    def seen(self, layers: Collection[int], see: SeePost, see_pre: SeePre | None = None) -> Iterator[None]:
        """Show the activations of some layers in every forward pass inside the block."""
        with ExitStack() as stack:
            for layer in layers:
                fall = self.part(layer, self.layout.fall)
                stack.callback(fall.register_forward_pre_hook(partial(_show, see, layer)).remove)
                if see_pre is None:
                    continue
                for which, (module, start) in enumerate(self.rise(layer)):
                    shown = partial(
                        _show_pre, partial(see_pre, layer, which), slice(start, start + self.d_mlp)
                    )
                    stack.callback(module.register_forward_hook(shown).remove)
            yield


def matrix(module: Any) -> Float[Tensor, "out in"]:
    """A linear layer's weight as [out, in]; GPT-2's Conv1D stores the transpose."""
    weight: Tensor = module.weight.detach()
    return weight if isinstance(module, nn.Linear) else weight.T


def _show(see: SeePost, layer: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    changed = see(layer, require_finite(inputs[0], f"layer {layer} has neurons that give"))
    return None if changed is None else (changed, *inputs[1:])


def _show_pre(
    see: Callable[[Tensor], None], columns: slice, _: nn.Module, __: tuple[Tensor, ...], output: Tensor
) -> None:
    see(output[..., columns])
