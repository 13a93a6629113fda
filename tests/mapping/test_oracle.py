"""The map against numbers that the paper authors' own code gave on the same checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from headscribe.core.heads import Head, select_heads
from headscribe.core.progress import Silent
from headscribe.core.settings import MapSettings, SourceView
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.scores import score_heads, score_pairs
from headscribe.operations import Operation

CHECKPOINTS = ("gpt2", "gpt_neox", "llama_gqa", "stories260K")


class Reference:
    def __init__(self, folder: Path) -> None:
        self.checkpoint: Checkpoint = open_checkpoint(str(folder))
        self.expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())
        facts = self.checkpoint.facts
        self.heads = select_heads("all", facts.n_layers, facts.n_heads)
        self.salient = self.expected["salient"]
        self.scores = self.expected["relation_scores"]["by_relation"]

    def operations(self, published: Path) -> list[Operation]:
        """The relations with expected scores; in full where the pairs kept are not in the file."""
        kept = self.expected.get("pairs", {})

        def pairs(name: str) -> Any:
            if name in kept:
                return kept[name]["pairs"]
            return json.loads((published / f"{name}.json").read_text())

        return [
            Operation(name, "any", 1, "", "", None, tuple((s, t) for s, t in pairs(name)))
            for name in self.scores
        ]


@pytest.fixture(params=CHECKPOINTS, scope="module")
def reference(request: pytest.FixtureRequest, shared: Path) -> Reference:
    return Reference(shared / "oracle" / request.param)


@pytest.mark.parametrize(("mlp", "view"), [("on", "first-mlp"), ("off", "raw")])
def test_salient_tokens_and_their_mappings_are_the_reference_in_order(
    reference: Reference, mlp: str, view: SourceView
) -> None:
    ties = {(row["mlp"], row["layer"], row["head"]) for row in reference.salient["tie_prone"]}
    settings = MapSettings(view="paper", salient=10, targets=5, source_view=view, padded_rows="keep")
    compared = 0
    for found in map_heads(reference.checkpoint, settings, reference.heads):
        expected = reference.salient[f"first_mlp_{mlp}"][f"{found.head.layer}.{found.head.head}"]
        saliencies = [mapping.saliency for mapping in found.mappings]
        assert saliencies == pytest.approx(expected["amplification"], rel=1e-5)
        if (mlp == "on", *found.head) in ties:
            continue
        assert [mapping.source.id for mapping in found.mappings] == expected["tokens"]
        assert [[t.id for t in mapping.targets] for mapping in found.mappings] == expected["mappings"]
        compared += 1
    assert compared >= len(reference.heads) // 2


@pytest.mark.parametrize(("mlp", "view"), [("on", "auto"), ("off", "raw")])
@pytest.mark.parametrize("k", [10, 1])
def test_every_operation_hit_is_the_reference(
    reference: Reference, shared: Path, mlp: str, view: SourceView, k: int
) -> None:
    operations = reference.operations(shared / "published" / "maps_operations")
    word_id = reference.checkpoint.vocabulary.word_id
    lists = []
    for operation in operations:
        ids = [(word_id(s), word_id(t)) for s, t in operation.pairs]
        pairs = [(s, t) for s, t in ids if s is not None and t is not None]
        assert len(pairs) == reference.scores[operation.name]["n"]
        lists.append((operation, pairs, k))
    settings = MapSettings(view="paper", source_view=view, padded_rows="keep")
    scores = score_pairs(reference.checkpoint, settings, lists, reference.heads, Silent())
    assert len(scores) == len(operations) * len(reference.heads)
    for score in scores:
        expected = reference.scores[score.operation][f"k{k}_first_mlp_{mlp}"]
        layer, head = score.head
        assert score.hits == expected["hits"][layer][head]
        assert score.suppression_hits == expected["suppression_hits"][layer][head]


def test_an_operation_is_skipped_or_scored_by_the_reference_rule_of_30_pairs(shared: Path) -> None:
    reference = Reference(shared / "oracle" / "gpt2")
    kept = reference.expected["pairs"]
    operations = [
        Operation(name, "any", 1, "", "", None, tuple((s, t) for s, t in value["pairs"]))
        for name, value in kept.items()
    ]
    head = reference.heads[:1]
    scores, skipped = score_heads(reference.checkpoint, MapSettings(view="paper"), operations, head)
    assert {score.operation for score in scores} == {name for name, value in kept.items() if value["valid"]}
    assert {(row.operation, row.n_pairs) for row in skipped} == {
        (name, value["kept"]) for name, value in kept.items() if not value["valid"]
    }
    copying = {score.k for score in scores if "copying" in score.operation}
    assert (copying, {score.k for score in scores} - copying) == ({1}, {10})


@pytest.mark.parametrize(
    ("name", "table", "case"),
    [
        ("llama_gqa", "model.embed_tokens.weight", "zero_embedding_row_llama"),
        ("gpt_neox", "gpt_neox.embed_in.weight", "zero_embedding_row_neox"),
    ],
)
def test_a_zero_row_is_dropped_where_the_reference_ranks_its_nan_first(
    shared: Path, tmp_path: Path, name: str, table: str, case: str
) -> None:
    zeroed, head = 123, Head(1, 3)
    for file in (shared / "oracle" / name).glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(shared / "oracle" / name / "model.safetensors")
    weights[table][zeroed] = 0
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    edge = json.loads((shared / "oracle" / "edge_cases.json").read_text())[case]
    views: list[tuple[str, SourceView]] = [("on", "first-mlp"), ("off", "raw")]
    for mlp, view in views:
        expected = edge[f"first_mlp_{mlp}"]
        expected = expected["tokens"] if isinstance(expected, dict) else expected
        wanted = MapSettings(view="paper", salient=5, source_view=view, padded_rows="keep")
        maps = map_heads(open_checkpoint(str(tmp_path)), wanted, [head])
        ids = [mapping.source.id for mapping in next(maps).mappings]
        reference = [id for id in expected if id != zeroed]
        assert ids[: len(reference)] == reference
        assert maps.counts.zero_dropped == {view: len(expected) - len(reference)}
