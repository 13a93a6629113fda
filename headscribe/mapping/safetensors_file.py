"""One safetensors file: its header is checked when it is opened, its tensors are read when asked for."""

from __future__ import annotations

import math
import mmap
import warnings
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from headscribe.core.errors import DamagedCheckpoint
from headscribe.mapping.safetensors_header import AGAIN, LONGEST, Header, parse_header

_FULL = slice(None)


class SafetensorsFile:
    """One safetensors file on this machine.

    Tensors are views of the file, which the system reads page by page as they are used: opening a file
    of any size takes no memory, and what is not used is not read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header = read_header(path)

    def tensors(self) -> Collection[str]:
        """The names of the file's tensors."""
        return self._header.tensors.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor."""
        return tuple(self._header.tensors[name].shape)

    def dtype(self, name: str) -> str:
        """How a tensor is stored."""
        return self._header.tensors[name].stored

    def missing(self, name: str) -> int:  # noqa: ARG002 - any
        """Bytes that reading a tensor would fetch: none."""
        return 0

    def read(self, name: str, rows: slice, columns: slice) -> torch.Tensor:
        """Some rows and columns of a tensor, as stored and where it lies: read-only, not copied."""
        start, _ = self._header.place(name)
        tensor = map_tensor(self._path, start, self.dtype(name), self.shape(name))
        return cut(tensor, rows, columns)


def read_header(path: Path) -> Header:
    """The header of a safetensors file, as the official reader accepts it too.

    Raises:
        DamagedCheckpoint: the file or its header cannot be read, or they do not belong together.
    """
    try:
        size, raw = _raw_header(path)
    except OSError as error:
        raise DamagedCheckpoint(
            f"the file cannot be read: {error.strerror}", where=path, do="Check its permissions"
        ) from error
    header = parse_header(raw, size, path)
    try:
        # The format may grow rules that are not known here. Without the room to map the file, ours stand.
        with suppress(OSError, MemoryError), safe_open(str(path), "np"):
            pass
    except SafetensorError as error:
        raise DamagedCheckpoint(f"safetensors refuses the file: {error}", where=path, do=AGAIN) from error
    return header


def map_tensor(path: Path, start: int, dtype: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The tensor that lies in a file from byte ``start`` on, as a read-only view of the file.

    The mapping is shared and cannot be written, so it counts neither as memory of the process nor against a
    limit on it.
    """
    kind: torch.dtype = getattr(torch, dtype)
    length = math.prod(shape) * kind.itemsize
    if length == 0:
        return torch.empty(shape, dtype=kind)
    aligned = start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    try:
        with path.open("rb") as file:
            pages = mmap.mmap(
                file.fileno(), start - aligned + length, access=mmap.ACCESS_READ, offset=aligned
            )
    except (OSError, ValueError) as error:
        raise DamagedCheckpoint(
            f"the file cannot be mapped: {error}",
            where=path,
            do="Check that it is whole and readable, and that ulimit -v allows it",
        ) from error
    _expect_no_writing()
    data = torch.frombuffer(pages, dtype=torch.uint8, count=length, offset=start - aligned)
    if (start - aligned) % kind.itemsize:
        data = data.clone()  # an odd header length leaves numbers across the processor's words
    return data.view(kind).view(shape)


@cache
def _expect_no_writing() -> None:
    """Nobody writes to weights: torch need not warn that it could not."""
    warnings.filterwarnings("ignore", message="The given buffer is not writable")


def cut(tensor: torch.Tensor, rows: slice, columns: slice) -> torch.Tensor:
    """Some rows (first axis) and columns (second axis), not copied."""
    return tensor[rows] if columns == _FULL else tensor[rows, columns]


def _raw_header(path: Path) -> tuple[int, bytes]:
    """The file's size, and its header."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if start == b"version ":
            raise DamagedCheckpoint(
                "this is a Git LFS pointer, not the weights", where=path, do="Run git lfs pull in its folder"
            )
        if len(start) < 8 or length > min(size - 8, LONGEST):
            raise DamagedCheckpoint("the file is cut short inside its header", where=path, do=AGAIN)
        return size, file.read(length)
