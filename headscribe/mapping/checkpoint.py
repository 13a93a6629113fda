"""A checkpoint: the weights that the map needs, read lazily, and nothing of where they lie."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files as package_files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import torch

from headscribe.core.errors import BadOption, ModelNotFound, NotACausalLM
from headscribe.core.settings import Norms
from headscribe.mapping import first_block
from headscribe.mapping.facts import OV, ModelFacts
from headscribe.mapping.families import find_family
from headscribe.mapping.families.family import Dimensions, Family
from headscribe.mapping.files import CheckpointFiles, LocalFolder, read_json
from headscribe.mapping.folding import folded, read_layer
from headscribe.mapping.hashes import hash_weights
from headscribe.mapping.reading import Reader, TensorNames
from headscribe.mapping.tensors import TensorSource, open_tensors
from headscribe.mapping.vocabulary import Vocabulary, open_vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from headscribe.mapping.families.family import TensorMap
    from headscribe.mapping.source_view import View

_META = torch.device("meta")
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


def open_checkpoint(model: str, revision: str | None = None) -> Checkpoint:
    """Find a model, check that it can be mapped, and read none of its weights yet.

    Args:
        model: ``demo``, a local folder, or a hub id such as ``openai-community/gpt2``.
        revision: a branch, tag or commit of the hub; None for its main branch.

    Raises:
        HeadscribeError: ``ModelNotFound``, ``NotACausalLM``, ``UnsupportedFamily``, ``QuantisedWeights``,
            ``DamagedCheckpoint``, ``BadTokenizer`` or ``HubUnavailable``, before anything was computed.
    """
    files = _find_files(model, revision)
    config_file = files.get("config.json")
    if config_file is None:
        adapter = files.get("adapter_config.json") is not None
        what = "this is an adapter without its model" if adapter else "there is no config.json"
        raise NotACausalLM(what, where=files.where, do="Give the folder of a whole transformers checkpoint")
    config = read_json(config_file)
    family = find_family(config, files.where)
    parts = _Parts(files, family, family.dimensions(config, files.where), open_tensors(files))
    return Checkpoint(model, parts)


def _find_files(model: str, revision: str | None) -> CheckpointFiles:
    if model == "demo":
        return _bundled(revision)
    path = Path(model).expanduser()
    if model and path.is_dir():
        if revision is not None:
            raise BadOption("a local folder has no revisions", where="--revision", do="Leave it out")
        return LocalFolder(path)
    if model and path.exists():
        raise ModelNotFound("this is a file, not a checkpoint's folder", where=path, do="Give its folder")
    if not _HUB_ID.fullmatch(model):
        raise ModelNotFound("there is no such folder", where=model or "MODEL", do="Check the path")
    from headscribe.mapping.hub import HubRepository

    return HubRepository(model, revision)


def _bundled(revision: str | None) -> CheckpointFiles:
    if revision is not None:
        raise BadOption("the bundled model has no revisions", where="--revision", do="Leave it out")
    path = Path(str(package_files("headscribe") / "demo" / "checkpoint"))
    if not path.is_dir():
        raise ModelNotFound(
            "the bundled model is not in this installation", where=path, do="Run: make demo-model"
        )
    return LocalFolder(path)


@dataclass(frozen=True)
class _Parts:
    files: CheckpointFiles
    family: Family
    dims: Dimensions
    source: TensorSource


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

    def __init__(self, name: str, parts: _Parts) -> None:
        self.name, self._parts = name, parts
        self.revision = parts.files.revision
        self._names = TensorNames(parts.family, parts.source.names(), parts.files.where)
        self._tied = self._is_tied()
        stored = self._check_layout()
        self.path = parts.files.folder()
        self.vocabulary: Vocabulary = open_vocabulary(parts.files, parts.dims.vocab_size)
        self.tokenizer_hash = self.vocabulary.hash
        self.facts = self._facts(stored)
        self._in_use: weakref.WeakValueDictionary[tuple[object, ...], torch.Tensor]
        self._in_use = weakref.WeakValueDictionary()
        self._lock = Lock()

    @cached_property
    def weights_hash(self) -> str:
        """Identifies the weight files in use; ``hash_weights`` says how."""
        return hash_weights(self._parts.source.files())

    def whole_folder(self) -> Path:
        """The folder with every weight file in it, for running the model; the hub's missing ones are fetched.

        Ask for ``weights_hash`` before: it covers the files in use.
        """
        self._parts.source.fetch_whole()
        return self.path

    def to_fetch(self, layers: Iterable[int], views: Collection[View], norms: Norms) -> tuple[int, int]:
        """Bytes that mapping these layers would fetch from the hub, and bytes of all weight files in use.

        Args:
            layers: layers of the model.
            views: the source views of these layers.
            norms: as for ``ov``.
        """
        source = self._parts.source
        needed = self._names_read(layers, views, norms)
        return sum(source.missing(name) for name in needed), sum(file.size for file in source.files())

    @contextmanager
    def told_of_fetching(self, listener: Callable[[int], object]) -> Iterator[None]:
        """While inside, ``listener`` is told how many bytes of weights came, each time some did."""
        files = self._parts.files
        before, files.on_fetch = files.on_fetch, listener
        try:
            yield
        finally:
            files.on_fetch = before

    def embedding(
        self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> Float[torch.Tensor, "vocab d_model"]:
        """E as stored, without positions or scaling: [vocab, d_model].

        While a caller holds the tensor, asking again gives the same one.
        """
        return self._table(self._names.embedding, dtype, torch.device(device))

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
        whole = self._in_use.get((self._names.embedding, dtype, str(device)))
        if whole is not None:
            return whole[rows.to(device) if isinstance(rows, torch.Tensor) else rows]
        shape = (self._parts.dims.vocab_size, self._parts.dims.d_model)
        chosen = rows.cpu() if isinstance(rows, torch.Tensor) else rows
        return self._reader(dtype, device, prefix="")(self._names.embedding, shape, chosen)

    def unembedding(
        self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> Float[torch.Tensor, "vocab d_model"]:
        """U^T as stored, one row per token, without final norm or bias: [vocab, d_model].

        Of a tied model this is the very tensor that ``embedding`` gives while a caller holds it.
        """
        return self._table(self._names.head(tied=self._tied), dtype, torch.device(device))

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
        read = self._reader(dtype, torch.device(device))
        return folded(read_layer(self._parts.family, read, self._parts.dims, layer, norms))

    def first_mlp(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> TensorMap:
        """MLP_0(norm_0(·)) on rows of E, [n, d_model] -> [n, d_model], without residual.

        The rows must have the dtype and device given here. Holds the MLP's weights as long as it lives.
        """
        read = self._reader(dtype, torch.device(device))
        return first_block.first_mlp(self._parts.family, read, self._parts.dims)

    def residual(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> TensorMap:
        """E + MLP_0(norm_0(E)) on rows of E, [n, d_model] -> [n, d_model]: the stream behind block 0.

        Attention is left out. E is scaled where the model does so (Gemma), and a norm behind the MLP
        (Gemma 2 and 3, OLMo-2) is applied to each row. Otherwise as ``first_mlp``.
        """
        read = self._reader(dtype, torch.device(device))
        return first_block.residual(self._parts.family, read, self._parts.dims)

    def head_norm(self) -> TensorMap:
        """What the norm in front of attention makes of source vectors, but for its weight and bias.

        A function [n, d_model] -> [n, d_model] for any dtype and device, the same for all layers: x / rms(x),
        after centring where it is a LayerNorm, and x itself where the family has no such norm (OLMo-2).
        """
        return first_block.head_norm(self._parts.family, self._parts.dims)

    def _table(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        key = (name, dtype, str(device))
        with self._lock:  # two threads that ask at once are to share it
            table = self._in_use.get(key)
            if table is None:
                dims = self._parts.dims
                table = self._reader(dtype, device, prefix="")(name, (dims.vocab_size, dims.d_model))
                self._in_use[key] = table
        return table

    def _reader(self, dtype: torch.dtype, device: torch.device, prefix: str | None = None) -> Reader:
        prefix = self._names.prefix if prefix is None else prefix
        return Reader(self._parts.source, self._parts.files.where, prefix, dtype=dtype, device=device)

    def _is_tied(self) -> bool:
        """As transformers decides: the configuration says so, and no other unembedding is stored."""
        source, names = self._parts.source, self._names
        if not self._parts.dims.tied or names.unembedding is None:
            return self._parts.dims.tied
        if source.shape(names.unembedding) != source.shape(names.embedding):
            return False
        return torch.equal(source.read(names.unembedding), source.read(names.embedding))

    def _check_layout(self) -> set[str]:
        """Check that every tensor needed is there with its shape; gives how they are stored."""
        names = self._names_read(range(self._parts.dims.n_layers), ["residual"], "fold")
        return {self._parts.source.dtype(name) for name in names}

    def _names_read(self, layers: Iterable[int], views: Collection[View], norms: Norms) -> set[str]:
        """Names of the tensors that mapping these layers reads; each is checked, none is read."""
        family, dims = self._parts.family, self._parts.dims
        read = self._reader(torch.float32, _META)
        for layer in layers:
            read_layer(family, read, dims, layer, norms)
        if "residual" in views:
            first_block.residual(family, read, dims)
        elif "first-mlp" in views:
            first_block.first_mlp(family, read, dims)
        tables = self._reader(torch.float32, _META, prefix="")
        for name in {self._names.embedding, self._names.head(tied=self._tied)}:
            tables(name, (dims.vocab_size, dims.d_model))
        return read.asked | tables.asked

    def _facts(self, stored: set[str]) -> ModelFacts:
        dims = self._parts.dims
        return ModelFacts(
            family=self._parts.family.name,
            n_layers=dims.n_layers,
            n_heads=dims.n_heads,
            n_kv_heads=dims.n_kv_heads,
            d_model=dims.d_model,
            d_head=dims.d_head,
            vocab_size=dims.vocab_size,
            n_tokens=dims.vocab_size - len(self.vocabulary.padded),
            tied=self._tied,
            dtype="+".join(sorted(stored)),
            notes=self._parts.family.notes,
            embedding_scale=first_block.embedding_scale(self._parts.family, dims),
        )
