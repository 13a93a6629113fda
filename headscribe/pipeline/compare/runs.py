"""What a second run of the same model says otherwise, for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.report.compare.runs import RunComparison, ScoreDifference

LISTED = 500
"""Differences of scores that a page lists; all are counted."""
_NOT_SETTINGS = {"Started", "Ended", "Time", "Command", "State", "Map"}


def compare_runs(
    run: RunDir, other: RunDir, facts: Sequence[tuple[str, str]], other_facts: Sequence[tuple[str, str]]
) -> RunComparison:
    """The other run beside this one.

    Args:
        run: the run whose report is written.
        other: a run of the same model.
        facts: what is known of this run, as names and values.
        other_facts: the same of the other.

    Raises:
        BadOption: it is the same run, or the runs describe different models.
        BadStore: the other run has no descriptions yet, or its map has gone or has changed.
    """
    from headscribe.report.compare.runs import RunComparison

    _check(run, other)
    same_map = run.header.map.content_hash == other.header.map.content_hash
    differing, n_scores = ([], 0) if same_map else score_differences(run.map(), other.map())
    return RunComparison(
        label=other.path.resolve().name,
        settings=_settings(dict(facts), dict(other_facts)),
        descriptions=other.descriptions(),
        same_map=same_map,
        scores=differing[:LISTED],
        n_scores=n_scores,
        n_differing=len(differing),
    )


def _check(run: RunDir, other: RunDir) -> None:
    both = f"{run.path} and {other.path}"
    if run.path.resolve() == other.path.resolve():
        raise BadOption("a run has no differences from itself", where=both, do="Give --compare another run")
    one, two = run.header.model, other.header.model
    if (one.weights_hash, one.tokenizer_hash) != (two.weights_hash, two.tokenizer_hash):
        raise BadOption(
            f"the runs describe different models, {one.name} and {two.name}",
            where=both,
            do="Compare models by their maps: headscribe compare MAP MAP",
        )


def _settings(own: dict[str, str], other: dict[str, str]) -> list[tuple[str, str, str]]:
    names = [name for name in {**own, **other} if name not in _NOT_SETTINGS]
    pairs = [(name, own.get(name, "–"), other.get(name, "–")) for name in names]
    return [(name, mine, theirs) for name, mine, theirs in pairs if mine != theirs]


Key = tuple[Head, str]


def score_differences(one: MapDir, other: MapDir) -> tuple[list[ScoreDifference], int]:
    """The scores that two maps do not share, largest difference first, and how many both maps have."""
    from headscribe.report.compare.runs import ScoreDifference

    theirs = {_key(score): score for score in other.scores()}
    common = [(score, theirs[_key(score)]) for score in one.scores() if _key(score) in theirs]
    found = [
        ScoreDifference(a.head, a.operation, suppression, mine, its)
        for a, b in common
        for suppression, mine, its in (
            (False, a.score, b.score),
            (True, a.suppression_score, b.suppression_score),
        )
        if mine != its
    ]
    return sorted(found, key=lambda row: -abs(row.this - row.other)), 2 * len(common)


def _key(score: OperationScore) -> Key:
    return score.head, score.operation
