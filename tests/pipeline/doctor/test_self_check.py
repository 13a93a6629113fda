"""``doctor --self-check``: every family passes, and a family that is read wrongly is never silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from headscribe.mapping import families
from headscribe.mapping.families.family import Dimensions, Family, Read, no_bias
from headscribe.mapping.families.norms import Norm
from headscribe.mapping.families.parts import value_from_rows
from headscribe.pipeline import Check, examine
from tests.mapping.tiny_models import FAMILY_NAMES, HEADS, LAYERS, save_tiny

BLOCK_0 = "block 0 without attention"
LATER = [f"layer {layer}" for layer in range(LAYERS)]
VIEW = "source view"

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((family, {}) for family in FAMILY_NAMES),
    *((family, {"attention_bias": True}) for family in ("llama", "gemma2", "olmo2")),
    ("gpt_neox", {"use_parallel_residual": False, "attention_bias": False}),
    ("gemma", {"rms_norm_eps": 0.5}),
]


def _checked(folder: Path) -> dict[str, Check]:
    checks = examine(model=str(folder), self_check=True)
    prefix = "self-check: "
    return {check.name.removeprefix(prefix): check for check in checks if check.name.startswith(prefix)}


@pytest.mark.parametrize(
    ("family", "overrides"), VARIANTS, ids=["-".join([name, *others]) for name, others in VARIANTS]
)
def test_every_family_is_read_as_its_modules_run(
    family: str, overrides: dict[str, Any], tmp_path: Path
) -> None:
    save_tiny(family, tmp_path, **overrides)
    checks = _checked(tmp_path)
    assert list(checks) == [BLOCK_0, *LATER, VIEW]
    assert {name: check.found for name, check in checks.items() if not check.ok} == {}


def _turned(family: Family) -> Family:
    """Rows of W_V the other way round."""
    return replace(family, value=lambda *where: family.value(*where).flip(1))


def _next_value_head(family: Family) -> Family:
    return replace(family, value=lambda *where: family.value(*where).roll(1, 0))


def _next_output_head(family: Family) -> Family:
    return replace(family, output=lambda *where: family.output(*where).roll(1, 0))


def _not_interleaved(family: Family) -> Family:
    """GPT-NeoX's q, k and v taken to lie one below the other."""

    def value(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
        d, name = dims.d_model, f"layers.{layer}.attention.query_key_value.weight"
        return value_from_rows(read(name, (3 * d, d), slice(2 * d, 3 * d)), dims)

    return replace(family, value=value)


def _without(part: str, family: Family) -> Family:
    return replace(family, **{part: None})


def _without_offset(part: str, family: Family) -> Family:
    """The 1 of Gemma's 1 + w forgotten."""
    return replace(family, **{part: replace(getattr(family, part), offset=0.0)})


def _not_centred(part: str, family: Family) -> Family:
    norm: Norm = getattr(family, part)
    return replace(family, **{part: replace(norm, centred=False)})


def _with_relu(family: Family) -> Family:
    return replace(family, mlp=lambda read, dims: family.mlp(read, replace(dims, activation="relu")))


Mistake = Callable[[Family], Family]
MISTAKES: dict[str, tuple[str, Mistake, list[str], str]] = {
    "rows of W_V": ("gpt2", _turned, LATER, "values"),
    "value heads": ("llama", _next_value_head, LATER, "values"),
    "output heads": ("qwen3", _next_output_head, LATER, "what is written"),
    "interleaving": ("gpt_neox", _not_interleaved, LATER, "values"),
    "1 + w in front": ("gemma", partial(_without_offset, "attention_norm"), LATER, "values"),
    "1 + w at the end": ("gemma3", partial(_without_offset, "final_norm"), LATER, "what is written"),
    "1 + w behind": ("gemma2", partial(_without_offset, "behind_attention"), LATER, "what is written"),
    "no norm in front": ("mistral", partial(_without, "attention_norm"), LATER, "values"),
    "no norm behind": ("olmo2", partial(_without, "behind_attention"), LATER, "what is written"),
    "no centring in front": ("phi", partial(_not_centred, "attention_norm"), LATER, "values"),
    "no centring at the end": ("gpt2", partial(_not_centred, "final_norm"), LATER, "what is written"),
    "value bias": ("qwen2", lambda family: replace(family, value_bias=no_bias), LATER, "values"),
    "output bias": ("phi", lambda family: replace(family, output_bias=no_bias), LATER, "output bias"),
    "scaled embedding": (
        "gemma", lambda family: replace(family, scaled_embedding=False), [BLOCK_0], "embedding"
    ),
    "norm of the MLP": ("phi3", partial(_without, "mlp_norm"), [BLOCK_0], "first MLP"),
    "norm behind the MLP": ("gemma2", partial(_without, "behind_mlp"), [BLOCK_0], "residual stream"),
    "activation": (
        "llama",
        _with_relu,
        [BLOCK_0],
        "first MLP",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_family_that_is_read_wrongly_fails_where_it_is_wrong(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, change, parts, quantity = MISTAKES[mistake]
    save_tiny(name, tmp_path)
    wrong = tuple(change(one) if one.name == name else one for one in families.FAMILIES)
    monkeypatch.setattr(families, "FAMILIES", wrong)
    checks = _checked(tmp_path)
    assert [part for part, check in checks.items() if not check.ok] == parts
    for part in parts:
        assert f"{quantity} " in checks[part].found
        assert "away from the running model's" in checks[part].found
        assert f"families/{name}.py" in checks[part].found


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ("model.layers.2.self_attn.v_proj.weight", "W_V of L2H0 is zero"),
        ("model.layers.2.self_attn.o_proj.weight", f"W_O of L2H{HEADS - 1} is zero"),
        ("model.layers.2.input_layernorm.weight", "W_V of L2H0 is zero"),
    ],
)
def test_weights_that_are_zero_fail_though_both_sides_read_them_so(
    tensor: str, said: str, tmp_path: Path
) -> None:
    save_tiny("llama", tmp_path)
    _overwrite(tmp_path, tensor, 0.0)
    checks = _checked(tmp_path)
    assert [part for part, check in checks.items() if not check.ok] == ["layer 2"]
    assert said in checks["layer 2"].found


def test_a_weight_that_is_not_finite_ends_the_check_and_is_named(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path)
    _overwrite(tmp_path, "model.layers.1.self_attn.o_proj.weight", float("nan"))
    failed = [check for check in examine(model=str(tmp_path), self_check=True) if not check.ok]
    assert [check.name for check in failed] == ["self-check"]
    assert "layers.1.self_attn.o_proj.weight holds NaN" in failed[0].found


def _overwrite(folder: Path, tensor: str, value: float) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors[tensor] = torch.full_like(tensors[tensor], value)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("strength", [0.0, 30.0])
def test_the_source_view_that_the_model_runs_with_is_named(tmp_path: Path, strength: float) -> None:
    """A model whose later layers read the embedding and what the first MLP makes of it, and nothing else."""
    save_tiny("llama", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    for name, tensor in weights.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            tensor.mul_(strength if name == "model.layers.0.mlp.down_proj.weight" else 0.0)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    said = _checked(tmp_path)[VIEW].found
    assert "residual 1.00" in said
    assert ("raw 1.00" in said) == (strength == 0.0)
    assert "is nearer" not in said


def test_a_view_that_fits_better_than_the_default_is_named(tmp_path: Path) -> None:
    """With random weights block 0's attention changes what its MLP makes of a token; the embedding stays."""
    save_tiny("llama", tmp_path)
    check = _checked(tmp_path)[VIEW]
    assert "--source-view raw is nearer to this model than the default, residual" in check.found
    assert check.ok
