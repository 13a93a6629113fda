"""How ``headscribe describe`` prints a plan, and how a run ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from headscribe.cli.printing.asking import print_calls, print_cost, print_estimate, print_going_on, print_stop
from headscribe.cli.printing.batch import print_batch
from headscribe.cli.printing.map import warn_of
from headscribe.cli.show import money, print_table
from headscribe.core.plain import json_data
from headscribe.core.tokens import plain_line

if TYPE_CHECKING:
    from headscribe.core.descriptions import Description, Outcome
    from headscribe.core.remarkable import RemarkableHead
    from headscribe.pipeline import Plan, RunSummary

SHOWN, LONGEST_SENTENCE = 15, 76
"""Heads that are printed, and characters of what is said of each; ``--json`` and the tables have all."""
FAMILIES, FAMILY_HEADS = 5, 12
"""Families that are printed, and heads of each."""
METHOD_COLUMNS = (
    ("Method", "left"),
    ("Calls", "right"),
    ("Prompt tokens", "right"),
    ("Reply tokens, at most", "right"),
    ("Cost, at most", "right"),
    ("Likely", "right"),
)
COLUMNS = (
    ("Head", "left"),
    ("Operation", "left"),
    ("Score", "right"),
    ("Confidence", "right"),
    ("Description", "left"),
)
TESTED_COLUMNS = (*COLUMNS[:-1], ("Within", "right"), ("Pattern", "right"), COLUMNS[-1])
"""Where descriptions were tested."""


def print_plan(plan: Plan) -> None:
    """What describing would take."""
    typer.echo(f"{plan.heads} heads selected, {plan.done} already described, {plan.to_ask} left.")
    print_estimate(plan.llm, plan.estimate)
    if not plan.estimate.calls:
        return
    print_cost(plan.estimate, price_as_of=plan.price_as_of)
    if plan.estimate.max_cost_usd and plan.estimate.likely_cost_usd is None:
        typer.echo("What is likely is known once some heads are described (--heads sample:5).")
    if len(plan.methods) > 1:
        rows = [
            (
                row.method,
                f"{row.estimate.calls:,}",
                f"{row.estimate.prompt_tokens:,}",
                f"{row.estimate.max_reply_tokens:,}",
                money(row.estimate.max_cost_usd),
                money(row.estimate.likely_cost_usd),
            )
            for row in plan.methods
        ]
        print_table("By method, estimated", METHOD_COLUMNS, rows)
    if plan.sampled < plan.to_ask:
        typer.echo(f"The estimate rests on {plan.sampled} heads; no other was mapped, nothing was asked.")


def run_json(summary: RunSummary) -> dict[str, Any]:
    """The summary and every description as one JSON document; transcripts lie in tables of their own."""
    descriptions = []
    for row in _descriptions(summary):
        outcome = json_data(row.outcome)
        del outcome["transcript"]
        tested, intruders = outcome.pop("tested"), outcome.pop("intruders")
        found = {
            "intruder" if name == "value" else f"intruder_{name}": one for name, one in intruders.items()
        }
        found["n_intruder"] = found.pop("intruder_n")
        descriptions.append(
            {"head": row.head, **outcome, **tested, **found, "family": row.family, "differs": row.differs}
        )
    return summary.as_json() | {"descriptions": descriptions}


def print_run(summary: RunSummary) -> None:
    """The most remarkable heads, what they took, where all lie, and how to go on."""
    heads = summary.remarkable() if any(summary.counts.values()) else []
    _print_heads(heads, summary)
    for line in _families(sorted((one.description for one in heads), key=lambda row: row.head)):
        typer.echo(line)
    counts = ", ".join(f"{number} {status}" for status, number in summary.counts.items())
    typer.echo(
        f"{sum(summary.counts.values())} of {summary.heads} heads in {summary.seconds:.1f} s: {counts}."
    )
    if heads:
        warn_of(summary.map())
    for line in _what_confidence_means([one.description for one in heads]):
        typer.echo(line)
    print_calls(summary.llm, summary)
    typer.echo(f"Run: {summary.run}")
    if summary.report:
        typer.echo(f"Report: {summary.report}")
    print_stop(summary)
    if summary.batch:
        print_batch(summary.batch, summary.resume)
    if summary.budget or (not summary.batch and (summary.left or summary.exit_code == 1)):
        print_going_on(summary, summary.resume)


def _descriptions(summary: RunSummary) -> Sequence[Description]:
    return summary.descriptions() if any(summary.counts.values()) else ()


def _families(rows: Sequence[Description]) -> Iterator[str]:
    """The largest families of heads that something is said of, with their first heads."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.family and row.outcome.description:
            found.setdefault(row.family, []).append(row.head.name)
    found = {name: heads for name, heads in found.items() if len(heads) > 1}
    largest = sorted(found.items(), key=lambda family: -len(family[1]))
    for name, heads in largest[:FAMILIES]:
        more = f" and {len(heads) - FAMILY_HEADS} more" if len(heads) > FAMILY_HEADS else ""
        yield f"Family {plain_line(name, 60)}: {', '.join(heads[:FAMILY_HEADS])}{more}."
    if len(largest) > FAMILIES:
        yield f"… and {len(largest) - FAMILIES} more families, in the column family."


def _what_confidence_means(rows: Sequence[Description]) -> Iterator[str]:
    if any(row.method == "rules" for row in rows):
        yield "Confidence: share of the mappings that the rules explain; not a test on other tokens."
    if unanswered := [row.outcome.unanswered for row in rows if row.outcome.unanswered is not None]:
        share = sum(unanswered) / len(unanswered)
        yield (
            "Confidence: what the descriptions add to a reader's answers on held-out rows of "
            f"{len(unanswered)} heads (lift, 95% interval); within: the same among each head's own rows; "
            "pattern: whether a head's rows can be told from others' without a description. "
            f"{share:.0%} of the items unanswered."
        )


def _print_heads(heads: Sequence[RemarkableHead], summary: RunSummary) -> None:
    if not heads:
        return
    title = "The most remarkable heads" if len(heads) > SHOWN else ""
    tested = any(one.description.outcome.unanswered is not None for one in heads)
    cells = [_cells(one, tested=tested) for one in heads[:SHOWN]]
    print_table(title, TESTED_COLUMNS if tested else COLUMNS, cells)
    if any(one.operation for one in heads[:SHOWN]):
        typer.echo("Score: of what the head does most, less its shuffled score; − where it suppresses.")
    if len(heads) > SHOWN:
        typer.echo(f"… and {len(heads) - SHOWN} more heads in {summary.run / 'descriptions.parquet'}.")


def _cells(one: RemarkableHead, *, tested: bool) -> tuple[object, ...]:
    outcome, operation = one.description.outcome, one.operation
    said = outcome.description or f"{outcome.status.value}: {outcome.error}".removesuffix(": None")
    return (
        one.description.head.name,
        operation and operation.operation.replace("_to_", " → ").replace("_", " "),
        operation and f"{'−' if operation.suppresses else ''}{operation.effect:.2f}",
        _confidence(outcome),
        *((_percent(outcome.tested.lift_within), _percent(outcome.intruders.value)) if tested else ()),
        plain_line(said, LONGEST_SENTENCE),
    )


def _confidence(outcome: Outcome) -> str | None:
    """The lift with its interval; the rules' share alone."""
    low, high = outcome.confidence_low, outcome.confidence_high
    if outcome.unanswered is None or low is None or high is None:
        return _percent(outcome.confidence)
    return f"{_percent(outcome.confidence)} [{_percent(low)}, {_percent(high)}]"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}".replace("-0%", "0%")
