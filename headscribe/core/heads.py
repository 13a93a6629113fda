"""Head names (``L5H3``) and the selections that ``--heads`` takes."""

from __future__ import annotations

import random
import re
from typing import Annotated, NamedTuple

from headscribe.core.columns import Column
from headscribe.core.errors import BadHeads

_HEAD = re.compile(r"L(\d+)H(\d+)", re.IGNORECASE | re.ASCII)
_LAYERS = re.compile(r"L(\d+)(?:-L?(\d+))?", re.IGNORECASE | re.ASCII)
_SAMPLE = re.compile(r"sample:(\d+)", re.IGNORECASE | re.ASCII)
_FORMS = "Use all, L5H3, L5, L8-11, sample:50, or several with commas"


class Head(NamedTuple):
    """One attention head, by zero-based layer and query-head index."""

    layer: Annotated[int, Column("layer, from 0")]
    head: Annotated[int, Column("query head in the layer, from 0: layer 5, head 3 is `L5H3`")]

    @property
    def name(self) -> str:
        """The field's name for the head, such as ``L5H3``."""
        return f"L{self.layer}H{self.head}"


def parse_head(text: str) -> Head:
    """Read one head name such as ``L5H3``.

    Raises:
        BadHeads: the text is not a head name.
    """
    match = _HEAD.fullmatch(text.strip())
    if not match:
        raise BadHeads(f"'{text}' is not a head", do="Heads are named like L5H3: layer 5, head 3, from zero")
    return Head(int(match[1]), int(match[2]))


def select_heads(selection: str, n_layers: int, n_heads: int, seed: int = 0) -> list[Head]:
    """Expand a selection into heads, in model order and without repeats.

    Args:
        selection: ``all``, ``L5H3``, ``L5``, ``L8-11``, ``sample:50``, or several separated by commas.
        n_layers: layers of the model.
        n_heads: query heads per layer.
        seed: chooses the heads of ``sample:N``.

    Raises:
        BadHeads: a part cannot be read, or lies outside the model.
    """
    chosen: set[Head] = set()
    for part in selection.split(","):
        chosen.update(_expand(part.strip(), n_layers, n_heads, seed))
    return sorted(chosen)


def _expand(part: str, n_layers: int, n_heads: int, seed: int) -> list[Head]:
    everything = [Head(layer, head) for layer in range(n_layers) for head in range(n_heads)]
    if part.lower() == "all":
        return everything
    if match := _SAMPLE.fullmatch(part):
        count = min(int(match[1]), len(everything))
        if count == 0:
            raise BadHeads("a sample of 0 heads is empty", where="--heads", do=_FORMS)
        return random.Random(seed).sample(everything, count)
    if match := _HEAD.fullmatch(part):
        head = Head(int(match[1]), int(match[2]))
        if head.layer >= n_layers or head.head >= n_heads:
            raise BadHeads(f"the model has no head {part}", where="--heads", do=_bounds(n_layers, n_heads))
        return [head]
    if match := _LAYERS.fullmatch(part):
        first = int(match[1])
        last = int(match[2] or match[1])
        if first > last:
            raise BadHeads(f"the layer range {part} runs backwards", where="--heads", do=_FORMS)
        if last >= n_layers:
            raise BadHeads(f"the model has no layer {last}", where="--heads", do=_bounds(n_layers, n_heads))
        return [head for head in everything if first <= head.layer <= last]
    raise BadHeads(f"'{part}' selects no heads", where="--heads", do=_FORMS)


def _bounds(n_layers: int, n_heads: int) -> str:
    return f"Its heads are L0H0 to L{n_layers - 1}H{n_heads - 1}"
