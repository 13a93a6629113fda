"""``check_model``: tables in the map folder, resuming, and bad input as one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from headscribe.core.errors import BadHeads, BadOption, BadStore
from headscribe.core.settings import CheckSettings, MapSettings
from headscribe.eval.check.prompts import TEMPLATES
from headscribe.pipeline.check.check import check_model
from tests.mapping.tiny_models import HEADS, LAYERS, save_tiny, save_tokenizer
from tests.pipeline.check.conftest import FEW, NAMES


def _rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def test_correlation_writes_one_row_per_operation_template_and_head(
    tiny: Path, lists: Path, tmp_path: Path
) -> None:
    report = check_model(str(tiny), tmp_path / "map", "correlation", operations=[lists])
    assert {row.operation for row in report.correlations} == {"next", "mixed"}
    [few] = report.left_out
    assert (few.operation, few.n_pairs) == ("few", FEW)
    rows = _rows(tmp_path / "map" / "correlation.parquet")
    assert len(rows) == 2 * len(TEMPLATES) * LAYERS * HEADS
    assert {row["template"] for row in rows} == set(TEMPLATES)
    static = {
        (row["operation"], row["layer"], row["head"]): (row["score"], row["suppression_score"])
        for row in _rows(tmp_path / "map" / "operations.parquet")
    }
    for row in rows:
        key = row["operation"], row["layer"], row["head"]
        assert (row["static"], row["static_suppression"]) == static[key]
        assert row["n_pairs"] == 35


def test_with_the_source_last_context_and_forced_are_different_scores(
    tiny: Path, lists: Path, tmp_path: Path
) -> None:
    check_model(
        str(tiny),
        tmp_path / "map",
        "correlation",
        checks=CheckSettings(names=["next"], templates=TEMPLATES[:1]),
        operations=[lists],
    )
    rows = _rows(tmp_path / "map" / "correlation.parquet")
    assert any(row["dynamic"] != row["dynamic_forced"] for row in rows)
    assert any(row["dynamic"] != row["dynamic_suppression"] for row in rows)


def test_what_is_done_is_not_run_again_and_force_runs_it(
    tiny: Path, lists: Path, tmp_path: Path, runs: list[int]
) -> None:
    def check(*templates: str, force: bool = False) -> Any:
        return check_model(
            str(tiny),
            tmp_path / "map",
            "correlation",
            checks=CheckSettings(names=["next"], templates=templates),
            operations=[lists],
            force=force,
        )

    check(TEMPLATES[0])
    assert (once := sum(runs)) == 35
    first = check(*TEMPLATES[:2])
    assert sum(runs) == 2 * once
    assert check(*TEMPLATES[:2]).correlations == first.correlations
    assert sum(runs) == 2 * once
    assert check(*TEMPLATES[:2], force=True).correlations == first.correlations
    assert sum(runs) == 4 * once
    assert len(_rows(tmp_path / "map" / "correlation.parquet")) == 2 * LAYERS * HEADS


def test_an_operation_whose_pairs_changed_is_checked_again(
    tiny: Path, lists: Path, tmp_path: Path, runs: list[int]
) -> None:
    def check() -> Any:
        return check_model(
            str(tiny),
            tmp_path / "map",
            "correlation",
            MapSettings(view="paper"),
            checks=CheckSettings(templates=TEMPLATES[:1]),
            operations=[lists / "next.json"],
        )

    check()
    content = json.loads((lists / "next.json").read_text())
    content["pairs"] = content["pairs"][:32]
    (lists / "next.json").write_text(json.dumps(content))
    [row] = check().correlations
    assert sum(runs) == 35 + 32
    assert (row.n_pairs, row.prompts) == (32, {TEMPLATES[0]: 32})
    assert {row["n_pairs"] for row in _rows(tmp_path / "map" / "correlation.parquet")} == {32}


def test_multi_token_sources_have_a_table_of_their_own(tiny: Path, lists: Path, tmp_path: Path) -> None:
    report = check_model(
        str(tiny),
        tmp_path / "map",
        "multi-token",
        MapSettings(view="paper"),
        checks=CheckSettings(names=["mixed", "few"]),
        operations=[lists],
    )
    [row] = report.correlations
    # without a leading space the single-token words are several tokens too
    assert (row.operation, row.n_pairs, row.prompts) == ("mixed", 35, {TEMPLATES[0]: 35 + 34})
    assert len(_rows(tmp_path / "map" / "multi_token.parquet")) == LAYERS * HEADS
    assert not (tmp_path / "map" / "correlation.parquet").exists()


def test_a_template_that_hides_every_source_is_left_out_with_its_count(
    tiny: Path, lists: Path, tmp_path: Path
) -> None:
    report = check_model(
        str(tiny),
        tmp_path / "map",
        "correlation",
        checks=CheckSettings(names=["next"], templates=["x{source}"]),
        operations=[lists],
    )
    assert report.correlations == []
    [left] = report.left_out
    assert (left.template, left.n_pairs) == ("x{source}", 0)


def test_a_model_that_answers_nothing_has_no_ablation(tiny: Path, lists: Path, tmp_path: Path) -> None:
    report = check_model(
        str(tiny),
        tmp_path / "map",
        "ablation",
        checks=CheckSettings(ablate="L0H1"),
        operations=[lists / "next.json"],
    )
    assert report.ablations == []
    assert "answers none of its 35 task prompts" in report.left_out[0].reason


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"templates": ["no slot"]}, BadOption, "has no {source}"),
        ({"names": ["nothing"]}, BadOption, "no operation 'nothing'"),
        ({"ablate": "L0H1"}, BadOption, "--by ablation only"),
        ({"remove": 3}, BadOption, "--by ablation only"),
        ({"by": "ablation", "views": ["paper", "parts"]}, BadOption, "an ablation is of one view"),
        ({"by": "ablation", "ablate": "L9H0"}, BadHeads, "no head L9H0"),
        ({"by": "multi-token", "templates": ["{source} x"]}, BadOption, "does not end"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(
    tiny: Path, lists: Path, tmp_path: Path, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    by = options.pop("by", "correlation")
    with pytest.raises(error, match=says):
        check_model(str(tiny), tmp_path / "map", by, checks=CheckSettings(**options), operations=[lists])
    assert not (tmp_path / "map").exists()


def test_a_map_of_another_model_is_refused_and_left_alone(tiny: Path, lists: Path, tmp_path: Path) -> None:
    save_tiny("llama", tmp_path / "other", seed=1, max_position_embeddings=64)
    save_tokenizer(tmp_path / "other", tuple(NAMES))
    folder = tmp_path / "map"
    check_model(str(tiny), folder, "correlation", checks=CheckSettings(names=["next"]), operations=[lists])
    before = (folder / "map.json").read_bytes()
    with pytest.raises(BadStore, match="made otherwise") as raised:
        check_model(str(tmp_path / "other"), folder, "correlation", operations=[lists], force=True)
    assert "--force" not in str(raised.value)
    assert (folder / "map.json").read_bytes() == before


def test_a_kill_between_table_and_header_makes_the_piece_again(
    tiny: Path, lists: Path, tmp_path: Path, runs: list[int]
) -> None:
    folder = tmp_path / "map"
    for _ in range(2):
        check_model(
            str(tiny),
            folder,
            "correlation",
            checks=CheckSettings(names=["next"], templates=TEMPLATES[:1]),
            operations=[lists],
        )
        (folder / "checks.json").unlink()
    assert sum(runs) == 2 * 35
    assert len(_rows(folder / "correlation.parquet")) == LAYERS * HEADS


def _oracle(shared: Path, name: str, out: Path) -> dict[str, Any]:
    """The reference's numbers; its relations' pairs are written as operation files."""
    expected: dict[str, Any] = json.loads((shared / "oracle" / name / "expected.json").read_text())
    out.mkdir()
    for relation, found in expected["pairs"].items():
        if found["valid"]:
            content = {"name": relation, "pairs": found["pairs"]}
            (out / f"{relation}.json").write_text(json.dumps(content))
    return expected


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "llama_gqa"])
def test_the_ablation_table_holds_the_references_accuracies(shared: Path, tmp_path: Path, name: str) -> None:
    expected = _oracle(shared, name, tmp_path / "operations")
    settings = MapSettings(view="paper", padded_rows="keep")
    for case in expected["causal"]["cases"]:
        heads = ",".join(f"L{layer}H{head}" for layer, head in case["heads"])
        template = case["template"].replace("<X>", "{source}")
        report = check_model(
            str(shared / "oracle" / name),
            tmp_path / "map",
            "ablation",
            settings,
            CheckSettings(names=[case["relation"]], templates=[template], ablate=heads),
            operations=[tmp_path / "operations"],
        )
        [result] = report.ablations
        rows = [
            row
            for row in _rows(tmp_path / "map" / "ablation.parquet")
            if (row["operation"], row["template"], row["arm"]) == (case["relation"], template, "top")
        ]
        rows.sort(key=lambda row: row["n_removed"])
        assert [round(row["accuracy"] * row["n_pairs"]) for row in rows] == case["hits"]
        assert [(row["layer"], row["head"]) for row in rows[1:]] == [tuple(pair) for pair in case["heads"]]
        assert (result.base, result.after) == (case["hits"][0] / case["n"], case["hits"][-1] / case["n"])


def test_top_heads_are_the_references_and_random_draws_are_five(
    shared: Path, tmp_path: Path, runs: list[int]
) -> None:
    expected = _oracle(shared, "gpt2", tmp_path / "operations")

    def check() -> Any:
        return check_model(
            str(shared / "oracle" / "gpt2"),
            tmp_path / "map",
            "ablation",
            MapSettings(view="paper"),
            CheckSettings(names=["country_to_capital_wikidata"], templates=["The capital of {source} is"]),
            operations=[tmp_path / "operations"],
        )

    [result] = check().ablations
    top = expected["relation_scores"]["by_relation"]["country_to_capital_wikidata"]
    known = top["top_heads_m12_k10_first_mlp_on_nonzero"]
    assert list(result.heads) == [f"L{layer}H{head}" for layer, head in known]
    rows = [row for row in _rows(tmp_path / "map" / "ablation.parquet") if row["arm"] == "random"]
    assert {row["draw"] for row in rows} == set(range(5))
    assert {row["n_removed"] for row in rows} == set(range(1, 12 - len(known) + 1))
    passes = sum(runs)
    assert check().ablations == [result]
    assert sum(runs) == passes
