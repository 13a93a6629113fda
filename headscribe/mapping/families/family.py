"""What a family declares, and the numbers it reads from ``config.json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from headscribe.core.errors import DamagedCheckpoint

if TYPE_CHECKING:
    import torch

    from headscribe.mapping.families.norms import Norm

    TensorMap = Callable[[torch.Tensor], torch.Tensor]
    """A function on rows: [n, d_model] -> [n, d_model]."""

_ALL = slice(None)


class Read(Protocol):
    """Reads one of the family's tensors in the computing dtype, after checking its shape and its values.

    ``name`` stands below the model's own prefix (``transformer.``, ``model.``, …, or none).
    """

    def __call__(
        self, name: str, shape: tuple[int, ...], rows: slice = _ALL, columns: slice = _ALL
    ) -> torch.Tensor:
        """The rows and columns of a tensor whose full shape must be ``shape``."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The numbers of ``config.json`` that determine shapes and block 0's MLP."""

    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_model: int
    d_head: int
    d_mlp: int
    vocab_size: int
    eps: float
    activation: str
    tied: bool
    mlp_bias: bool
    attention_bias: bool


def no_bias(read: Read, dims: Dimensions, layer: int) -> None:
    """The bias of a layer that has none."""


@dataclass(frozen=True)
class Family:
    """One model family: where the weights of its blocks lie, and where its norms stand.

    Attributes:
        name: the name of its file.
        architectures: values of ``architectures`` in ``config.json`` that belong to it.
        model_types: values of ``model_type``, asked when ``architectures`` is missing.
        embedding: name of E, [vocab, d_model]; what stands before it on disk is the prefix of all others.
        unembedding: name of U^T, [vocab, d_model], looked up without the prefix; unused when tied.
        value: reads W_V of a layer, [n_kv_heads, d_model, d_head].
        output: reads W_O of a layer, [n_heads, d_head, d_model].
        mlp: reads block 0's MLP, without any norm.
        final_norm: the norm in front of the unembedding.
        attention_norm: the norm in front of attention, None without one.
        behind_attention: the norm behind attention, None without one.
        mlp_norm: the norm in front of block 0's MLP, None without one.
        behind_mlp: the norm behind block 0's MLP, None without one.
        value_bias: reads b_V of a layer, [n_kv_heads, d_head], or gives None.
        output_bias: reads b_O of a layer, [d_model], or gives None.
        scaled_embedding: whether the embedding is multiplied by √d_model on input.
        keys: names in ``config.json`` that differ from ``CONFIG_KEYS``.
        defaults: values of ``Dimensions`` when ``config.json`` does not give them.
        notes: what it does beyond the paper's definitions, one sentence each.
    """

    name: str
    architectures: tuple[str, ...]
    model_types: tuple[str, ...]
    embedding: str
    unembedding: str
    value: Callable[[Read, Dimensions, int], torch.Tensor]
    output: Callable[[Read, Dimensions, int], torch.Tensor]
    mlp: Callable[[Read, Dimensions], TensorMap]
    final_norm: Norm
    attention_norm: Norm | None = None
    behind_attention: Norm | None = None
    mlp_norm: Norm | None = None
    behind_mlp: Norm | None = None
    value_bias: Callable[[Read, Dimensions, int], torch.Tensor | None] = no_bias
    output_bias: Callable[[Read, Dimensions, int], torch.Tensor | None] = no_bias
    scaled_embedding: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def dimensions(self, config: dict[str, Any], where: str) -> Dimensions:
        """Read the numbers from a parsed ``config.json``.

        A multimodal configuration keeps the language model's numbers under ``text_config``.

        Raises:
            DamagedCheckpoint: a number is missing, of a wrong type, or does not fit the others.
        """
        inner = config.get("text_config")
        flat = {**config, **inner} if isinstance(inner, dict) else config
        return _Numbers(flat, {**CONFIG_KEYS, **self.keys}, self.defaults, where).dimensions()


CONFIG_KEYS = {
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "d_model": "hidden_size",
    "d_head": "head_dim",
    "d_mlp": "intermediate_size",
    "vocab_size": "vocab_size",
    "eps": "rms_norm_eps",
    "activation": "hidden_act",
    "tied": "tie_word_embeddings",
    "mlp_bias": "mlp_bias",
    "attention_bias": "attention_bias",
}
"""The usual names in ``config.json`` of the fields of ``Dimensions``."""

_COMMON_DEFAULTS = {"tied": False, "mlp_bias": False, "attention_bias": False}


class _Numbers:
    """Looks numbers up: as written, else the family's default, else derived from the others."""

    def __init__(
        self, config: Mapping[str, Any], keys: Mapping[str, str], defaults: Mapping[str, Any], where: str
    ) -> None:
        self._config, self._keys, self._where = config, keys, where
        self._defaults = {**_COMMON_DEFAULTS, **defaults}

    def dimensions(self) -> Dimensions:
        d_model, n_heads = self._count("d_model"), self._count("n_heads")
        found = Dimensions(
            n_layers=self._count("n_layers"),
            n_heads=n_heads,
            n_kv_heads=self._count("n_kv_heads", derived=n_heads),
            d_model=d_model,
            d_head=self._count("d_head", derived=d_model // n_heads),
            d_mlp=self._count("d_mlp", derived=4 * d_model),
            vocab_size=self._count("vocab_size"),
            eps=float(self._number("eps")),
            activation=str(self._value("activation")),
            tied=bool(self._value("tied")),
            mlp_bias=bool(self._value("mlp_bias")),
            attention_bias=bool(self._value("attention_bias")),
        )
        if found.n_heads % found.n_kv_heads:
            raise self._bad(f"{found.n_heads} heads cannot share {found.n_kv_heads} key/value heads")
        return found

    def _value(self, name: str, derived: object = None) -> Any:
        key = self._keys[name]
        # an explicit null asks for the derived value, a missing key for the family's default
        value = self._config[key] if key in self._config else self._defaults.get(name)
        value = derived if value is None else value
        if value is None:
            value = self._defaults.get(name)
        if value is None:
            raise self._bad(f"config.json does not give {key}")
        return value

    def _number(self, name: str, derived: int | None = None) -> float:
        value = self._value(name, derived)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._bad(f"{self._keys[name]} in config.json is not a number")
        return value

    def _count(self, name: str, derived: int | None = None) -> int:
        value = self._number(name, derived)
        if not isinstance(value, int) or value < 1:
            raise self._bad(f"{self._keys[name]} in config.json is not a positive whole number")
        return value

    def _bad(self, what: str) -> DamagedCheckpoint:
        return DamagedCheckpoint(what, where=self._where, do="Repair config.json or download it again")
