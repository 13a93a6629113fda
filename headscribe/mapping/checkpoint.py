"""A checkpoint: the weights that the map needs, read lazily, and nothing of where they lie."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import torch

from headscribe.core.errors import NotACausalLM
from headscribe.core.settings import Norms
from headscribe.mapping import first_block
from headscribe.mapping.facts import OV, ModelFacts
from headscribe.mapping.families import find_family
from headscribe.mapping.files import CheckpointFiles, read_json
from headscribe.mapping.finding import find_checkpoint
from headscribe.mapping.folding import folded, read_layer
from headscribe.mapping.hashes import hash_weights
from headscribe.mapping.stored_weights import StoredWeights
from headscribe.mapping.tensors import open_tensors
from headscribe.mapping.vocabulary import Vocabulary, open_vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from headscribe.mapping.families.family import TensorMap
    from headscribe.mapping.source_view import View


def open_checkpoint(model: str, revision: str | None = None) -> Checkpoint:
    """Find a model, check that it can be mapped, and read none of its weights yet.

    Args:
        model: ``demo``, a local folder, or a hub id such as ``openai-community/gpt2``.
        revision: a branch, tag or commit of the hub; None for its main branch.

    Raises:
        HeadscribeError: ``ModelNotFound``, ``NotACausalLM``, ``UnsupportedFamily``, ``QuantisedWeights``,
            ``DamagedCheckpoint``, ``BadTokenizer`` or ``HubUnavailable``, before anything was computed.
    """
    files = find_checkpoint(model, revision)
    config_file = files.get("config.json")
    if config_file is None:
        adapter = files.get("adapter_config.json") is not None
        what = "this is an adapter without its model" if adapter else "there is no config.json"
        raise NotACausalLM(what, where=files.where, do="Give the folder of a whole transformers checkpoint")
    config = read_json(config_file)
    family = find_family(config, files.where)
    dims = family.dimensions(config, files.where)
    return Checkpoint(model, files, StoredWeights(files.where, family, dims, open_tensors(files)))


class Checkpoint:
    """What a map needs of a model; see ``open_checkpoint``.

    Tensors are shared between callers and with the file system: treat them as read-only.

    Attributes:
        name: the model as it was typed.
        path: the folder with its files on this machine.
        revision: the hub's commit hash, None for a folder.
        facts: the numbers that shape the map.
        vocabulary: token texts, and the single token of a word inside running text.
        tokenizer_hash: identifies the tokenizer.
    """

    def __init__(self, name: str, files: CheckpointFiles, weights: StoredWeights) -> None:
        self.name, self._files, self._weights = name, files, weights
        self.revision, self.path = files.revision, files.folder()
        self.vocabulary: Vocabulary = open_vocabulary(files, weights.dims.vocab_size)
        self.tokenizer_hash = self.vocabulary.hash
        self.facts = self._facts()
        self._in_use: weakref.WeakValueDictionary[tuple[object, ...], torch.Tensor]
        self._in_use = weakref.WeakValueDictionary()
        self._lock = Lock()

    @cached_property
    def weights_hash(self) -> str:
        """Identifies the weight files in use; ``hash_weights`` says how."""
        return hash_weights(self._weights.source.files())

    def whole_folder(self) -> Path:
        """The folder with every weight file in it, for running the model; the hub's missing ones are fetched.

        Ask for ``weights_hash`` before: it covers the files in use.
        """
        self._weights.source.fetch_whole()
        return self.path

    def to_fetch(self, layers: Iterable[int], views: Collection[View], norms: Norms) -> tuple[int, int]:
        """Bytes that mapping these layers would fetch from the hub, and bytes of all weight files in use.

        Args:
            layers: layers of the model.
            views: the source views of these layers.
            norms: as for ``ov``.
        """
        source = self._weights.source
        needed = self._weights.names_read(layers, views, norms)
        return sum(source.missing(name) for name in needed), sum(file.size for file in source.files())

    @contextmanager
    def told_of_fetching(self, listener: Callable[[int], object]) -> Iterator[None]:
        """While inside, ``listener`` is told how many bytes of weights came, each time some did."""
        before, self._files.on_fetch = self._files.on_fetch, listener
        try:
            yield
        finally:
            self._files.on_fetch = before

    def embedding(
        self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> Float[torch.Tensor, "vocab d_model"]:
        """E as stored, without positions or scaling: [vocab, d_model].

        While a caller holds the tensor, asking again gives the same one.
        """
        return self._table(self._weights.embedding, dtype, torch.device(device))

    def embedding_rows(
        self,
        rows: slice | Int[torch.Tensor, " n"],
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> Float[torch.Tensor, "n d_model"]:
        """Some rows of E, [n, d_model]; only these are read, unless somebody holds all of E already.

        Args:
            rows: a slice, or ids [n] on any device.
            dtype: of the result.
            device: of the result.
        """
        device = torch.device(device)
        whole = self._in_use.get((self._weights.embedding, dtype, str(device)))
        if whole is not None:
            return whole[rows.to(device) if isinstance(rows, torch.Tensor) else rows]
        chosen = rows.cpu() if isinstance(rows, torch.Tensor) else rows
        return self._weights.table(self._weights.embedding, dtype, device, chosen)

    def unembedding(
        self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> Float[torch.Tensor, "vocab d_model"]:
        """U^T as stored, one row per token, without final norm or bias: [vocab, d_model].

        Of a tied model this is the very tensor that ``embedding`` gives while a caller holds it.
        """
        return self._table(self._weights.unembedding, dtype, torch.device(device))

    def ov(
        self,
        layer: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        *,
        norms: Norms = "leave",
    ) -> OV:
        """W_V and W_O of a layer's heads, with their biases (definitions sections 1 and 8).

        A norm *behind* attention (Gemma 2 and 3, OLMo-2) always has its weight folded into the columns of W_O
        and into b_O; its scale per token is left out.

        Args:
            layer: a layer of the model.
            dtype: of the result.
            device: of the result.
            norms: ``leave`` leaves the other norms out, as the paper does. ``fold`` folds in the weight of
                the norm in front of attention, w_v = diag(γ_l) W_V, and of the final norm, w_o =
                W_O diag(γ_f), after centring W_O's rows where that is a LayerNorm. The bias of a LayerNorm
                in front joins the value bias as β_l W_V. Such a w_v multiplies what ``head_norm`` gives.
        """
        weights = self._weights
        read = weights.reader(dtype, torch.device(device))
        return folded(read_layer(weights.family, read, weights.dims, layer, norms))

    def first_mlp(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> TensorMap:
        """MLP_0(norm_0(·)) on rows of E, [n, d_model] -> [n, d_model], without residual.

        The rows must have the dtype and device given here. Holds the MLP's weights as long as it lives.
        """
        weights = self._weights
        return first_block.first_mlp(
            weights.family, weights.reader(dtype, torch.device(device)), weights.dims
        )

    def residual(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> TensorMap:
        """E + MLP_0(norm_0(E)) on rows of E, [n, d_model] -> [n, d_model]: the stream behind block 0.

        Attention is left out. E is scaled where the model does so (Gemma), and a norm behind the MLP
        (Gemma 2 and 3, OLMo-2) is applied to each row. Otherwise as ``first_mlp``.
        """
        weights = self._weights
        return first_block.residual(weights.family, weights.reader(dtype, torch.device(device)), weights.dims)

    def head_norm(self) -> TensorMap:
        """What the norm in front of attention makes of source vectors, but for its weight and bias.

        A function [n, d_model] -> [n, d_model] for any dtype and device, the same for all layers: x / rms(x),
        after centring where it is a LayerNorm, and x itself where the family has no such norm (OLMo-2).
        """
        return first_block.head_norm(self._weights.family, self._weights.dims)

    def _table(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        key = (name, dtype, str(device))
        with self._lock:  # two threads that ask at once are to share it
            table = self._in_use.get(key)
            if table is None:
                table = self._weights.table(name, dtype, device)
                self._in_use[key] = table
        return table

    def _facts(self) -> ModelFacts:
        weights, dims = self._weights, self._weights.dims
        return ModelFacts(
            family=weights.family.name,
            n_layers=dims.n_layers,
            n_heads=dims.n_heads,
            n_kv_heads=dims.n_kv_heads,
            d_model=dims.d_model,
            d_head=dims.d_head,
            vocab_size=dims.vocab_size,
            n_tokens=dims.vocab_size - len(self.vocabulary.padded),
            tied=weights.tied,
            dtype=weights.stored_dtype,
            notes=weights.family.notes,
            embedding_scale=first_block.embedding_scale(weights.family, dims),
        )
