"""Plots: valid files, with what they should show."""

from __future__ import annotations

import builtins
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.core.errors import BadStore, MissingExtra
from headscribe.core.heads import Head
from headscribe.core.lookup_scores import ArmScores
from headscribe.pipeline.check.plots import write_check_plots
from headscribe.pipeline.compare.maps import compare_maps
from headscribe.pipeline.map.plots import write_map_plots
from headscribe.report.plots.canvas import svg_text
from headscribe.report.plots.check import curves_of, mean_curve
from headscribe.report.plots.lookups import explanation_scores
from headscribe.store.check.check_tables import CheckTables, FinishedPiece, Kind
from headscribe.store.map.map_dir import MapDir
from tests.eval.compare.analysis_maps import records, write_map

OPERATIONS = ["copying", "country_to_capital"]


def _map(folder: Path, name: str = "planted") -> MapDir:
    scores = records({"L0H1": {"copying": 0.9}, "L2H3": {"country_to_capital": 0.4}}, 3, 4, OPERATIONS)
    return write_map(folder, scores, name=name)


def _check_tables(folder: Path) -> None:
    tables, pairs = CheckTables(folder), 40
    scores = [
        DynamicScore(
            "copying", template, Head(layer, head), 0.1 * layer + 0.05 * head, 0.1 * layer, 0.08 * head,
            0.0, 0.0, 0.0, pairs,
        )
        for template in ("{source}:", "The word {source} is $5_ or $x^")
        for layer in range(3)
        for head in range(4)
    ]  # fmt: skip
    templates = {score.template for score in scores}
    tables.add("correlation", scores, [_done("correlation", "copying", one) for one in templates])
    points = [
        _point(arm, draw, removed, 0.9 - 0.1 * removed * (arm == "top"))
        for arm, draws in (("top", 1), ("random", 3), ("control", 2))
        for draw in range(draws)
        for removed in range(4)
    ]
    # Of this one only the base accuracy is known: no curve.
    points.append(replace(points[0], operation="country_to_capital"))
    done = [("base", "copying"), ("ablation", "copying"), ("base", "country_to_capital")]
    tables.add("ablation", points, [_done(check, operation, "{source}:") for check, operation in done])


def _done(check: Kind, operation: str, template: str) -> FinishedPiece:
    return FinishedPiece(check=check, operation=operation, template=template, identity="")


def _point(arm: str, draw: int, removed: int, accuracy: float) -> AblationPoint:
    head = Head(0, removed) if removed else None
    return AblationPoint(
        "copying", "{source}:", arm, draw, "copying", "{source}:", removed, head, accuracy, 40
    )


def _assert_images(folder: Path, names: set[str]) -> None:
    assert {file.name for file in folder.iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("png", "svg")
    }
    for file in folder.iterdir():
        if file.suffix == ".png":
            assert file.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        else:
            assert ET.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_a_map_gives_a_heat_map_per_operation_and_the_distribution_over_layers(tmp_path: Path) -> None:
    write_map_plots(_map(tmp_path / "map"), tmp_path / "plots")
    _assert_images(
        tmp_path / "plots", {"planted-heads-copying", "planted-heads-country_to_capital", "planted-layers"}
    )
    assert "planted: copying" in (tmp_path / "plots" / "planted-heads-copying.svg").read_text()


def test_a_comparison_also_gives_the_universality_matrix(tmp_path: Path) -> None:
    _map(tmp_path / "a", "one")
    _map(tmp_path / "b", "other/two")
    compare_maps([tmp_path / "a", tmp_path / "b"], plots=tmp_path / "plots")
    own = {
        f"{name}-{what}"
        for name in ("one", "two")
        for what in ("layers", *(f"heads-{o}" for o in OPERATIONS))
    }
    _assert_images(tmp_path / "plots", own | {"universality"})
    matrix = (tmp_path / "plots" / "universality.svg").read_text()
    assert "country_to_capital" in matrix


def test_checks_give_scatters_with_their_correlation_and_curves(tmp_path: Path) -> None:
    made = _map(tmp_path / "map")
    _check_tables(made.path)
    write_check_plots(made, tmp_path / "plots")
    _assert_images(tmp_path / "plots", {"correlation-copying", "ablation-copying"})
    scatter = (tmp_path / "plots" / "correlation-copying.svg").read_text()
    assert "12 heads × 2 templates" in scatter
    assert "random heads (3)" in (tmp_path / "plots" / "ablation-copying.svg").read_text()


def test_plots_of_an_unchecked_map_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadStore, match="checked") as raised:
        write_check_plots(_map(tmp_path / "map"), tmp_path / "plots")
    assert "headscribe check" in raised.value.do
    assert not (tmp_path / "plots").exists()


def test_mean_curve_stops_where_a_curve_ends() -> None:
    points = [
        _point("random", draw, removed, 0.5 + 0.1 * draw)
        for draw, length in ((0, 3), (1, 2))
        for removed in range(length)
    ]
    curves = curves_of(points, "random")
    assert [len(curve) for curve in curves] == [3, 2]
    assert mean_curve(curves) == [(0, pytest.approx(0.55)), (1, pytest.approx(0.55))]
    assert curves_of(points, "top") == []


def test_explanation_scores_show_a_point_per_pair_and_the_mean_of_each_arm() -> None:
    arms = [
        ArmScores("next-token", 5, 3, (0.5, 0.75, 0.75), 0.66, 0.4, 0.8, None, {}, 0.1),
        ArmScores("random", 2, 1, (0.5,), 0.5, None, None, None, {}, 0.0),
    ]
    figure = explanation_scores(arms)
    assert [len(axes.collections[0].get_offsets()) for axes in figure.axes] == [3, 1]
    drawn = svg_text(figure)
    assert "Next-token neurons, pairs: 3" in drawn
    assert drawn == svg_text(explanation_scores(arms)), "equal figures give equal text"


def test_without_matplotlib_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    made = _map(tmp_path / "map")
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtra) as raised:
        write_map_plots(made, tmp_path / "plots")
    assert "pip install 'headscribe[plots]'" in str(raised.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file")
    with pytest.raises(BadStore):
        write_map_plots(_map(tmp_path / "map"), tmp_path / "plots")
