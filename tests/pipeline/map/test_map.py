from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from headscribe.core.chat import content_hash
from headscribe.core.errors import BadHeads, BadStore, HeadscribeError, ModelNotFound
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap
from headscribe.core.settings import MapSettings
from headscribe.eval.above_chance import mark_above_chance
from headscribe.mapping import head_maps
from headscribe.pipeline import MapDir, map_model, score_model
from headscribe.pipeline.map.identity import map_identity
from tests.pipeline.conftest import N_HEADS, N_LAYERS, Listening

ALL = {Head(layer, head) for layer in range(N_LAYERS) for head in range(N_HEADS)}
SETTINGS = MapSettings(view="paper", salient=4, targets=3)


def test_a_map_holds_every_head_with_the_sizes_asked_for(model: str, tmp_path: Path) -> None:
    made = map_model(model, tmp_path / "map", SETTINGS, command="headscribe map tiny")
    assert made.mapped_heads() == ALL
    assert {(len(one.mappings), len(one.mappings[0].targets)) for one in made.head_maps()} == {(4, 3)}
    header = MapDir.open(tmp_path / "map").header
    assert header.command == "headscribe map tiny"
    assert (header.model.n_layers, header.model.n_heads, header.device) == (N_LAYERS, N_HEADS, "cpu")
    assert header.dropped["padded"] == header.model.vocab_size - header.model.n_tokens > 0
    assert {"source_view", "k", "pair_filter", "value_head", "min_pairs"} <= set(header.rules)
    assert header.seconds > 0


def tokens(head_map: HeadMap) -> list[object]:
    """Everything but the numbers, whose last digit depends on how many heads are multiplied at once."""
    return [(row.rank, row.source, row.targets, row.suppressed) for row in head_map.mappings]


def test_heads_are_added_to_a_map_and_none_is_mapped_twice(
    model: str, tmp_path: Path, listening: Listening
) -> None:
    map_model(model, tmp_path / "map", SETTINGS, heads="L2,L0H1")
    added = map_model(model, tmp_path / "map", SETTINGS, heads="all", progress=listening)
    assert listening.stages == [("map", len(ALL) - N_HEADS - 1)]
    at_once = map_model(model, tmp_path / "whole", SETTINGS)
    assert [one.head for one in added.iter_head_maps()] == sorted(ALL)
    assert [tokens(one) for one in added.head_maps()] == [tokens(one) for one in at_once.head_maps()]
    map_model(model, tmp_path / "map", SETTINGS, progress=listening)
    assert len(listening.stages) == 1
    assert "already holds" in listening.lines[-1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"salient": 5}, "salient is 4, not 5"),
        ({"targets": 2}, "targets is 3, not 2"),
        ({"rank_by": "pairs"}, "rank by is saliency, not pairs"),
        ({"source_view": "raw"}, "source view is auto, not raw"),
        ({"view": "parts"}, "view is paper, not parts"),
        ({"norms": "fold"}, "norms is leave, not fold"),
        ({"padded_rows": "keep"}, "padded rows is drop, not keep"),
        ({"dtype": "float64"}, "dtype is float32, not float64"),
    ],
)
def test_a_map_of_other_settings_is_kept_and_the_difference_named(
    model: str, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    first = map_model(model, tmp_path / "map", SETTINGS, heads="L1")
    wanted = SETTINGS.model_copy(update=changed)
    with pytest.raises(BadStore, match=said):
        map_model(model, tmp_path / "map", wanted, heads="L1")
    assert MapDir.open(tmp_path / "map") == first
    forced = map_model(model, tmp_path / "map", wanted, heads="L2", force=True)
    assert {head.layer for head in forced.mapped_heads()} == {2}


@pytest.mark.parametrize(
    "changed", [{"seed": 3}, {"device": "cpu"}, {"dtype": "float32"}, {"k": 4}, {"norms": "leave"}]
)
def test_settings_that_do_not_change_the_mappings_do_not_matter(
    model: str, tmp_path: Path, changed: dict[str, object], listening: Listening
) -> None:
    map_model(model, tmp_path / "map", SETTINGS, heads="L1")
    wanted = SETTINGS.model_copy(update=changed)
    map_model(model, tmp_path / "map", wanted, heads="L1", progress=listening)
    assert listening.stages == []


@pytest.mark.parametrize("changed", [{"rank_by": "pairs"}, {"view": "parts"}, {"norms": "fold"}])
def test_a_later_choice_changes_the_identity_of_a_map_and_leaves_that_of_older_ones(
    model: str, tmp_path: Path, changed: dict[str, object]
) -> None:
    made = map_model(model, tmp_path / "map", SETTINGS, heads="L1H1").header.model
    names = {"source_view": "auto", "padded_rows": "drop", "dtype": "float32", "salient": 4, "targets": 3}
    assert map_identity(made, SETTINGS) == content_hash([made.weights_hash, made.tokenizer_hash, names])
    assert map_identity(made, SETTINGS.model_copy(update=changed)) != map_identity(made, SETTINGS)


def test_a_map_in_parts_says_what_its_heads_read_and_where_the_norms_are(model: str, tmp_path: Path) -> None:
    parts = MapSettings(view="parts", salient=4)
    header = map_model(model, tmp_path / "map", parts, heads="L1H1").header
    assert (header.rules["view"], header.settings.folding) == ("parts", "fold")
    assert "layer 0: raw; later layers: residual" in header.rules["source_view"]
    assert "normalised" in header.rules["norms"]
    scored = score_model(model, tmp_path / "map", parts, heads="L1H1")
    assert scored.header.rules == header.rules


def test_scoring_leaves_what_its_map_is_ranked_by(model: str, operations: Path, tmp_path: Path) -> None:
    by_pairs = SETTINGS.model_copy(update={"rank_by": "pairs"})
    mapped = map_model(model, tmp_path / "map", by_pairs)
    assert "largest entry" in mapped.header.rules["rank_by"]
    scored = score_model(model, tmp_path / "map", MapSettings(view="paper"), operations=[operations])
    assert scored.head_maps() == mapped.head_maps()
    assert scored.header.settings.rank_by == "pairs"
    assert scored.header.rules == mapped.header.rules


def test_a_map_of_another_model_is_kept(model: str, other_model: str, tmp_path: Path) -> None:
    map_model(model, tmp_path / "map", SETTINGS, heads="L1H1")
    with pytest.raises(BadStore, match="other weights"):
        map_model(other_model, tmp_path / "map", SETTINGS, heads="L1H1")


def test_scores_alone_make_a_map_to_which_mappings_can_be_added(
    model: str, operations: Path, tmp_path: Path
) -> None:
    scored = score_model(model, tmp_path / "map", MapSettings(view="paper"), operations=[operations])
    assert {(row.operation, row.n_pairs) for row in scored.scores()} == {("invented", 41)}
    assert {row.head for row in scored.scores()} == ALL
    (skipped,) = scored.header.skipped_operations
    assert (skipped.operation, skipped.n_pairs, skipped.needed) == ("too_rare", 1, 30)
    both = map_model(model, tmp_path / "map", SETTINGS)
    assert both.scores() == scored.scores()
    assert both.header.operations == scored.header.operations
    assert both.header.settings.salient == 4


def test_scoring_leaves_the_mappings_and_asks_nothing_of_their_sizes(
    model: str, operations: Path, tmp_path: Path
) -> None:
    mapped = map_model(model, tmp_path / "map", SETTINGS)
    scored = score_model(model, tmp_path / "map", MapSettings(view="paper"), operations=[operations])
    assert scored.head_maps() == mapped.head_maps()
    assert scored.header.settings.salient == 4
    assert len(scored.scores()) == len(ALL)


def test_what_is_scored_is_not_scored_again_until_k_or_the_pairs_change(
    model: str, operations: Path, tmp_path: Path, listening: Listening
) -> None:
    out, own = tmp_path / "map", tmp_path / "own.csv"
    own.write_text((operations / "invented.csv").read_text())
    score_model(model, out, heads="L0", operations=[own], progress=listening)
    score_model(model, out, heads="L0", operations=[own], progress=listening)
    score_model(model, out, operations=[own], progress=listening)
    assert listening.stages == [("score", N_HEADS), ("score", len(ALL) - N_HEADS)]
    wider = score_model(model, out, MapSettings(k=40), heads="L0", operations=[own], progress=listening)
    assert listening.stages[-1] == ("score", len(ALL)), "one k per operation"
    assert {row.k for row in wider.scores()} == {40}
    own.write_text("\n".join(own.read_text().splitlines()[:-5]))
    fewer = score_model(model, out, MapSettings(k=40), heads="L0", operations=[own])
    assert {row.n_pairs for row in fewer.scores()} == {36}
    assert len(fewer.scores()) == len(ALL)


def test_other_operations_are_added(model: str, operations: Path, tmp_path: Path) -> None:
    score_model(model, tmp_path / "map", heads="L0", operations=[operations])
    second = tmp_path / "second.csv"
    second.write_text((operations / "invented.csv").read_text())
    both = score_model(model, tmp_path / "map", heads="L0", operations=[second])
    assert {row.operation for row in both.scores()} == {"invented", "second"}
    assert {item.name for item in both.header.operations} == {"invented", "second"}


def test_scores_are_judged_anew_over_the_whole_map_when_some_are_added(
    model: str, operations: Path, tmp_path: Path
) -> None:
    one = score_model(model, tmp_path / "map", MapSettings(), heads="L0H1", operations=[operations])
    assert all(score.above_chance is not None for score in one.scores())
    every = score_model(model, tmp_path / "map", MapSettings(), operations=[operations]).scores()
    unmarked = [replace(score, above_chance=None, suppression_above_chance=None) for score in every]
    assert mark_above_chance(unmarked, one.header.model.n_tokens) == every


def test_an_error_in_the_first_layer_leaves_nothing(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(head_maps.LayerMapper, "__call__", breaks)
    with pytest.raises(KeyboardInterrupt):
        map_model(model, tmp_path / "map", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_bad_input_writes_nothing(model: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        map_model(str(tmp_path / "none"), tmp_path / "map")
    with pytest.raises(BadHeads):
        map_model(model, tmp_path / "map", heads="L9")
    with pytest.raises(HeadscribeError):
        score_model(model, tmp_path / "map", operations=[tmp_path / "none.csv"])
    assert list(tmp_path.iterdir()) == []


def test_the_header_is_plain_json(model: str, tmp_path: Path) -> None:
    map_model(model, tmp_path / "map", SETTINGS, heads="L1H1")
    value = json.loads((tmp_path / "map" / "map.json").read_text())
    assert (value["kind"], value["schema_version"], value["settings"]["salient"]) == ("map", 1, 4)
