"""The rules judge on sentences that were written before their writer had read any lexicon (docs/evaluate.md).

One half was looked at while the judge was improved, the other was held out. The figures are the page's.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headscribe.eval.evaluate.rules_judge import RulesJudge, wordings_of
from headscribe.operations import builtin_operations

DOCS = Path(__file__).parents[3] / "docs"
OPERATIONS = builtin_operations()
JUDGE = RulesJudge(wordings_of(OPERATIONS, [operation.name for operation in OPERATIONS]))
LINES = (Path(__file__).parent / "data" / "sentences.jsonl").read_text(encoding="utf-8").splitlines()
ROWS = [json.loads(line) for line in LINES]


def figures(half: str) -> str:
    """A row of the page's table: sentences judged exactly, precision and recall over their operations."""
    rows = [row for row in ROWS if row["half"] == half]
    both = meant = found = exact = 0
    for row in rows:
        expressed, own = set(JUDGE.expressed(row["description"])), set(row["operations"])
        both, meant, found = both + len(expressed & own), meant + len(own), found + len(expressed)
        exact += expressed == own
    share = f"{both / found:.2f} ({both} of {found}) | {both / meant:.2f} ({both} of {meant})"
    return f"{exact} of {len(rows)} | {share}"


@pytest.mark.parametrize("half", ["development", "held_out"])
def test_the_page_gives_the_figures_of_both_halves(half: str) -> None:
    page = (DOCS / "evaluate.md").read_text(encoding="utf-8")
    assert f"| {half.replace('_', ' ')}, now | {figures(half)} |" in page


def test_the_sentences_are_many_and_hold_some_that_name_nothing() -> None:
    assert len({row["description"] for row in ROWS}) == len(ROWS) == 168
    assert sum(not row["operations"] for row in ROWS) > 30
    assert {name for row in ROWS for name in row["operations"]} <= {one.name for one in OPERATIONS}
