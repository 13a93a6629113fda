"""The header of a safetensors file: what the official reader refuses is refused, also before fetching.

Why not the official reader alone: docs/design/libraries.md. A test holds the two against each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from headscribe.core.errors import DamagedCheckpoint

AGAIN = "Download it again"
LONGEST = 100_000_000
"""Bytes of a header; the limit of the format."""

BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
"""Bits of a number by dtype, as the format names them."""

_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_TOO_MANY = 1 << 64
_Count = Annotated[int, Field(ge=0, lt=_TOO_MANY)]


class TensorEntry(BaseModel):
    """One tensor as the header has it. Offsets count from the header's end; the second ends the tensor."""

    model_config = ConfigDict(strict=True, frozen=True)

    dtype: str
    shape: list[_Count]
    data_offsets: Annotated[list[_Count], Field(min_length=2, max_length=2)]

    @property
    def stored(self) -> str:
        """Its dtype in torch's words where that is a floating-point one, else as written."""
        return _DTYPES.get(self.dtype, self.dtype.lower())


_ENTRIES = TypeAdapter(dict[str, TensorEntry])
_METADATA = TypeAdapter(dict[str, str] | None, config=ConfigDict(strict=True))


@dataclass(frozen=True, slots=True)
class Header:
    """What a safetensors file says of itself.

    Attributes:
        tensors: by name.
        data_start: the byte of the file from which the offsets count.
    """

    tensors: dict[str, TensorEntry]
    data_start: int

    def place(self, name: str) -> tuple[int, int]:
        """The bytes of the file that a tensor takes: the first, and the one after the last."""
        start, stop = self.tensors[name].data_offsets
        return self.data_start + start, self.data_start + stop


def parse_header(raw: bytes, size: int, where: object) -> Header:
    """The header of a file of ``size`` bytes; ``raw`` is its JSON text.

    Raises:
        DamagedCheckpoint: it cannot be read, or its tensors do not fill the file one after the other, each
            with as many bytes as its shape and dtype ask for.
    """
    try:
        held: Any = from_json(raw, allow_inf_nan=False)
        metadata = held.pop("__metadata__", None) if isinstance(held, dict) else None
        _METADATA.validate_python(metadata)
        tensors = _ENTRIES.validate_python(held)
    except (ValueError, ValidationError) as error:
        raise DamagedCheckpoint("the safetensors header cannot be read", where=where, do=AGAIN) from error
    end = 0
    for name, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        start, stop = entry.data_offsets
        bits = BITS.get(entry.dtype, 0) * math.prod(entry.shape)
        overflows = max(accumulate(entry.shape, mul, initial=1)) * BITS.get(entry.dtype, 0) >= _TOO_MANY
        if entry.dtype not in BITS or overflows or start != end or (stop - start) * 8 != bits:
            what = f"the safetensors header is wrong about {name}: its dtype, shape and place do not agree"
            raise DamagedCheckpoint(what, where=where, do=AGAIN)
        end = stop
    data_start = 8 + len(raw)
    if data_start + end != size:
        what = f"the file has {size} bytes where its header promises {data_start + end}"
        raise DamagedCheckpoint(what, where=where, do=AGAIN)
    return Header(tensors, data_start)
