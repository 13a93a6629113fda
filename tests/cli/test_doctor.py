"""``doctor --self-check`` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.cli.conftest import Cli
from tests.mapping.tiny_models import LAYERS, save_tiny


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_tiny("llama", tmp_path / "model")
    return tmp_path / "model"


def test_a_model_that_is_read_rightly_passes_with_one_check_per_layer(cli: Cli, model: Path) -> None:
    ended = cli("doctor", str(model), "--self-check", "--json")
    assert ended.code == 0, ended.out
    names = [check["name"] for check in json.loads(ended.out)["checks"]]
    assert names.count("self-check: layer 0") == 1
    assert sum(name.startswith("self-check") for name in names) == LAYERS + 2
    assert not any("self-check" in line for line in cli("doctor", str(model)).out.splitlines())


def test_a_model_with_a_dead_layer_fails(cli: Cli, model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    name = "model.layers.1.self_attn.v_proj.weight"
    save_file(
        tensors | {name: torch.zeros_like(tensors[name])},
        model / "model.safetensors",
        metadata={"format": "pt"},
    )
    ended = cli("doctor", str(model), "--self-check")
    assert ended.code == 1
    assert "W_V of L1H0 is zero in every entry" in " ".join(ended.out.split())
    assert "1 of" in ended.out.splitlines()[-1]


def test_a_self_check_needs_a_model(cli: Cli) -> None:
    ended = cli("doctor", "--self-check")
    assert ended.code == 2
    assert "there is no model to check" in ended.err
