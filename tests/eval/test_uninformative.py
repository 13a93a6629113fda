"""A map that says little says so, and one that can be read says nothing of itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings
from headscribe.eval.uninformative import FEWEST_HEADS, FIRST, signs
from headscribe.pipeline import describe_model, map_model, report_run
from headscribe.pipeline.map.warning import map_warning

HEADS = [Head(layer, head) for layer in range(6) for head in range(5)]


def lists(hub_rows: int, *, rows: int = 20) -> dict[Head, list[list[int]]]:
    """Rows of distinct targets, of which so many list token 7 too."""
    fresh = iter(range(100, 10_000_000))
    return {
        head: [[*([7] if row < hub_rows else []), *(next(fresh) for _ in range(6))] for row in range(rows)]
        for head in HEADS
    }


def scores(best: int, *, suppressed: int = 0, operations: int = 12) -> list[OperationScore]:
    """Scores out of 40 pairs; one head reaches the best."""
    return [
        OperationScore(
            head,
            f"operation_{place}",
            "knowledge",
            hits=best if head == Head(3, 2) and place == 1 else 1,
            suppression_hits=suppressed if head == Head(4, 1) and place == 2 else 0,
            k=10,
            n_pairs=40,
        )
        for head in HEADS
        for place in range(operations)
    ]


def test_a_map_that_can_be_read_shows_no_sign() -> None:
    assert list(signs(lists(3), scores(20), [0.2] * 30)) == []


@pytest.mark.parametrize(("hub_rows", "said"), [(20, "100%"), (9, "45%")])
def test_one_target_in_most_rows_is_a_sign(hub_rows: int, said: str) -> None:
    (found,) = signs(lists(hub_rows), scores(20))
    assert found == f"{said} of a head's rows list the same target, on average"


def test_a_target_counts_among_the_first_of_a_row_alone() -> None:
    late = {head: [[*range(row * 10, row * 10 + FIRST), 7] for row in range(9)] for head in HEADS}
    assert list(signs(late, scores(20))) == []


def test_no_head_with_an_operation_is_a_sign_and_suppression_counts() -> None:
    (found,) = signs(lists(1), scores(5))
    assert found == "no head reaches 0.15 on any of 12 operations"
    assert list(signs(lists(1), scores(5, suppressed=8))) == []
    assert list(signs(lists(1), scores(5, operations=3))) == [], "few operations were asked for"


def test_constant_parts_that_are_all_there_is_are_a_sign() -> None:
    (found,) = signs(lists(1), scores(20), [0.97] * 20 + [0.1] * 10)
    assert found == "half of the heads write at least 97% whatever the source"


def test_few_heads_say_nothing_of_a_model() -> None:
    some = random.Random(1).sample(HEADS, FEWEST_HEADS - 1)
    few = {head: rows for head, rows in lists(20).items() if head in some}
    assert list(signs(few, [one for one in scores(1) if one.head in some], [0.97] * len(few))) == []


def test_the_bundled_model_is_read_without_a_warning(tmp_path: Path) -> None:
    made = map_model("demo", tmp_path / "map")
    assert map_warning(made) is None


def test_map_and_report_warn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headscribe.eval.uninformative.HUB_SHARE", 0.0)
    describe_model("demo", tmp_path / "run", llm="rules", map_settings=MapSettings(view="paper"))
    page = report_run(tmp_path / "run").read_text(encoding="utf-8")
    assert "This map says little: " in page
    assert "Try --view parts or --source-view residual; headscribe doctor MODEL --self-check" in page
