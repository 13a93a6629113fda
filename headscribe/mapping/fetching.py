"""How much of a hub model is fetched while its heads are worked on, told to whoever watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headscribe.core.heads import Head
from headscribe.core.progress import Progress
from headscribe.core.settings import MapSettings
from headscribe.mapping.source_view import view_of_layer

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

STAGE = "fetch MB"
"""Name of the stage in progress reports; its steps are megabytes."""

MB = 1_000_000


@contextmanager
def fetching(
    checkpoint: Checkpoint, settings: MapSettings, heads: Sequence[Head], progress: Progress
) -> Iterator[None]:
    """While inside, tell of the parts of weight files that the heads need and that are not on this machine.

    Says nothing of local models, nor of hub models that are all there.
    """
    layers = sorted({head.layer for head in heads})
    views = {view_of_layer(settings, layer) for layer in layers}
    missing, total = checkpoint.to_fetch(layers, views, settings.folding)
    if not missing:
        yield
        return
    progress.say(f"Fetching {missing / 1e9:.2f} GB of the model's {total / 1e9:.2f} GB of weights")
    progress.start(STAGE, -(-missing // MB))
    come = 0

    def count(n_bytes: int) -> None:
        nonlocal come
        steps = (come + n_bytes) // MB - come // MB
        come += n_bytes
        if steps:
            progress.advance(STAGE, steps)

    with checkpoint.told_of_fetching(count):
        yield
    progress.finish(STAGE)
