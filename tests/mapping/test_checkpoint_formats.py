"""Checkpoints as people save them: other dtypes, shards, ``.bin``, the base class; and what is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.hashes import WeightFile, hash_weights
from headscribe.mapping.safetensors_file import SafetensorsFile
from tests.mapping.tiny_models import LAYERS, VOCABULARY, WIDTH, save_tiny


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_weights_of_every_dtype_are_computed_with_in_the_dtype_asked_for(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    model: Any = save_tiny("llama", tmp_path, dtype=dtype)
    checkpoint = open_checkpoint(str(tmp_path))
    assert checkpoint.facts.dtype == str(dtype).removeprefix("torch.")
    assert torch.equal(checkpoint.embedding(), model.model.embed_tokens.weight)
    assert checkpoint.ov(1, dtype=torch.float64).w_o.dtype == torch.float64
    x = torch.randn(5, WIDTH, dtype=torch.float64)
    assert checkpoint.first_mlp(dtype=torch.float64)(x).dtype == torch.float64


def test_shards_hold_the_same_model(tmp_path: Path) -> None:
    save_tiny("gpt_neox", tmp_path / "whole")
    save_tiny("gpt_neox", tmp_path / "shards", shard_size="40KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > LAYERS
    _assert_same(open_checkpoint(str(tmp_path / "whole")), open_checkpoint(str(tmp_path / "shards")))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_bin_files_hold_the_same_model(tmp_path: Path, zipped: bool) -> None:
    save_tiny("phi3", tmp_path)
    expected = _content(open_checkpoint(str(tmp_path)))
    _replace_by_bin(tmp_path, zipped=zipped)
    for ours, theirs in zip(_content(open_checkpoint(str(tmp_path))), expected, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("family", ["gpt2", "gemma2"])
def test_a_tied_model_saved_by_its_base_class_is_the_same_model(tmp_path: Path, family: str) -> None:
    save_tiny(family, tmp_path / "head")
    save_tiny(family, tmp_path / "base", base_class=True)
    _assert_same(open_checkpoint(str(tmp_path / "head")), open_checkpoint(str(tmp_path / "base")))


def test_a_tied_unembedding_is_the_embedding_itself_while_someone_holds_it(tmp_path: Path) -> None:
    save_tiny("gpt2", tmp_path, dtype=torch.bfloat16)
    checkpoint = open_checkpoint(str(tmp_path))
    embedding = checkpoint.embedding()
    assert checkpoint.unembedding() is embedding
    assert checkpoint.unembedding(dtype=torch.float64) is not embedding


def test_a_stored_unembedding_counts_as_tied_only_if_it_equals_the_embedding(tmp_path: Path) -> None:
    model: Any = save_tiny("llama", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    checkpoint = open_checkpoint(str(tmp_path))
    assert not checkpoint.facts.tied
    assert torch.equal(checkpoint.unembedding(), model.lm_head.weight)


def test_only_the_tensors_and_rows_that_the_map_needs_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_tiny("phi3", tmp_path, shard_size="40KB")
    read: list[tuple[str, int]] = []
    original = SafetensorsFile.read

    def counting(shard: Any, name: str, rows: slice, columns: slice) -> torch.Tensor:
        part = original(shard, name, rows, columns)
        read.append((name.removeprefix("model."), part.shape[0]))
        return part

    monkeypatch.setattr(SafetensorsFile, "read", counting)
    checkpoint = open_checkpoint(str(tmp_path))
    assert read == []
    checkpoint.ov(2)
    assert read == [("layers.2.self_attn.qkv_proj.weight", 20), ("layers.2.self_attn.o_proj.weight", WIDTH)]
    read.clear()
    checkpoint.first_mlp()
    assert sorted(name for name, _ in read) == [
        "layers.0.mlp.down_proj.weight",
        "layers.0.mlp.gate_up_proj.weight",
        "layers.0.post_attention_layernorm.weight",
    ]


@pytest.mark.parametrize(("family", "rows", "columns"), [("gpt2", 60, 60), ("gpt_neox", 10, 60)])
def test_only_the_value_part_of_a_fused_matrix_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, rows: int, columns: int
) -> None:
    save_tiny(family, tmp_path)
    read: list[tuple[str, tuple[int, ...]]] = []
    original = SafetensorsFile.read

    def counting(shard: Any, name: str, *slices: slice) -> torch.Tensor:
        part = original(shard, name, *slices)
        read.append((name, tuple(part.shape)))
        return part

    monkeypatch.setattr(SafetensorsFile, "read", counting)
    open_checkpoint(str(tmp_path)).ov(1)
    fused = {shape for name, shape in read if "c_attn.w" in name or "query_key_value.w" in name}
    assert fused == {(rows, columns)}


def test_shards_without_a_needed_tensor_may_be_absent(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path, shard_size="20KB", tie_word_embeddings=True)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())["weight_map"]
    needed = ("v_proj", "o_proj", "embed_tokens", "layers.0.mlp", "layers.0.post_attention_layernorm")
    needed += ("input_layernorm", "model.norm")
    used = {file for name, file in index.items() if any(part in name for part in needed)}
    unused = set(index.values()) - used
    assert unused
    for file in unused:
        (tmp_path / file).unlink()
    _content(open_checkpoint(str(tmp_path)))


def test_the_weights_hash_follows_every_weight_and_not_the_folder(tmp_path: Path) -> None:
    save_tiny("gpt2", tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    first = open_checkpoint(str(tmp_path / "a")).weights_hash
    assert open_checkpoint(str(tmp_path / "b")).weights_hash == first
    assert first.startswith("sha256:")
    file = tmp_path / "b" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-777] ^= 1
    file.write_bytes(content)
    assert open_checkpoint(str(tmp_path / "b")).weights_hash != first


def test_a_large_file_is_sampled_and_its_hash_says_so(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(bytes(100_000))
    sampled = hash_weights([WeightFile.at(file)], read_fully=99_999)
    assert sampled.startswith("sampled-sha256:")
    file.write_bytes(bytes(100_001))
    assert hash_weights([WeightFile.at(file)], read_fully=99_999) != sampled


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "llama_gqa", "stories260K"])
def test_projections_equal_the_reference(shared: Path, name: str) -> None:
    checkpoint = open_checkpoint(str(shared / "oracle" / name))
    expected = np.load(shared / "oracle" / name / "probe.npz")
    x = checkpoint.embedding()[expected["token_ids"]]
    view = checkpoint.first_mlp()(x)
    assert np.array_equal(x, expected["embedding"])
    np.testing.assert_allclose(view, expected["first_mlp"], atol=1e-5)
    facts, unembedding = checkpoint.facts, checkpoint.unembedding()
    for layer in range(facts.n_layers):
        ov = checkpoint.ov(layer)
        for head in range(facts.n_heads):
            w_v = ov.w_v[head // (facts.n_heads // facts.n_kv_heads)]
            for rows, kind in ((x, "raw"), (view, "first_mlp")):
                logits = rows[:2] @ w_v @ ov.w_o[head] @ unembedding.T
                np.testing.assert_allclose(logits, expected[f"ov_projection_{kind}"][layer, head], atol=1e-5)


def _content(checkpoint: Checkpoint) -> list[torch.Tensor]:
    layers = [checkpoint.ov(layer) for layer in range(LAYERS)]
    x = torch.linspace(-1, 1, 3 * WIDTH).view(3, WIDTH)
    heads = [tensor for ov in layers for tensor in (ov.w_v, ov.w_o)]
    return [checkpoint.embedding(), checkpoint.unembedding(), checkpoint.first_mlp()(x), *heads]


def _assert_same(one: Checkpoint, other: Checkpoint) -> None:
    assert one.facts == other.facts
    assert one.embedding().shape == (VOCABULARY, WIDTH)
    for ours, theirs in zip(_content(one), _content(other), strict=True):
        assert torch.equal(ours, theirs)


def _replace_by_bin(folder: Path, *, zipped: bool) -> None:
    from safetensors.torch import load_file

    file = folder / "model.safetensors"
    tensors_of_file = load_file(file)
    torch.save(tensors_of_file, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    file.unlink()
