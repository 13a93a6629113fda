"""A safetensors file on the hub, of which only the header and the tensors that are read are fetched."""

from __future__ import annotations

import torch

from headscribe.core.errors import DamagedCheckpoint
from headscribe.mapping.hub_parts import RangesIgnored, RemoteFile
from headscribe.mapping.safetensors_file import SafetensorsFile, cut, map_tensor
from headscribe.mapping.safetensors_header import LONGEST, parse_header

__all__ = ["HubSafetensors", "RangesIgnored"]

FIRST_BYTES = 32_768
"""Fetched first: the whole header of most files."""


class HubSafetensors(SafetensorsFile):
    """One safetensors file of the hub: its header now, a tensor when it is first read."""

    def __init__(self, remote: RemoteFile) -> None:
        self._remote = remote
        self._header = parse_header(_raw_header(remote), remote.size, remote.repository)

    def missing(self, name: str) -> int:
        """Bytes that reading a tensor would fetch."""
        start, stop = self._header.place(name)
        return 0 if self._remote.here(start, stop) else stop - start

    def read(self, name: str, rows: slice, columns: slice) -> torch.Tensor:
        """Some rows and columns of a tensor, as stored: read-only. The whole tensor is fetched and kept."""
        start, stop = self._header.place(name)
        whole = map_tensor(self._remote.part(start, stop), 0, self.dtype(name), self.shape(name))
        return cut(whole, rows, columns)


def _raw_header(remote: RemoteFile) -> bytes:
    begin = remote.part(0, min(FIRST_BYTES, remote.size)).read_bytes()
    length = int.from_bytes(begin[:8], "little")
    end = 8 + length
    if len(begin) < 8 or length > LONGEST or end > remote.size:
        raise DamagedCheckpoint(
            "this is no safetensors file",
            where=remote.repository,
            do="Give a checkpoint in safetensors format",
        )
    if end > len(begin):
        begin += remote.part(len(begin), end).read_bytes()
    return begin[8:end]
