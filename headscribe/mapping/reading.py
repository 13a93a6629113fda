"""The reader handed to a family: finds tensors under the model's prefix, checks them, converts them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import torch

from headscribe.core.errors import DamagedCheckpoint, NotACausalLM, QuantisedWeights
from headscribe.mapping.devices import Arithmetic, to_device
from headscribe.mapping.families.family import Family

if TYPE_CHECKING:
    from headscribe.mapping.tensors import TensorSource

_ALL = slice(None)
_FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})
_PLAIN = "Give the unquantised checkpoint"


class TensorNames:
    """The names that a family's tensors have on disk.

    Whatever stands before the embedding's name (``transformer.``, ``language_model.model.``, or nothing, as
    the base class saves it) stands before all of the model's names. The unembedding has a prefix of its own.
    """

    def __init__(self, family: Family, stored: Collection[str], where: str) -> None:
        self._where = where
        embeddings = _ending(family.embedding, stored)
        if not embeddings:
            raise missing(family.embedding, stored, where)
        self.embedding = min(embeddings, key=len)
        self.prefix = self.embedding.removesuffix(family.embedding)
        self.unembedding = min(_ending(family.unembedding, stored), key=len, default=None)

    def head(self, *, tied: bool) -> str:
        """The name of the unembedding's tensor.

        Raises:
            NotACausalLM: not tied, and saved without a language-model head.
        """
        if tied:
            return self.embedding
        if self.unembedding is None:
            raise NotACausalLM(
                "the checkpoint holds no unembedding",
                where=self._where,
                do="Give one saved with its language-model head",
            )
        return self.unembedding


def _ending(name: str, stored: Collection[str]) -> list[str]:
    return [full for full in stored if full == name or full.endswith(f".{name}")]


class Reader:
    """Reads tensors in a computing dtype on a device; shapes and values are checked on the way.

    On the device ``meta`` nothing is read: names, shapes and formats are checked all the same.
    """

    def __init__(
        self, source: TensorSource, where: str, prefix: str, *, dtype: torch.dtype, device: torch.device
    ) -> None:
        self._source, self._where, self._prefix = source, where, prefix
        self._dtype, self._device = dtype, device
        self.asked: set[str] = set()
        """Full names of the tensors asked for so far."""
        self.copied = True
        """Whether all tensors given so far are copies, that is, share no memory with the file system."""

    def __call__(
        self,
        name: str,
        shape: tuple[int, ...],
        rows: slice | torch.Tensor = _ALL,
        columns: slice = _ALL,
    ) -> torch.Tensor:
        """The rows and columns of the tensor ``name`` under the prefix, whose full shape must be ``shape``.

        Rows may be ids too, [n] on the CPU; then only their values are looked at.

        Raises:
            DamagedCheckpoint: the tensor is missing, of another shape, or holds NaN or infinite values.
            QuantisedWeights: it is not stored in a floating-point format of 16 bits or more.
        """
        full = self._prefix + name
        self._check(full, shape)
        if self._device.type == "meta":
            picked = torch.empty(shape, device="meta")[rows]
            return picked if columns == _ALL else picked[:, columns]
        if isinstance(rows, torch.Tensor):
            tensor = self._source.read(full)[rows]
        else:
            tensor = self._source.read(full, rows, columns)
        # minimum and maximum show every NaN and infinity without a mask of the tensor's size
        if tensor.numel() and not all(torch.isfinite(extreme) for extreme in torch.aminmax(tensor)):
            raise DamagedCheckpoint(
                f"{full} holds NaN or infinite values", where=self._where, do="Download it again"
            )
        given = to_device(tensor, Arithmetic(self._device, self._dtype))
        self.copied = self.copied and given.data_ptr() != tensor.data_ptr()
        return given

    def _check(self, full: str, shape: tuple[int, ...]) -> None:
        if full not in self._source.names():
            raise missing(full, self._source.names(), self._where)
        dtype = self._source.dtype(full)
        if dtype not in _FLOATS:
            raise QuantisedWeights(f"{full} is stored as {dtype}", where=self._where, do=_PLAIN)
        self.asked.add(full)
        if self._source.shape(full) != shape:
            raise DamagedCheckpoint(
                f"{full} has shape {list(self._source.shape(full))}, config.json asks for {list(shape)}",
                where=self._where,
                do="Check that config.json belongs to these weights",
            )


def missing(name: str, stored: Collection[str], where: str) -> DamagedCheckpoint | QuantisedWeights:
    """The error for a tensor that is not there, which tells packed quantised weights from plain damage."""
    stem = name.removesuffix(".weight")
    packed = (".qweight", ".weight_packed", ".weight_scale", ".absmax")
    if any(full.startswith(stem) and full.endswith(packed) for full in stored):
        return QuantisedWeights(f"{stem} is stored in a packed format", where=where, do=_PLAIN)
    return DamagedCheckpoint(f"the weights lack the tensor {name}", where=where, do="Download them again")
