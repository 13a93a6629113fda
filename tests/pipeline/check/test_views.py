"""``check`` with several views: one run of the model, a row per view, and r for each beside the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from headscribe.core.errors import BadStore
from headscribe.core.settings import CheckSettings, MapSettings, MapView
from headscribe.eval.check.prompts import TEMPLATES
from headscribe.pipeline import score_model
from headscribe.pipeline.check.check import check_model
from headscribe.pipeline.check.results import CheckReport
from tests.mapping.tiny_models import HEADS, LAYERS

PROMPTS = 35
"""Prompts of a template, and single-token pairs of the operations."""


class Checked:
    """Checks of one tiny model in one map folder."""

    def __init__(self, model: Path, lists: Path, folder: Path) -> None:
        self.model, self.lists, self.folder = str(model), lists, folder

    def check(self, *views: MapView, templates: int = 2) -> CheckReport:
        asked = CheckSettings(views=views, names=["next", "mixed"], templates=TEMPLATES[:templates])
        return check_model(self.model, self.folder, "correlation", checks=asked, operations=[self.lists])

    def rows(self) -> list[dict[str, Any]]:
        return pq.read_table(self.folder / "correlation.parquet").to_pylist()

    def of_view(self, view: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        names = ("operation", "template", "layer", "head")
        return {tuple(row[name] for name in names): row for row in self.rows() if row["view"] == view}


@pytest.fixture
def checked(tiny: Path, lists: Path, tmp_path: Path) -> Checked:
    return Checked(tiny, lists, tmp_path / "map")


def test_the_model_runs_once_for_all_views(checked: Checked, runs: list[int]) -> None:
    report = checked.check("paper", "parts")
    assert sum(runs) == 2 * 2 * PROMPTS
    assert len(checked.rows()) == 2 * 2 * 2 * LAYERS * HEADS
    parts = [("paper", "whole"), ("parts", "whole"), ("parts", "specific")]
    assert [(row.operation, row.view, row.part) for row in report.correlations] == [
        *(("next", *part) for part in parts), *(("mixed", *part) for part in parts),
    ]  # fmt: skip
    assert checked.check("paper", "parts") == report
    assert sum(runs) == 2 * 2 * PROMPTS


def test_each_view_has_the_rows_that_it_has_alone(
    checked: Checked, tiny: Path, lists: Path, tmp_path: Path
) -> None:
    checked.check("paper", "parts")
    for view in ("paper", "parts"):
        alone = Checked(tiny, lists, tmp_path / view)
        alone.check(view)
        assert alone.of_view(view) == checked.of_view(view)
        scored = score_model(
            str(tiny), tmp_path / "scored" / view, MapSettings(view=view), operations=[lists]
        )
        static = {(score.operation, *score.head): score for score in scored.scores()}
        for (operation, _, layer, head), row in checked.of_view(view).items():
            score = static[operation, layer, head]
            assert row["static"] == score.score
            specific = None if view == "paper" else score.promotion.score
            assert row["static_specific"] == specific
    assert checked.of_view("paper") != checked.of_view("parts")


def test_a_view_is_added_to_what_was_checked(checked: Checked, runs: list[int]) -> None:
    checked.check("parts")
    before = checked.of_view("parts")
    runs.clear()
    report = checked.check("paper", "parts")
    assert sum(runs) == 2 * 2 * PROMPTS
    assert checked.of_view("parts") == before
    assert {row.view for row in report.views} == {"paper", "parts"}


def test_without_a_view_it_is_that_of_the_map_in_the_folder(checked: Checked, runs: list[int]) -> None:
    report = checked.check("parts")
    runs.clear()
    assert checked.check() == report
    assert not runs
    with pytest.raises(BadStore, match="view is parts, not paper"):
        checked.check("paper")


def test_r_is_over_heads_operations_and_templates_against_one_kind_of_dynamic_scores(
    checked: Checked,
) -> None:
    report = checked.check("paper", "parts")
    rows = {"leave": checked.of_view("paper"), "fold": checked.of_view("parts")}
    static = {"paper": rows["leave"], "parts": rows["fold"]}
    assert len(report.views) == (1 + 2) * 2 * 3
    columns = {"whole": "static", "specific": "static_specific"}
    for found in report.views:
        keys = [key for key in rows["leave"] if found.template in (None, key[1])]
        x = [static[found.view][key][columns[found.part]] for key in keys]
        y = [rows[found.norms][key]["dynamic_forced"] for key in keys]
        assert found.n_operations == 2
        assert found.forced.n == len(keys)
        if found.forced.r is not None:
            assert found.forced.r == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_a_table_from_before_there_were_views_is_the_paper_s(checked: Checked, runs: list[int]) -> None:
    report = checked.check("paper")
    table = pq.read_table(checked.folder / "correlation.parquet")
    pq.write_table(table.drop_columns(["view"]), checked.folder / "correlation.parquet")
    done = json.loads((checked.folder / "checks.json").read_text())
    assert {piece.pop("view") for piece in done["done"]} == {"paper"}
    (checked.folder / "checks.json").write_text(json.dumps(done))
    runs.clear()
    assert checked.check("paper") == report
    assert not runs
    checked.check("paper", templates=3)
    assert {row["view"] for row in checked.rows()} == {"paper"}
