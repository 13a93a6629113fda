"""The 70B shape of ``large_models`` taken apart, within the same limit of memory."""

from __future__ import annotations

from pathlib import Path

from benchmarks.large_models import mapped
from benchmarks.llama_shape import LLAMA_70B


def measure(folder: Path, repeats: int) -> dict[str, object]:  # noqa: ARG001 - a layer takes long enough
    """One shape, as the other has the same work."""
    return {"entries": [mapped(folder, LLAMA_70B, "parts")]}
