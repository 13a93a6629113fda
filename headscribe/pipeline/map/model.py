"""What a header says of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headscribe.store.headers import Model

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint


def model_header(checkpoint: Checkpoint) -> Model:
    """What a header says of a checkpoint."""
    facts = checkpoint.facts
    return Model(
        name=checkpoint.name,
        revision=checkpoint.revision,
        weights_hash=checkpoint.weights_hash,
        tokenizer_hash=checkpoint.tokenizer_hash,
        family=facts.family,
        n_layers=facts.n_layers,
        n_heads=facts.n_heads,
        n_kv_heads=facts.n_kv_heads,
        d_model=facts.d_model,
        d_head=facts.d_head,
        vocab_size=facts.vocab_size,
        n_tokens=facts.n_tokens,
        dtype=facts.dtype,
        notes=facts.notes,
    )
