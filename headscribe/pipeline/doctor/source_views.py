"""``doctor --self-check``: whether the default source view is the one that fits the running model."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from headscribe.core.settings import SteerSettings
from headscribe.pipeline.doctor.check import Check

if TYPE_CHECKING:
    from headscribe.inference.running_model import RunningModel
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.devices import Arithmetic
    from headscribe.mapping.source_view import View

VIEWS: tuple[View, ...] = ("residual", "first-mlp", "raw")
"""The first is what ``auto`` takes."""

TOKENS = 64
MARGIN = 0.05
"""A view is better than another only if its mean cosine exceeds the other's by more."""


def check_source_views(checkpoint: Checkpoint, model: RunningModel, arithmetic: Arithmetic) -> Check:
    """Compare the values that each source view gives with those of the model in running text.

    A view that fits less is no fault of the reading, so the check never fails; it says what to do.
    """
    from headscribe.eval.doctor.source_views import agreement, values_in_text
    from headscribe.mapping.source_view import token_ids
    from headscribe.mapping.values import SourceValues

    tokens, later = token_ids(checkpoint), range(1, checkpoint.facts.n_layers)
    ids = random.Random(0).sample(tokens, min(TOKENS, len(tokens)))
    texts = [checkpoint.vocabulary.encode(text, True)[0] for text in SteerSettings().texts]
    running = values_in_text(model, texts, ids)
    values = SourceValues(checkpoint, arithmetic, ids)
    found = {view: agreement((values.of_layer(layer, view) for layer in later), running) for view in VIEWS}
    default, best = VIEWS[0], max(VIEWS, key=lambda view: found[view])
    listed = ", ".join(f"{view} {value:.2f}" for view, value in found.items())
    said = f"mean cosine between the values of a map and those in running text: {listed}"
    if found[best] - found[default] > MARGIN:
        said += f". --source-view {best} is nearer to this model than the default, {default}"
    return Check("self-check: source view", True, said)
