"""Comparing maps: what is compared, what is said to differ, and what cannot be compared."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.heads import Head
from headscribe.pipeline.compare.maps import analyse_map, compare_maps
from headscribe.pipeline.compare.sections import known_section
from headscribe.store.map.map_dir import MapDir
from tests.cli.conftest import Cli, cli
from tests.eval.compare.analysis_maps import records, write_map

__all__ = ["cli"]
PLANTED = {
    "L9H9": {"name_copying": 0.8},
    "L9H6": {"name_copying": 0.6},
    "L10H7": {"-copying": 0.7, "-name_copying": 0.9},
    "L3H4": {"country_to_capital": 0.9, "country_to_language": 0.5},
}
SHAPE = {"n_layers": 12, "n_heads": 12, "d_model": 768, "n_tokens": 50257}


def _gpt2_shaped(folder: Path, name: str = "gpt2", revision: str | None = "607a30d") -> MapDir:
    return write_map(folder, records(PLANTED, 12, 12), name=name, revision=revision, **SHAPE)


def _other(folder: Path, operations: tuple[str, ...] = ("copying", "country_to_capital")) -> MapDir:
    scores = records({"L1H1": {"country_to_capital": 0.4}}, 3, 4, operations)
    return write_map(folder, scores, name="org/other", n_kv_heads=2)


def test_one_map_gives_the_analysis_of_one_model(tmp_path: Path) -> None:
    _gpt2_shaped(tmp_path / "map")
    found = compare_maps([tmp_path / "map"])
    assert found.universality is None
    assert found.similarities == ()
    assert found.models[0].label == "gpt2"
    assert [row.head.name for row in found.models[0].profile.heads] == ["L3H4", "L9H9", "L9H6"]


def test_known_heads_are_certain_only_for_the_model_from_the_hub(tmp_path: Path) -> None:
    certain = analyse_map(_gpt2_shaped(tmp_path / "a")).known
    folder = analyse_map(_gpt2_shaped(tmp_path / "b", "models/gpt2", revision=None)).known
    assert certain
    assert folder
    assert (certain.certain, folder.certain) == (True, False)
    recovered = {row.head.name for row in certain.heads if row.outcome == "recovered"}
    assert recovered == {"L9H9", "L9H6", "L10H7"}
    assert analyse_map(_other(tmp_path / "c")).known is None


def test_known_heads_stand_under_a_condition_and_link_to_their_cards(tmp_path: Path) -> None:
    known = analyse_map(_gpt2_shaped(tmp_path / "map", "models/gpt2", revision=None)).known
    assert known
    section = known_section("mine", known)
    assert section.lead.startswith("This holds if the model is GPT-2 small.")
    _, each, unlisted, sources = section.tables
    assert (Head(9, 9), "name mover", "recovered") in {row[:3] for row in each.rows}
    assert unlisted.rows == ((Head(3, 4), "country_to_capital 0.90, country_to_language 0.50"),)
    assert {row[-1] for row in each.rows} <= {row[0] for row in sources.rows}


def test_maps_with_different_operations_are_compared_over_the_common_ones_and_say_so(tmp_path: Path) -> None:
    _gpt2_shaped(tmp_path / "a")
    _other(tmp_path / "b")
    found = compare_maps([tmp_path / "a", tmp_path / "b"])
    assert found.universality
    assert (found.universality.n_common, found.universality.n_universal) == (2, 1)
    assert found.similarities[0].operations == ("copying", "country_to_capital")
    assert any(re.search(r"every map: 2; .*: 4\.", note) for note in found.notes)
    assert any(note.startswith("other: not scored there: country_to_language, ") for note in found.notes)


def test_a_difference_in_k_is_said(tmp_path: Path) -> None:
    _other(tmp_path / "a")
    scores = records({}, 3, 4, ("copying", "country_to_capital"))
    changed = [type(row)(row.head, row.operation, row.category, 0, 0, 3, row.n_pairs) for row in scores]
    write_map(tmp_path / "b", changed, name="third")
    found = compare_maps([tmp_path / "a", tmp_path / "b"])
    assert any(re.search(r"\bk .*copying 1, 3; country_to_capital 10, 3", note) for note in found.notes)


def test_maps_of_models_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    _gpt2_shaped(tmp_path / "a", "x/gpt2")
    _gpt2_shaped(tmp_path / "b", "y/gpt2")
    labels = [model.label for model in compare_maps([tmp_path / "a", tmp_path / "b"]).models]
    assert labels == [f"gpt2 ({tmp_path / 'a'})", f"gpt2 ({tmp_path / 'b'})"]


def test_a_partly_scored_map_says_how_many_heads_it_has(tmp_path: Path) -> None:
    scores = [row for row in records({}, 3, 4, ("copying",)) if row.head.layer == 1]
    write_map(tmp_path / "map", scores)
    (note,) = compare_maps([tmp_path / "map"]).notes
    assert note.startswith("planted: 4 of 12 heads")


def test_a_map_without_scores_says_what_to_run(tmp_path: Path) -> None:
    write_map(tmp_path / "map", None, name="org/model")
    with pytest.raises(BadStore, match="no operation scores") as raised:
        compare_maps([tmp_path / "map"])
    assert raised.value.do == f"Add them: headscribe score org/model -o {tmp_path / 'map'}"


def test_the_same_map_twice_is_refused(tmp_path: Path) -> None:
    _other(tmp_path / "a")
    _other(tmp_path / "copy")
    for second in (tmp_path / "a", tmp_path / "copy"):
        with pytest.raises(BadOption, match="the same"):
            compare_maps([tmp_path / "a", second])


def test_the_command_prints_every_table(tmp_path: Path, cli: Cli) -> None:
    _gpt2_shaped(tmp_path / "a")
    _other(tmp_path / "b")
    ended = cli("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert ended.code == 0
    for said in (
        "3 of 144",
        "not applicable, every query head has a key/value head of its own",
        "pairs of different groups of a layer",
        "In every model: 1 of the 2 operations scored in all",
        "by chance",
        "gpt2: heads that the literature names",
        "Relation heads that the list does not name",
        "country_to_capital 0.90, country_to_language 0.50",
    ):
        assert said in ended.out, said
    assert "in some only: 4" in ended.err


def test_the_command_writes_one_json_document(tmp_path: Path, cli: Cli) -> None:
    _gpt2_shaped(tmp_path / "a")
    _other(tmp_path / "b")
    ended = cli("compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json", "--threshold", "0.45")
    found = json.loads(ended.out)
    assert found["models"][0]["profile"]["threshold"] == 0.45
    assert found["models"][0]["known"]["heads"][0]["head"] == "L0H1"
    assert found["models"][1]["sharing"]["difference"] == 0
    assert found["universality"]["n_universal"] == 0


@pytest.mark.parametrize("words", [["absent"], ["{map}", "{map}"], ["{map}", "--threshold", "2"], []])
def test_bad_input_is_one_line_with_exit_code_2(words: list[str], tmp_path: Path, cli: Cli) -> None:
    _other(tmp_path / "m")
    ended = cli("compare", *(word.replace("{map}", str(tmp_path / "m")) for word in words))
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert ended.out == ""
