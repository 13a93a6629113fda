"""A tiny model and operations to check with it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from headscribe.inference.running_model import RunningModel
from tests.mapping.tiny_models import save_tiny, save_tokenizer

NAMES = [f"w{letter}{other}" for letter in "abcdef" for other in "ghijkl"]
FEW = 29


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random llama whose tokenizer has 36 words."""
    folder = tmp_path_factory.mktemp("tiny") / "llama"
    save_tiny("llama", folder, max_position_embeddings=64)
    save_tokenizer(folder, tuple(NAMES))
    return folder


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """Three operations: 35 single-token pairs, 29 of them, and 35 beside 34 with longer sources."""
    folder = tmp_path / "operations"
    folder.mkdir()
    following = list(pairwise(NAMES))
    long = [[f"long{source}", target] for source, target in following[1:]]
    for name, pairs in {"next": following, "few": following[:FEW], "mixed": [*following, *long]}.items():
        (folder / f"{name}.json").write_text(json.dumps({"name": name, "pairs": pairs}))
    return folder


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every batch of prompts that the model is run on."""
    seen: list[int] = []
    watch = RunningModel.watch

    def counted(self: RunningModel, ids: Any, **more: Any) -> Any:
        seen.append(len(ids))
        return watch(self, ids, **more)

    monkeypatch.setattr(RunningModel, "watch", counted)
    return seen
