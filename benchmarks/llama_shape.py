"""Checkpoints of the shapes of Llama 3.1, in bfloat16 and shards, as sparse files.

A sparse file takes no disk where nothing was written and reads as zeros there. Zeros would make degenerate
work (no saliency, only ties), so what a measurement reads holds random numbers: E, U, and V and O of the
layers that are timed, with the first MLP.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

VOCABULARY = 128_256
SHARD_BYTES = 5 * 10**9
BASE_ROWS = 2048
"""Rows drawn at random; the rest of a matrix are these, each time shifted by some columns more."""


@dataclass(frozen=True)
class Shape:
    """The numbers of a ``config.json``."""

    name: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_model: int
    d_mlp: int
    d_head: int = 128
    vocabulary: int = VOCABULARY

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Every tensor of the checkpoint, in the order of its shards."""
        d, kv = self.d_model, self.n_kv_heads * self.d_head
        q = self.n_heads * self.d_head
        yield "model.embed_tokens.weight", (self.vocabulary, d)
        for layer in range(self.n_layers):
            at = f"model.layers.{layer}"
            yield f"{at}.input_layernorm.weight", (d,)
            yield f"{at}.mlp.down_proj.weight", (d, self.d_mlp)
            yield f"{at}.mlp.gate_proj.weight", (self.d_mlp, d)
            yield f"{at}.mlp.up_proj.weight", (self.d_mlp, d)
            yield f"{at}.post_attention_layernorm.weight", (d,)
            yield f"{at}.self_attn.k_proj.weight", (kv, d)
            yield f"{at}.self_attn.o_proj.weight", (d, q)
            yield f"{at}.self_attn.q_proj.weight", (q, d)
            yield f"{at}.self_attn.v_proj.weight", (kv, d)
        yield "model.norm.weight", (d,)
        yield "lm_head.weight", (self.vocabulary, d)

    def read_for(self, layers: Iterable[int], *, first_mlp: bool) -> set[str]:
        """What mapping these layers reads, in the raw source view or in any."""
        own = [f"model.layers.{layer}.self_attn.{one}_proj.weight" for layer in layers for one in "vo"]
        own += ["model.norm.weight", *(f"model.layers.{layer}.input_layernorm.weight" for layer in layers)]
        mlp = [f"model.layers.0.mlp.{one}_proj.weight" for one in ("gate", "up", "down")]
        norm = "model.layers.0.post_attention_layernorm.weight"
        return {"model.embed_tokens.weight", "lm_head.weight", *own, *([norm, *mlp] if first_mlp else [])}


LLAMA_70B = Shape("Llama-3.1-70B", 80, 64, 8, 8192, 28_672)
LLAMA_8B = Shape("Llama-3.1-8B", 32, 32, 8, 4096, 14_336)


def write_checkpoint(folder: Path, shape: Shape, layers: Iterable[int], *, first_mlp: bool = True) -> int:
    """Write it with real numbers in what mapping ``layers`` reads; gives the bytes of all its tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    real, shards = shape.read_for(layers, first_mlp=first_mlp), list(_shards(shape))
    names = [f"model-{place + 1:05}-of-{len(shards):05}.safetensors" for place in range(len(shards))]
    for name, tensors in zip(names, shards, strict=True):
        _write_shard(folder / name, tensors, real)
    total = sum(_bytes(size) for _, size in shape.tensors())
    weight_map = {tensor: name for name, shard in zip(names, shards, strict=True) for tensor, _ in shard}
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(_config(shape)))
    from benchmarks.gpt2_shape import word_tokenizer

    word_tokenizer(shape.vocabulary).save(str(folder / "tokenizer.json"))
    return total


def _shards(shape: Shape) -> Iterator[list[tuple[str, tuple[int, ...]]]]:
    shard: list[tuple[str, tuple[int, ...]]] = []
    for name, size in shape.tensors():
        if shard and sum(_bytes(other) for _, other in shard) + _bytes(size) > SHARD_BYTES:
            yield shard
            shard = []
        shard.append((name, size))
    yield shard


def _bytes(size: tuple[int, ...]) -> int:
    return 2 * math.prod(size)


def _write_shard(path: Path, tensors: list[tuple[str, tuple[int, ...]]], real: set[str]) -> None:
    header: dict[str, object] = {}
    places: list[tuple[int, str, tuple[int, ...]]] = []
    end = 0
    for name, size in tensors:
        header[name] = {"dtype": "BF16", "shape": size, "data_offsets": [end, end + _bytes(size)]}
        places.append((end, name, size))
        end += _bytes(size)
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    start = 8 + len(raw)
    with path.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        file.truncate(start + end)
        for offset, name, size in places:
            if name in real:
                file.seek(start + offset)
                for block in _random_rows(size):
                    file.write(block)
        file.flush()
        os.fsync(file.fileno())
        # so that what is read later comes from the disk, and only that is in memory then
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _random_rows(size: tuple[int, ...]) -> Iterator[bytes]:
    """Rows of a matrix (or one vector) around zero, none like another; far faster than drawing them all."""
    rows, columns = (size[0], size[1]) if len(size) > 1 else (1, size[0])
    base = (torch.randn(min(rows, BASE_ROWS), columns) * columns**-0.5).bfloat16()
    for place, start in enumerate(range(0, rows, BASE_ROWS)):
        block = base[: rows - start].roll(place * 31, 1)
        yield block.view(torch.uint8).numpy().tobytes()


def _config(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "num_hidden_layers": shape.n_layers,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.n_kv_heads,
        "hidden_size": shape.d_model,
        "head_dim": shape.d_head,
        "intermediate_size": shape.d_mlp,
        "vocab_size": shape.vocabulary,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
    }
