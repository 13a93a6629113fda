"""Maps of the view ``parts``: the residual stream, norms folded in, against modules of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.progress import Silent
from headscribe.core.settings import MapSettings, MapView
from headscribe.mapping.bench import Bench
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.probe import probe
from headscribe.mapping.safetensors_file import SafetensorsFile
from headscribe.mapping.scores import score_pairs
from headscribe.mapping.source_view import view_of_layer
from headscribe.mapping.top_pairs import top_pairs
from headscribe.operations import Operation
from tests.mapping.modules import (
    LAYER_NORMS,
    attention,
    blocks,
    changed,
    final_norm,
    linear_part,
    norm_behind_attention,
    output_projection,
    seen_before,
)
from tests.mapping.tiny_models import VOCABULARY, save_tiny

PARTS = MapSettings(view="parts", salient=5, targets=3, padded_rows="keep")
HEADS = [Head(0, 4), Head(2, 1), Head(2, 5)]
TIGHT: dict[str, Any] = {"rel": 1e-3, "abs": 1e-3}


class MultipliedOut:
    """Heads of a tiny checkpoint, and their maps in full, multiplied out of what running modules give."""

    def __init__(self, family: str, folder: Path) -> None:
        self._model: Any = save_tiny(family, folder)
        self.checkpoint: Checkpoint = open_checkpoint(str(folder))
        self._blocks, self._family = blocks(self._model, family), family
        self._centred = family in LAYER_NORMS
        with (
            torch.no_grad(),
            changed(attention(self._blocks[0]), torch.zeros_like),
            seen_before(self._blocks[0]) as on_input,
            seen_before(self._blocks[1]) as behind_block_0,
        ):
            self._model(torch.arange(VOCABULARY)[:, None])
        self._streams = on_input[0][:, 0], behind_block_0[0][:, 0]

    @torch.no_grad()
    def written(self, head: Head) -> Tensor:
        """What the head writes for each source, through the norms behind it: [vocab, d_model]."""
        block, facts, x = self._blocks[head.layer], self.checkpoint.facts, self._stream(head)
        if (norm := getattr(block, "input_layernorm", None)) is not None:
            x = norm(x) - norm(torch.zeros_like(x))
        values = (x @ block.self_attn.v_proj.weight.T).view(-1, facts.n_kv_heads, facts.d_head)
        alone = torch.zeros(VOCABULARY, facts.n_heads, facts.d_head)
        alone[:, head.head] = values[:, head.head // (facts.n_heads // facts.n_kv_heads)]
        written = alone.flatten(1) @ output_projection(block).weight.T
        if behind := norm_behind_attention(block, self._family):
            written = linear_part(behind, written, centred=False)
        return linear_part(final_norm(self._model, self._family), written, centred=self._centred)

    @torch.no_grad()
    def m(self, head: Head) -> Tensor:
        """The whole map, [vocab, vocab]."""
        m: Tensor = self.written(head) @ self._model.get_output_embeddings().weight.T
        return m

    def saliency(self, head: Head) -> Tensor:
        """How much the head writes for each source, per length of what it reads: [vocab]."""
        read = self.checkpoint.head_norm()(self._stream(head))
        return self.written(head).norm(dim=1) / read.norm(dim=1)

    def _stream(self, head: Head) -> Tensor:
        return self._streams[min(head.layer, 1)]


@pytest.fixture(scope="module", params=["llama", "phi", "gemma2", "olmo2"])
def heads(request: Any, tmp_path_factory: pytest.TempPathFactory) -> MultipliedOut:
    return MultipliedOut(request.param, tmp_path_factory.mktemp(request.param))


def test_salient_mappings_are_those_of_normed_sources_and_folded_weights(heads: MultipliedOut) -> None:
    for head in HEADS:
        whole = PARTS.model_copy(
            update={"view": "paper", "source_view": view_of_layer(PARTS, head.layer), "norms": "fold"}
        )
        (found,) = map_heads(heads.checkpoint, whole, [head])
        saliency, m = heads.saliency(found.head), heads.m(found.head)
        strongest = saliency.topk(PARTS.salient)
        assert [row.source.id for row in found.mappings] == strongest.indices.tolist()
        assert [row.saliency for row in found.mappings] == pytest.approx(strongest.values.tolist(), **TIGHT)
        for row in found.mappings:
            promoted = m[row.source.id].topk(PARTS.targets)
            assert [token.id for token in row.targets] == promoted.indices.tolist()
            assert row.logits == pytest.approx(promoted.values.tolist(), **TIGHT)


def test_every_other_question_gets_numbers_of_the_same_map(heads: MultipliedOut) -> None:
    ids, bench = [7, 300, 41], Bench(heads.checkpoint, PARTS)
    for head in HEADS:
        m = heads.m(head)
        for row in probe(heads.checkpoint, PARTS, head, ids):
            assert row.logits == pytest.approx(m[row.source.id].topk(5).values.tolist(), **TIGHT)
        (reverse,) = probe(heads.checkpoint, PARTS, head, [41], reverse=True)
        assert [token.id for token in reverse.targets] == m[:, 41].topk(5).indices.tolist()
        assert list(bench.sources(head, 41, 5)) == list(reverse.targets)
        (best,) = top_pairs(heads.checkpoint, PARTS, head, 1)
        assert (best.source.id, best.target.id) == divmod(int(m.argmax()), VOCABULARY)
        pairs = [(source, int(m[source].topk(4).indices[-1])) for source in range(60)]
        assert bench.among_ends(head, pairs[:1], 4) == [(True, False)]
        operation = Operation("ranked-fourth", "any", 1, "", "", None, ())
        for k, share in ((3, 0.0), (4, 1.0)):
            (score,) = score_pairs(heads.checkpoint, PARTS, [(operation, pairs, k)], [head], Silent())
            assert score.score == share


@pytest.mark.parametrize(
    ("view", "views", "folding"),
    [("paper", ["raw", "first-mlp"], "leave"), ("parts", ["raw", "residual"], "fold")],
)
def test_each_view_has_its_source_view_and_its_norms(view: MapView, views: list[str], folding: str) -> None:
    auto = MapSettings(view=view)
    assert [view_of_layer(auto, layer) for layer in range(3)] == [views[0], views[1], views[1]]
    assert auto.folding == folding
    for chosen in ("raw", "first-mlp", "residual"):
        asked = MapSettings(view=view, source_view=chosen)
        assert {view_of_layer(asked, layer) for layer in range(3)} == {chosen}
    assert {MapSettings(view=view, norms=chosen).folding for chosen in ("fold", "leave")} == {"fold", "leave"}


def test_a_paper_s_map_is_not_changed_by_norms_that_are_left(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path)
    checkpoint = open_checkpoint(str(tmp_path))
    same = [MapSettings(view="paper"), MapSettings(view="parts", source_view="auto", norms="leave")]
    one, other = (top_pairs(checkpoint, settings, Head(0, 3), 9) for settings in same)
    assert one == other  # layer 0 reads the embedding in both views


@pytest.mark.parametrize("view", ["paper", "parts"])
@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "phi3", "qwen2", "gemma2", "olmo2"])
def test_what_would_be_fetched_is_what_is_read(
    family: str, view: MapView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_tiny(family, tmp_path)
    checkpoint, settings = open_checkpoint(str(tmp_path)), MapSettings(view=view, salient=2)
    announced: set[str] = set()
    read: set[str] = set()
    original = SafetensorsFile.read

    def reading(shard: SafetensorsFile, name: str, *where: slice) -> Tensor:
        read.add(name)
        return original(shard, name, *where)

    def missing(_: SafetensorsFile, name: str) -> int:
        announced.add(name)
        return 1

    monkeypatch.setattr(SafetensorsFile, "missing", missing)
    monkeypatch.setattr(SafetensorsFile, "read", reading)
    layers = [1, 3]
    checkpoint.to_fetch(layers, {view_of_layer(settings, layer) for layer in layers}, settings.folding)
    assert len(list(map_heads(checkpoint, settings, [Head(layer, 0) for layer in layers]))) == 2
    assert announced == read
