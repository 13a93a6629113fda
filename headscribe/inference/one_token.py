"""What a running model's own modules make of vectors that stand for prompts of one token.

Attention to a single token gives that token's value, whatever queries and keys are: a head is then its value
and output weights, with the norms around them, and nothing else.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from headscribe.inference.blocks import Blocks
from headscribe.inference.hooks import Tap, tapped
from headscribe.inference.running_model import RunningModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int

LARGE = 1e3
"""Root mean square of what is put through a norm: beside it the norm's epsilon is nothing."""


class OneTokenModel:
    """A running model that reads vectors of the residual stream in place of tokens.

    Vectors have the model's dtype and device.

    Raises:
        UnsupportedFamily: where the parts of its blocks sit is not known.
    """

    def __init__(self, model: RunningModel) -> None:
        self._model, self._parts = model, Blocks(model)

    @torch.inference_mode()
    def embedded(self, ids: Int[Tensor, " n"]) -> Float[Tensor, "n d_model"]:
        """What the model makes of tokens on input, without positions: [n] -> [n, d_model]."""
        rows: Tensor = self._model.network.get_input_embeddings()(ids)
        return rows

    @torch.inference_mode()
    def block_0(
        self, stream: Float[Tensor, "n d_model"]
    ) -> tuple[Float[Tensor, "n d_model"], Float[Tensor, "n d_model"]]:
        """What block 0's MLP gives, and what the block gives, while its attention gives nothing.

        Args:
            stream: what the block reads, [n, d_model]; both results have this shape.
        """
        layout, seen = self._parts.layout, []
        attention, mlp = (
            self._parts.part(0, name.rpartition(".")[0]) for name in (layout.output, layout.fall)
        )
        with ExitStack() as stack:
            stack.callback(attention.register_forward_hook(_zeros).remove)
            for module in (mlp, self._parts.block(0)):
                see = module.register_forward_hook(lambda _, __, output: seen.append(_first(output)))
                stack.callback(see.remove)
            self._run(stream)
        through_mlp, behind = seen
        return through_mlp[:, 0], behind[:, 0]

    @torch.inference_mode()
    def values(self, stream: Float[Tensor, "n d_model"]) -> list[Float[Tensor, "n n_heads d_head"]]:
        """z of every layer, were that what it reads: [n, d_model] -> [n, n_heads, d_head] each."""
        seen = _Values()
        with tapped(seen):
            self._run(stream)
        return seen.z

    @torch.inference_mode()
    def written(self, layer: int, z: Float[Tensor, "n n_heads d_head"]) -> Float[Tensor, "n n_heads d_model"]:
        """What reaches the unembedding of each head alone: [n, n_heads, d_head] -> [n, n_heads, d_model].

        Through W_O, a norm behind attention and the final norm; without biases, and without the factor by
        which a norm divides each vector.
        """
        n, n_heads, d_head = z.shape
        alone = z.new_zeros(n, n_heads, n_heads, d_head)
        every = torch.arange(n_heads, device=z.device)
        alone[:, every, every] = z
        project = self._parts.part(layer, self._parts.layout.output)
        wide = alone.flatten(2)  # [n, n_heads, n_heads · d_head], zero but for one head's z
        return self._behind(layer, project(wide) - project(torch.zeros_like(wide)))

    @torch.inference_mode()
    def output_bias(self, layer: int) -> Float[Tensor, " d_model"]:
        """What reaches the unembedding of a layer's heads if z is zero, likewise: [d_model]."""
        project = self._parts.part(layer, self._parts.layout.output)
        shape = self._model.shape
        zero = torch.zeros(
            1, shape.n_heads * shape.d_head, dtype=self._model.network.dtype, device=self._model.device
        )
        return self._behind(layer, project(zero))[0]

    @torch.inference_mode()
    def logits(self, written: Float[Tensor, "n d_model"]) -> Float[Tensor, "n vocab"]:
        """U's answer, without a bias of its own: [n, d_model] -> [n, vocab]."""
        head = self._model.network.get_output_embeddings()
        answer: Tensor = head(written) - head(torch.zeros_like(written[:1]))
        return answer

    def _behind(self, layer: int, written: Tensor) -> Tensor:
        """Vectors, [..., d_model], through the norms between a layer's heads and the unembedding."""
        norms = [self._parts.final_norm]
        if (behind := self._parts.layout.behind_attention) is not None:
            norms.insert(0, self._parts.part(layer, behind))
        for norm in norms:
            written = _linear_part(norm, written)
        return written

    def _run(self, stream: Tensor) -> None:
        """Run every block on the same vectors, one prompt of one token each."""

        def replace(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            read = stream[:, None]
            return ((read, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": read})

        with ExitStack() as stack:
            for layer in range(self._parts.n_layers):
                block = self._parts.block(layer)
                hook = block.register_forward_pre_hook(replace, with_kwargs=True)
                stack.callback(hook.remove)
            self._parts.forward(torch.zeros(len(stream), 1, dtype=torch.long))


def _linear_part(norm: nn.Module, vectors: Tensor) -> Tensor:
    """What a norm does to vectors but for its bias and its factor per vector, by its own numbers."""
    inside = vectors - vectors.mean(-1, keepdim=True) if isinstance(norm, nn.LayerNorm) else vectors
    size = inside.square().mean(-1, keepdim=True).sqrt()
    large = vectors * torch.where(size > 0, LARGE / size, 0)
    linear: Tensor = (norm(large) - norm(torch.zeros_like(vectors))) * size
    return linear


def _zeros(_: nn.Module, __: Any, output: Any) -> Any:
    nothing = torch.zeros_like(_first(output))
    return (nothing, *output[1:]) if isinstance(output, tuple) else nothing


def _first(output: Any) -> Tensor:
    first: Tensor = output[0] if isinstance(output, tuple) else output
    return first


class _Values(Tap):
    """A tap that keeps what the heads give at the last position."""

    def __init__(self) -> None:
        self.z: list[Tensor] = []

    def leave(self, layer: int, z: Tensor) -> Tensor:  # noqa: ARG002 - the tap's signature
        self.z.append(z[:, -1])
        return z
