"""From one row per head and prompt to measures, differences and verdicts in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from headscribe.core.descriptions import Description, Status
from headscribe.core.heads import Head
from headscribe.core.prompt_comparison import Difference, HeadResult, Measure, PromptResult, values
from headscribe.core.records import OperationScore
from headscribe.core.statistics import FEWEST
from headscribe.eval.paired import paired

CONFIDENCE = Measure("confidence", "confidence", "more")
DESCRIBED = Measure("described", "share described", "more")
AGREEMENT = Measure("agreement", "agreement with operations", "more")
COSTS = (
    Measure("tokens", "tokens per head", "less"),
    Measure("cost_usd", "USD per head", "less"),
    Measure("seconds", "seconds per head", "less"),
)


def head_results(
    prompt: str, described: Iterable[Description], best: Mapping[Head, str], named: Mapping[Head, bool]
) -> list[HeadResult]:
    """One prompt's rows.

    An unclear head counts as chance: confidence and agreement 0. A head without an answer has no numbers, and
    its place in a paired difference stays empty.

    Args:
        prompt: the template as ``name@version``.
        described: its descriptions.
        best: by head, the operation that it scores highest on (``best_operations``).
        named: by head, whether its description expresses an operation that it scores on
            (``core.evaluation.named_heads``).
    """
    return [_result(prompt, row, best.get(row.head), named.get(row.head)) for row in described]


def _result(prompt: str, row: Description, operation: str | None, named: bool | None) -> HeadResult:
    outcome, ok, unclear = row.outcome, row.outcome.status is Status.OK, row.outcome.status is Status.UNCLEAR
    tokens = None
    if row.prompt_tokens is not None and row.completion_tokens is not None:
        tokens = row.prompt_tokens + row.completion_tokens
    return HeadResult(
        head=row.head,
        prompt=prompt,
        status=outcome.status.value,
        description=outcome.description,
        confidence=0.0 if unclear else outcome.confidence if ok else None,
        operation=operation,
        agreement=None if named is None else float(named),
        described=float(ok) if ok or unclear else None,
        tokens=tokens,
        cost_usd=row.cost_usd,
        seconds=row.seconds,
    )


def best_operations(scores: Iterable[OperationScore], threshold: float) -> dict[Head, str]:
    """The operation that a head scores highest on, of equal ones the first by name; for heads that do one."""
    found: dict[Head, OperationScore] = {}
    for score in sorted(scores, key=lambda score: (-score.effect, score.operation)):
        if score.effect >= threshold:
            found.setdefault(score.head, score)
    return {head: score.operation for head, score in found.items()}


def choose_measures(rows: Sequence[HeadResult], method: str) -> tuple[Measure, ...]:
    """What can be compared, the measure that verdicts are about first.

    That is the confidence where the method tests its descriptions, and otherwise the share of heads that got
    a description at all, which says nothing about whether the descriptions are right.
    """
    tested = method != "single" and any(row.status == "ok" and row.confidence is not None for row in rows)
    first = (CONFIDENCE, DESCRIBED) if tested else (DESCRIBED,)
    agreed = (AGREEMENT,) if any(row.agreement is not None for row in rows) else ()
    costs = tuple(measure for measure in COSTS if any(row.value(measure.key) is not None for row in rows))
    return (*first, *agreed, *costs)


def prompt_result(
    prompt: str, prompt_hash: str, purpose: str, rows: Sequence[HeadResult], measures: Sequence[Measure]
) -> PromptResult:
    """One prompt's counts and means."""
    statuses = Counter(row.status for row in rows if row.prompt == prompt)
    known = {m.key: [one for one in values(rows, prompt, m.key) if one is not None] for m in measures}
    return PromptResult(
        prompt,
        prompt_hash,
        purpose,
        counts={status.value: statuses[status.value] for status in Status},
        means={key: sum(found) / len(found) if found else None for key, found in known.items()},
        n={key: len(found) for key, found in known.items()},
    )


def differences(
    prompts: Sequence[str],
    rows: Sequence[HeadResult],
    measures: Sequence[Measure],
    *,
    level: float,
    seed: int,
) -> list[Difference]:
    """Every later prompt against the first, in every measure."""
    first, *later = prompts
    found = []
    for prompt in later:
        for measure in measures:
            pair = paired(
                values(rows, first, measure.key), values(rows, prompt, measure.key), level=level, seed=seed
            )
            if pair:
                found.append(Difference(measure.key, prompt, first, **asdict(pair), shown=pair.shown))
    return found


def verdict(
    difference: Difference | None, measure: Measure, prompt: str, first: str, model_heads: int
) -> str:
    """A difference in one plain line.

    Args:
        difference: None where no head has the measure from both prompts.
        measure: what it is about.
        prompt: the later prompt.
        model_heads: heads of the model: more than these cannot be had.
    """
    if difference is None:
        return f"{prompt} and {first}: no head has an answer from both, so there is nothing to compare"
    mean, low, high = difference.mean, difference.low, difference.high
    if low is None or high is None:
        few = f"{difference.n} heads are too few to tell (at least {FEWEST})"
        return f"{prompt} and {first} differ by {mean:+.2f} in {measure.name}: {few}"
    if difference.shown:
        good, poor = (prompt, first) if (mean > 0) is (measure.better == "more") else (first, prompt)
        ends = (low, high) if mean > 0 else (-high, -low)
        size = f"{abs(mean):.2f} [{ends[0]:.2f}, {ends[1]:.2f}]"
        return f"{good} is better than {poor} by {size} in {measure.name} ({difference.n} heads)"
    size = f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
    what = f"no difference shown between {prompt} and {first} in {measure.name}: {size}, {difference.n} heads"
    return f"{what}; {_needed(difference, model_heads)}"


def _needed(difference: Difference, model_heads: int) -> str:
    if difference.needed is None:
        return "every head came out alike" if difference.mean == 0 else "more heads would be needed"
    needed = _rounded(difference.needed)
    more = f", more than the {model_heads} of this model" if difference.needed > model_heads else ""
    return f"about {needed:,} heads would be needed to show a difference of this size{more}"


def _rounded(count: int) -> int:
    """Two digits: the estimate knows no more."""
    if count < 100:
        return count
    step = int(10 ** (len(str(count)) - 2))
    return -(-count // step) * step
