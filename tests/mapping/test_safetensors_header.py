"""Our reading of a safetensors header against the official reader's: both accept the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from headscribe.core.errors import DamagedCheckpoint
from headscribe.mapping.safetensors_file import SafetensorsFile
from headscribe.mapping.safetensors_header import BITS, parse_header

WHOLE = slice(None)


def entry(dtype: str = "F32", shape: Any = (2, 3), offsets: Any = (0, 24)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def official(raw: bytes, n_bytes: int, folder: Path) -> bool:
    """Whether the official reader opens a file of this header and as many bytes after it."""
    path = folder / "x.safetensors"
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(n_bytes))
    try:
        with safe_open(str(path), "np"):
            return True
    except SafetensorError:
        return False


def ours(raw: bytes, n_bytes: int) -> bool:
    try:
        parse_header(raw, 8 + len(raw) + n_bytes, "x")
    except DamagedCheckpoint:
        return False
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("headers")


numbers = st.integers(0, 4) | st.sampled_from([-1, 1.5, 2.0, 2**40, 2**63, 2**64, True, None, "2", [2]])
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from([*BITS, "F32", "F32", "Q8", "f32", "", None]),
        "shape": st.lists(numbers, max_size=3),
        "data_offsets": st.lists(numbers | st.sampled_from([8, 16, 24]), min_size=1, max_size=3),
    },
    optional={"more": st.none()},
)
headers = st.dictionaries(st.sampled_from(["a", "b", "é", ""]), entries | st.just(3), max_size=3)
metadata = st.none() | st.dictionaries(st.just("format"), st.sampled_from(["pt", 1, None]), max_size=1)


@settings(deadline=None, max_examples=300)
@given(headers, metadata, st.sampled_from([0, 4, 8, 16, 24]), st.sampled_from(["", " ", "  \n", "x"]))
@example({"a": entry(), "b": entry(offsets=(24, 48))}, None, 48, "")
@example({"a": entry(), "b": entry(offsets=(16, 40))}, None, 40, "")
@example({"a": entry(), "b": entry(offsets=(28, 52))}, None, 52, "")
@example({"a": entry(offsets=(0, 24.0))}, None, 24, "")
@example({"a": entry(offsets=(0, "24"))}, None, 24, "")
@example({"a": entry(offsets=(24, 0))}, None, 24, "")
@example({"a": entry("F16")}, None, 24, "")
@example({"a": entry(shape=(2.0, 3))}, None, 24, "")
@example({"a": entry(shape=(2**40, 2**40, 0), offsets=(0, 0))}, None, 0, "")
@example({"a": entry("F4", (3,), (0, 2))}, None, 2, "")
def test_a_header_is_accepted_where_the_official_reader_accepts_it(
    folder: Path, header: dict[str, Any], said: dict[str, Any] | None, n_bytes: int, end: str
) -> None:
    whole = header if said is None else {"__metadata__": said, **header}
    raw = json.dumps(whole).encode() + end.encode()
    assert ours(raw, n_bytes) == official(raw, n_bytes, folder)


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("bits", [4, 6, 8, 16, 32, 64])
def test_sizes_of_dtypes_are_the_official_ones(folder: Path, dtype: str, bits: int) -> None:
    raw = json.dumps({"a": entry(dtype, (8,), (0, bits))}).encode()
    assert ours(raw, bits) == official(raw, bits, folder) == (BITS[dtype] == bits)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"[]", b"{nonsense", b"\xff\xff", b"\xef\xbb\xbf{}", b'{"a":{}}', b'{"a":3}', b"[" * 100_000),
        *(b'{"a\\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', b'{"a":NaN}', b"{}}"),
    ],
)
def test_what_is_no_json_object_of_tensors_is_refused(folder: Path, raw: bytes) -> None:
    assert not official(raw, 4, folder)
    with pytest.raises(DamagedCheckpoint, match="header"):
        parse_header(raw, 8 + len(raw) + 4, "x")


def test_tensors_come_as_the_official_reader_gives_them(tmp_path: Path) -> None:
    tensors = {
        "rows": torch.arange(30, dtype=torch.float32).reshape(5, 6),
        "half": torch.arange(14).reshape(2, 7).to(torch.bfloat16),
        "one": torch.tensor(3.5, dtype=torch.float64),
        "none": torch.empty(0, 4),
    }
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    file = SafetensorsFile(tmp_path / "x.safetensors")
    assert set(file.tensors()) == set(tensors)
    for name, tensor in tensors.items():
        assert file.shape(name) == tuple(tensor.shape)
        assert getattr(torch, file.dtype(name)) == tensor.dtype
        if tensor.ndim:
            assert torch.equal(file.read(name, WHOLE, WHOLE), tensor)
    assert torch.equal(file.read("rows", slice(1, 3), slice(2, 5)), tensors["rows"][1:3, 2:5])
