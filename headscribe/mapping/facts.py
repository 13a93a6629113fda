"""What is known of a checkpoint without its weights, and the weights of one layer's OV circuits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The numbers that shape a map.

    Attributes:
        family: name of the file in ``mapping/families``.
        n_layers: transformer blocks.
        n_heads: query heads per layer.
        n_kv_heads: key/value heads per layer; query head h reads value head h // (n_heads / n_kv_heads).
        d_model: width of the residual stream.
        d_head: width of a head; not always d_model / n_heads.
        vocab_size: rows of the embedding, padding included.
        n_tokens: how many of these rows belong to a token; the other ids are ``vocabulary.padded``.
        tied: whether the unembedding is the embedding.
        dtype: how the weights are stored, such as ``bfloat16``; two names joined by ``+`` if mixed.
        notes: what the family does beyond the paper's definitions, one sentence each.
        embedding_scale: what the model multiplies an embedding by on input; √d_model in Gemma, else 1.
    """

    family: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_model: int
    d_head: int
    vocab_size: int
    n_tokens: int
    tied: bool
    dtype: str
    notes: tuple[str, ...] = ()
    embedding_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class OV:
    """The value and output weights of one layer's heads, of one dtype and on one device.

    With x what a head reads of a source, it writes (x w_v + value_bias) w_o. ``Checkpoint.ov`` says which
    norms are folded into them.

    Attributes:
        w_v: [n_kv_heads, d_model, d_head].
        w_o: [n_heads, d_head, d_model].
        value_bias: what every value has whatever the source, [n_kv_heads, d_head]; zero where the model has
            no such bias.
        output_bias: what the layer's heads write together whatever they read, [d_model]; each head's share
            is 1 / n_heads of it, so that heads add up to the layer.
    """

    w_v: Float[torch.Tensor, "n_kv_heads d_model d_head"]
    w_o: Float[torch.Tensor, "n_heads d_head d_model"]
    value_bias: Float[torch.Tensor, "n_kv_heads d_head"]
    output_bias: Float[torch.Tensor, " d_model"]

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """All of them."""
        return self.w_v, self.w_o, self.value_bias, self.output_bias
