"""What ``describe`` prints in the end."""

from __future__ import annotations

import re

import pytest

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.remarkable import RemarkableHead, remarkable_heads
from headscribe.pipeline import RunSummary
from tests.cli.conftest import Cli

ROW = re.compile(r"^ (L\d+H\d+) +(.*?) +(−?\d\.\d\d|–) +(\d+%|–) ", re.MULTILINE)


def heads() -> list[RemarkableHead]:
    """Seventeen heads: every other one suppresses, and one has no operation above chance."""
    rows, scores = [], []
    for number in range(17):
        head = Head(number // 4, number % 4)
        outcome = Outcome(Status.OK, description="Maps a country to its capital. " * 9, confidence=0.5)
        rows.append(Description(head, outcome, "rules", "rules"))
        sides = (0, 90 - 5 * number) if number % 2 else (90 - 5 * number, 0)
        scores.append(
            OperationScore(
                head, "country_to_capital", "knowledge", *sides, k=10, n_pairs=100, shuffled_score=0.0,
                shuffled_suppression_score=0.0, above_chance=sides[0] > 0,
                suppression_above_chance=sides[1] > 0,
            )
        )  # fmt: skip
    return remarkable_heads(rows, scores)


def test_the_most_remarkable_heads_fit_a_screen_of_80_columns(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(RunSummary, "remarkable", lambda _: heads())
    ended = cli("describe", "demo", "--heads", "L1H0", "-o", "run")
    lines = ended.out.splitlines()
    table = lines[: next(at for at, line in enumerate(lines) if line.startswith("Score:"))]
    assert max(map(len, table)) <= 80
    assert len(table) < 80
    shown = ROW.findall(ended.out)
    assert [name for name, *_ in shown] == [f"L{n // 4}H{n % 4}" for n in range(15)]
    assert shown[0][1:] == ("country → capital", "0.90", "50%")
    assert shown[1][2] == "−0.85"
    assert "… and 2 more heads in run/descriptions.parquet." in ended.out


def test_a_head_that_nothing_is_said_of_is_named_with_its_status(cli: Cli) -> None:
    ended = cli("describe", "demo", "--heads", "L1H1", "-o", "run")
    assert re.search(r"^ L1H1 +– +– +– +unclear *$", ended.out, re.MULTILINE)
    assert "more heads" not in ended.out
