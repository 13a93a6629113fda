"""When a map, or a layer of it, can be used again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import content_hash
from headscribe.core.settings import MapSettings
from headscribe.operations import Operation
from headscribe.store.headers import Model
from headscribe.store.map.map_header import MapHeader
from headscribe.store.tool import this_tool

if TYPE_CHECKING:
    pass

_NUMBERS = ("view", "source_view", "norms", "padded_rows", "dtype")
_MAPPINGS = ("salient", "targets", "rank_by")
_SINCE = {"view": "paper", "norms": "leave", "rank_by": "saliency"}
"""Settings that came later, with what held before: hashes leave that out, so those of older maps stay."""


def map_identity(model: Model, settings: MapSettings) -> str:
    """Hash of what determines every head's mappings."""
    values = _hashed(settings, (*_NUMBERS, *_MAPPINGS))
    return content_hash([model.weights_hash, model.tokenizer_hash, values])


def layer_identity(model: Model, settings: MapSettings, operations: Iterable[Operation] | None = None) -> str:
    """Hash of what determines one layer's mappings or, with operations, its scores, in this version."""
    if operations is None:
        return content_hash([map_identity(model, settings), this_tool().version])
    values = _hashed(settings, (*_NUMBERS, "k"))
    digests = [operation.digest() for operation in operations]
    return content_hash([model.weights_hash, model.tokenizer_hash, values, digests, this_tool().version])


def difference(header: MapHeader, model: Model, settings: MapSettings, *, mappings: bool) -> str | None:
    """What keeps a map from being used for a model and settings, in words; None if nothing does.

    Args:
        header: of the map that lies there.
        model: the model wanted.
        settings: the settings wanted; device, seed and k do not matter to the numbers that lie there.
        mappings: whether the mappings are wanted, or the scores alone.
    """
    if header.model.weights_hash != model.weights_hash:
        return f"it is of other weights ({header.model.name})"
    if header.model.tokenizer_hash != model.tokenizer_hash:
        return "its tokenizer is another one"
    names = (*_NUMBERS, *_MAPPINGS) if mappings and header.mappings else _NUMBERS
    there, wanted = _values(header.settings, names), _values(settings, names)
    for name in names:
        if there[name] != wanted[name]:
            return f"its {name.replace('_', ' ')} is {there[name]}, not {wanted[name]}"
    return None


def _hashed(settings: MapSettings, names: tuple[str, ...]) -> dict[str, Any]:
    values = _values(settings, names)
    return {name: value for name, value in values.items() if _SINCE.get(name) != value}


def _values(settings: MapSettings, names: tuple[str, ...]) -> dict[str, Any]:
    values = settings.model_dump(include=set(names)) | {"norms": settings.folding}
    if values["dtype"] == "auto":
        values["dtype"] = "float32"
    return values
