"""Checkpoints to compare on: a tiny random one of every family, and the bundled model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from tests.mapping.tiny_models import FAMILY_NAMES, save_tiny, save_tokenizer
from tests.reference.weights import Weights, weights_of

WORDS = tuple(f"w{first}{second}" for first in "abcdefghijklmnopqrst" for second in "abcdefghij")
VOCABULARY, TOKENS = 471, 457
"""Rows of the embedding, and those with a token: 257 bytes and the end, and the words."""


@dataclass(frozen=True)
class Case:
    """A checkpoint's folder, and what the reference needs of it."""

    name: str
    folder: Path

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, as the package opens it."""
        return open_checkpoint(str(self.folder))

    @cached_property
    def model(self) -> Any:
        """The same one, as transformers runs it, in float64."""
        import transformers

        kind = "ForConditionalGeneration" if self.name == "gemma3_multimodal" else None
        loader = getattr(transformers, f"Gemma3{kind}" if kind else "AutoModelForCausalLM")
        return loader.from_pretrained(self.folder, dtype=torch.float64, attn_implementation="eager").eval()

    @cached_property
    def weights(self) -> Weights:
        """Its tensors."""
        return weights_of(self.model)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    @cached_property
    def rows(self) -> Tensor:
        """Rows that belong to a token."""
        return torch.tensor(sorted(self.tokenizer.get_vocab().values()))

    @property
    def heads(self) -> list[Head]:
        """Some heads, of every layer and of both groups; M in full takes a while on the bundled model."""
        if self.name == "demo":
            return [Head(0, 5), Head(1, 2), Head(2, 7)]
        return [Head(0, 0), Head(0, 4), Head(1, 2), Head(1, 3), Head(2, 5), Head(3, 1)]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Products as small as these take longer on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", params=[*FAMILY_NAMES, "demo"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One checkpoint after the other."""
    if request.param == "demo":
        return Case("demo", open_checkpoint("demo").path)
    folder = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder, vocab_size=VOCABULARY)
    assert save_tokenizer(folder, WORDS) == TOKENS
    return Case(request.param, folder)
