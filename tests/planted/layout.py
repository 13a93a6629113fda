"""Where the entries of W_V and W_O stand in a checkpoint's stored tensors, for every family at once.

A family only says how it *reads* W_V and W_O. Reading moves entries about, and a norm behind attention
multiplies them; so the inverse is found by reading numbered places instead of weights. No family is named
here, and one that is added can be written at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from headscribe.mapping.families import find_family
from headscribe.mapping.families.family import Dimensions, Read
from headscribe.mapping.files import LocalFolder
from headscribe.mapping.reading import TensorNames
from headscribe.mapping.tensors import open_tensors

_ALL = slice(None)
_ReadWeights = Callable[[Read, Dimensions, int], Tensor]


class StoredWeights:
    """All tensors of a checkpoint's folder in memory, in which heads can be overwritten.

    Attributes:
        tensors: by name, as stored; copies, so the folder's files stay as they are.
    """

    def __init__(self, folder: Path) -> None:
        files = LocalFolder(folder)
        source = open_tensors(files)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._family = find_family(config, str(folder))
        self._dims = self._family.dimensions(config, str(folder))
        self._prefix = TensorNames(self._family, source.names(), str(folder)).prefix
        self.tensors = {name: source.read(name).clone() for name in source.names()}

    def write_value(self, layer: int, w_v: Tensor) -> None:
        """Store W_V of a layer: [n_kv_heads, d_model, d_head]."""
        self._write(self._family.value, layer, w_v)

    def write_output(self, layer: int, w_o: Tensor) -> None:
        """Store W_O of a layer, as the map has it: [n_heads, d_head, d_model].

        Raises:
            ValueError: the norm behind attention has a weight of zero where something else is to be written.
        """
        self._write(self._output, layer, w_o)

    def _output(self, read: Read, dims: Dimensions, layer: int) -> Tensor:
        """W_O with the weight of a norm behind attention in it, as the map reads it."""
        w_o, norm = self._family.output(read, dims, layer), self._family.behind_attention
        return w_o * norm.weight(read, dims, layer) if norm else w_o

    def _write(self, read: _ReadWeights, layer: int, weights: Tensor) -> None:
        places = _Stand(self.tensors, self._prefix, numbered=True)
        scale = read(_Stand(self.tensors, self._prefix, numbered=False), self._dims, layer)
        passes = scale != 0
        if bool((weights[~passes] != 0).any()):
            raise ValueError(
                f"layer {layer}: a norm behind attention has weights of zero, and lets nothing through"
            )
        at = (read(places, self._dims, layer)[passes] / scale[passes]).round().long()
        stored = self.tensors[places.matrix]
        stored.view(-1)[at] = (weights.double()[passes] / scale[passes]).to(stored.dtype)


class _Stand:
    """What a family may read from in place of a checkpoint.

    Norms are as stored. Instead of a matrix it gives the places of its entries, or ones: read from ones, W_O
    is the norm's share of it; read from places, it says where each entry stands.

    Attributes:
        matrix: name of the matrix that was read last.
    """

    def __init__(self, tensors: dict[str, Tensor], prefix: str, *, numbered: bool) -> None:
        self._tensors, self._prefix, self._numbered = tensors, prefix, numbered
        self.matrix = ""

    def __call__(
        self, name: str, shape: tuple[int, ...], rows: slice = _ALL, columns: slice = _ALL
    ) -> Tensor:
        stored = self._tensors[self._prefix + name]
        if stored.ndim == 1:
            return stored.double()[rows]
        self.matrix = self._prefix + name
        if not self._numbered:
            return torch.ones(shape, dtype=torch.float64)[rows, columns]
        return torch.arange(stored.numel(), dtype=torch.float64).view(shape)[rows, columns]
