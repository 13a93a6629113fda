"""The tensors of a checkpoint as they are stored: what they are called, and readers of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import torch

from headscribe.core.settings import Norms
from headscribe.mapping import first_block
from headscribe.mapping.families.family import Dimensions, Family
from headscribe.mapping.folding import read_layer
from headscribe.mapping.reading import Reader, TensorNames
from headscribe.mapping.tensors import TensorSource

if TYPE_CHECKING:
    from headscribe.mapping.source_view import View

_META = torch.device("meta")
_ALL = slice(None)


class StoredWeights:
    """The tensors that a family reads; that all are there, in their shapes, is checked first.

    Args:
        where: the folder or repository, for messages.
        family: says where tensors lie.
        dims: from the configuration.
        source: of the tensors.

    Attributes:
        tied: whether embedding and unembedding are one tensor.
        embedding: full name of E, [vocab, d_model].
        unembedding: full name of U^T, [vocab, d_model].
        stored_dtype: how the tensors are stored, such as ``bfloat16``, or several joined by ``+``.

    Raises:
        DamagedCheckpoint: a tensor is missing or of another shape.
        QuantisedWeights: one is not stored in floating point of 16 bits or more.
        NotACausalLM: there is no unembedding.
    """

    def __init__(self, where: str, family: Family, dims: Dimensions, source: TensorSource) -> None:
        self.family, self.dims, self.source, self._where = family, dims, source, where
        names = TensorNames(family, source.names(), where)
        self._prefix, self.embedding = names.prefix, names.embedding
        self.tied = self._is_tied(names)
        self.unembedding = names.head(tied=self.tied)
        every = self.names_read(range(dims.n_layers), ["residual"], "fold")
        self.stored_dtype = "+".join(sorted({source.dtype(name) for name in every}))

    def reader(self, dtype: torch.dtype, device: torch.device) -> Reader:
        """Reads the tensors of blocks and norms, by the names that the family gives them."""
        return self._reader(self._prefix, dtype, device)

    def table(
        self, name: str, dtype: torch.dtype, device: torch.device, rows: slice | torch.Tensor = _ALL
    ) -> torch.Tensor:
        """Rows of ``embedding`` or ``unembedding``, [n, d_model]; ids of rows, [n], are on the CPU."""
        return self._reader("", dtype, device)(name, (self.dims.vocab_size, self.dims.d_model), rows)

    def names_read(self, layers: Iterable[int], views: Collection[View], norms: Norms) -> set[str]:
        """Names of the tensors that mapping these layers reads; each is checked, none is read."""
        family, dims = self.family, self.dims
        read = self.reader(torch.float32, _META)
        for layer in layers:
            read_layer(family, read, dims, layer, norms)
        if "residual" in views:
            first_block.residual(family, read, dims)
        elif "first-mlp" in views:
            first_block.first_mlp(family, read, dims)
        for name in (self.embedding, self.unembedding):
            self.table(name, torch.float32, _META)
        return read.asked | {self.embedding, self.unembedding}

    def _reader(self, prefix: str, dtype: torch.dtype, device: torch.device) -> Reader:
        return Reader(self.source, self._where, prefix, dtype=dtype, device=device)

    def _is_tied(self, names: TensorNames) -> bool:
        """As transformers decides: the configuration says so, and no other unembedding is stored."""
        source, other = self.source, names.unembedding
        if not self.dims.tied or other is None:
            return self.dims.tied
        if source.shape(other) != source.shape(self.embedding):
            return False
        return torch.equal(source.read(other), source.read(self.embedding))
