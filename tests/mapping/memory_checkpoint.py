"""A checkpoint in memory with any weights, and the map written out in full, in float64, to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.settings import Norms
from headscribe.mapping.checkpoint import Checkpoint
from headscribe.mapping.facts import OV, ModelFacts
from headscribe.operations import Operation


@dataclass
class Words:
    """Ids as texts: token 7 reads "7", and is the word "7"."""

    padded: tuple[int, ...] = ()
    controls: frozenset[int] = frozenset()
    byte_pieces: frozenset[int] = frozenset()
    never_in_text: frozenset[int] = frozenset()

    def text(self, id: int) -> str:
        return "" if id in self.padded else str(id)

    def texts(self, ids: list[int]) -> list[str]:
        return [self.text(id) for id in ids]

    def word_id(self, word: str) -> int | None:
        return int(word) if word.isdigit() else None


@dataclass
class MemoryCheckpoint:
    """``e``, ``u``: [vocab, d_model]; ``w_v``: [layers, kv, d_model, d_head]; ``w_o``:
    [layers, heads, d_head, d_model].

    Its first MLP is x -> relu(x) @ mlp, which sends a zero row to zero. Its norms are RMSNorms of the weights
    ``front``, [layers, d_model], and ``final``, [d_model], which are 1 by default.
    """

    e: Tensor
    u: Tensor
    w_v: Tensor
    w_o: Tensor
    mlp: Tensor
    vocabulary: Words = field(default_factory=Words)
    front: Tensor | None = None
    final: Tensor | None = None

    @property
    def facts(self) -> ModelFacts:
        layers, heads, d_head, d_model = self.w_o.shape
        n = len(self.e)
        return ModelFacts(
            family="memory",
            n_layers=layers,
            n_heads=heads,
            n_kv_heads=self.w_v.shape[1],
            d_model=d_model,
            d_head=d_head,
            vocab_size=n,
            n_tokens=n - len(self.vocabulary.padded),
            tied=self.e is self.u,
            dtype="float64",
        )

    def embedding(self, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> Tensor:
        return self.e.to(device, dtype)

    def embedding_rows(self, rows: Any, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> Tensor:
        return self.e[rows].to(device, dtype)

    def unembedding(self, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> Tensor:
        return self.u.to(device, dtype)

    def ov(
        self, layer: int, dtype: torch.dtype = torch.float32, device: Any = "cpu", *, norms: Norms = "leave"
    ) -> OV:
        w_v, w_o = self._weights(layer, norms)
        w_v, w_o = w_v.to(device, dtype), w_o.to(device, dtype)
        return OV(w_v, w_o, w_v.new_zeros(w_v.shape[0], w_v.shape[2]), w_o.new_zeros(w_o.shape[2]))

    def first_mlp(self, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> Any:
        return lambda x: torch.relu(x) @ self.mlp.to(device, dtype)

    def residual(self, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> Any:
        return lambda x: x + torch.relu(x) @ self.mlp.to(device, dtype)

    def head_norm(self) -> Any:
        return _normalised

    def _weights(self, layer: int, norms: Norms) -> tuple[Tensor, Tensor]:
        w_v, w_o = self.w_v[layer], self.w_o[layer]
        if norms == "fold":
            w_v = w_v if self.front is None else w_v * self.front[layer][:, None]
            w_o = w_o if self.final is None else w_o * self.final
        return w_v, w_o

    @property
    def heads(self) -> list[Head]:
        return [Head(layer, head) for layer in range(self.w_o.shape[0]) for head in range(self.w_o.shape[1])]

    def opened(self) -> Checkpoint:
        """Itself, as what the mapping code asks for."""
        return cast(Checkpoint, self)

    def sources(self, view: str, norms: Norms = "leave") -> Tensor:
        """E' in float64, [vocab, d_model]."""
        e = self.e.double()
        through = torch.relu(e) @ self.mlp.double()
        found = {"raw": e, "first-mlp": through, "residual": e + through}[view]
        return found if norms == "leave" else _normalised(found)

    def matrix(self, head: Head, view: str, norms: Norms = "leave") -> Tensor:
        """E' W_V W_O of a head in float64, [vocab, d_model]."""
        w_v, w_o = self._weights(head.layer, norms)
        group = len(w_o) // len(w_v)
        return self.sources(view, norms) @ (w_v[head.head // group].double() @ w_o[head.head].double())

    def m(self, head: Head, view: str, norms: Norms = "leave") -> Tensor:
        """M in full and in float64, [vocab, vocab]."""
        return self.matrix(head, view, norms) @ self.u.double().T


def _normalised(x: Tensor) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + 1e-12).sqrt()


def random_checkpoint(
    seed: int,
    *,
    vocab: int = 53,
    layers: int = 3,
    heads: int = 4,
    kv_heads: int = 2,
    d_model: int = 11,
    d_head: int = 3,
    whole: bool = False,
    padded: tuple[int, ...] = (),
) -> MemoryCheckpoint:
    """Random weights; with ``whole``, small whole numbers: all arithmetic is exact then, and ties abound."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        if whole:
            return torch.randint(-2, 3, shape, generator=generator).double()
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return MemoryCheckpoint(
        e=draw(vocab, d_model),
        u=draw(vocab, d_model),
        w_v=draw(layers, kv_heads, d_model, d_head),
        w_o=draw(layers, heads, d_head, d_model),
        mlp=draw(d_model, d_model),
        front=draw(layers, d_model),
        final=draw(d_model),
        vocabulary=Words(padded),
    )


def in_order(row: Tensor, ids: list[int], *, largest: bool = True) -> list[int]:
    """Ids by value, equal values by ascending id, written the slow way."""
    sign = -1 if largest else 1
    return sorted(ids, key=lambda id: (sign * float(row[id]), id))


def operation(name: str, pairs: list[tuple[int, int]]) -> Operation:
    """Pairs of ids, as the words of ``Words``."""
    return Operation(name, "any", 1, "", "", None, tuple((str(s), str(t)) for s, t in pairs))
