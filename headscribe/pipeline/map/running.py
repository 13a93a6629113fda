"""A checkpoint that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headscribe.inference.running_model import RunningModel
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.devices import Arithmetic


def run_checkpoint(checkpoint: Checkpoint, arithmetic: Arithmetic) -> RunningModel:
    """Load a whole model; what the hub has of it and this machine has not is fetched.

    Raises:
        UnhookableAttention: it cannot be run and watched.
        HubUnavailable: its weights cannot be fetched.
    """
    from headscribe.inference.running_model import Shape, load_model

    facts = checkpoint.facts
    shape = Shape(facts.n_layers, facts.n_heads, facts.n_kv_heads, facts.d_head)
    folder = checkpoint.whole_folder()
    return load_model(folder, shape, dtype=arithmetic.dtype, device=arithmetic.device)
