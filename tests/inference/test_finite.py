"""What overflows while a model runs is an error that names its place, never a score."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from headscribe.cli.app import app
from headscribe.core.errors import NotFinite
from headscribe.inference.blocks import Blocks
from headscribe.inference.finite import require_finite
from headscribe.inference.running_model import RunningModel
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import VOCABULARY, save_tiny, save_tokenizer

WORDS = tuple(f"w{letter}{other}" for letter in "abcdef" for other in "ghijkl")
IDS = torch.randint(2, VOCABULARY, (3, 9), generator=torch.Generator().manual_seed(7))


@pytest.fixture
def model(tmp_path: Path) -> RunningModel:
    save_tiny("llama", tmp_path)
    return open_both(tmp_path)[1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_number_among_many_is_found(value: float) -> None:
    table = torch.zeros(5, 7, 3)
    assert require_finite(table, "layer 4 gives") is table
    table[3, 2, 1] = value
    with pytest.raises(NotFinite, match=r"layer 4 gives NaN or infinity in float32 \(1 of 105 numbers\)"):
        require_finite(table, "layer 4 gives")
    assert require_finite(torch.empty(0), "nothing is").numel() == 0


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("model.layers.1.self_attn.v_proj.weight", "layer 1 has values"),
        ("model.layers.1.self_attn.q_proj.weight", "layer 1 has heads"),
        ("model.layers.1.mlp.gate_proj.weight", "layer 2 has values"),
        ("model.norm.weight", "logits"),
    ],
)
def test_the_error_names_where_it_arises(model: RunningModel, weight: str, message: str) -> None:
    dict(model.network.named_parameters())[weight].data.view(-1)[3] = torch.nan
    with pytest.raises(NotFinite, match=message):
        model.watch(IDS)


def test_neurons_that_are_no_numbers_never_count_as_silent(model: RunningModel) -> None:
    blocks = Blocks(model)
    dict(model.network.named_parameters())["model.layers.1.mlp.gate_proj.weight"].data[2, 3] = torch.nan
    with pytest.raises(NotFinite, match="layer 1 has neurons"):
        blocks.run(IDS, [1], lambda _, __: None)


@pytest.mark.parametrize("by", ["correlation", "multi-token", "ablation"])
def test_half_precision_that_overflows_is_an_error(tmp_path: Path, by: str) -> None:
    """Weights that float32 holds and float16 holds, and activations that float16 does not."""
    save_tiny("llama", tmp_path)
    save_tokenizer(tmp_path, WORDS)
    weights = load_file(tmp_path / "model.safetensors")
    for name in ("gate_proj", "up_proj", "down_proj"):
        weights[f"model.layers.1.mlp.{name}.weight"] *= 3000
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    pairs = "\n".join(f"{source},{target}" for source, target in pairwise(WORDS))
    (tmp_path / "next.csv").write_text(f"source,target\n{pairs}\n")
    command = ["check", str(tmp_path), "--by", by, "--operations", str(tmp_path / "next.csv")]
    command += ["--template", "about {source}", "--dtype"]
    error = CliRunner().invoke(app, [*command, "float16", "-o", str(tmp_path / "half")]).exception
    assert isinstance(error, NotFinite)
    assert error.exit_code == 2
    assert "layer 2" in str(error)
    assert "in float16" in str(error)
    assert "--dtype bfloat16 or float32" in str(error)
    assert CliRunner().invoke(app, [*command, "float32", "-o", str(tmp_path / "map")]).exit_code == 0
