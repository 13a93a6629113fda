"""The pretrained model's folder is known to be right, or made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.real_model import is_complete

pytestmark = pytest.mark.real


@pytest.mark.parametrize("damage", ["changed", "removed", "added"])
def test_a_folder_that_changed_is_not_taken_for_complete(
    real_model: Path, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(real_model, copy)
    assert is_complete(copy)
    config = copy / "config.json"
    if damage == "changed":
        config.write_text(config.read_text().replace("100000.0", "10000.0"))
    elif damage == "removed":
        config.unlink()
    else:
        (copy / "pytorch_model.bin").touch()
    assert not is_complete(copy)


def test_a_folder_that_is_not_there_is_not_complete(tmp_path: Path) -> None:
    assert not is_complete(tmp_path / "nowhere")
