"""What doctor says about a model's tokens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.pipeline.doctor import doctor

FORGOTTEN = (" France", " Paris")


@pytest.fixture
def with_forgotten_words(tmp_path: Path) -> Path:
    """The bundled model, with one and the same vector in two words and in the bytes that no text holds."""
    demo = open_checkpoint("demo")
    vocabulary = demo.vocabulary
    folder = tmp_path / "model"
    shutil.copytree(demo.path, folder)
    tensors = load_file(folder / "model.safetensors")
    ids = [*vocabulary.never_in_text, *(vocabulary.word_id(word.strip()) for word in FORGOTTEN)]
    (name,) = [name for name, tensor in tensors.items() if tensor.shape == (6165, 256)]
    tensors[name][ids] = torch.randn(256, generator=torch.Generator().manual_seed(0)).to(tensors[name].dtype)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


def found(model: str) -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine(model=model)}


def test_undertrained_tokens_are_counted_and_named(with_forgotten_words: Path) -> None:
    checks = found(str(with_forgotten_words))
    assert all(check.ok for check in checks.values())
    assert checks["undertrained tokens"].found == "2 of text: ' France' ' Paris'"
    details = checks["undertrained tokens"].details
    assert details["indicator"] == "cosine distance"
    assert {token["text"] for token in details["tokens"]} > {*FORGOTTEN, "<0xC0>"}
    tokens = checks["tokens"]
    assert tokens.details["left_out"]["undertrained"] == 2
    assert (
        tokens.found
        == "6034 of 6165 are usable sources; left out: 1 special, 128 byte pieces, 2 undertrained"
    )


def test_where_no_token_shows_as_unused_that_is_said() -> None:
    check = found("demo")["undertrained tokens"]
    assert check.ok
    assert check.found.startswith("cannot be told")
    assert check.as_json()["details"] == {"indicator": None, "tokens": []}
