"""What all commands that ask an LLM say of it: what it would take, what it took, and how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from headscribe.cli.show import err, money

if TYPE_CHECKING:
    from headscribe.core.usage import CallEstimate
    from headscribe.pipeline.asking.asked import AskingSummary


def print_estimate(llm: str, estimate: CallEstimate, *, about: str = "") -> None:
    """Say what the calls would take.

    Args:
        llm: who would be asked.
        estimate: the calls.
        about: such as `` for 12 pairs``.
    """
    if not estimate.calls:
        typer.echo(f"{llm} needs no calls.")
        return
    typer.echo(
        f"{llm} would get {estimate.calls} calls at most{about}, about {estimate.prompt_tokens:,} tokens of "
        f"prompts, and answer with {estimate.max_reply_tokens:,} tokens at most."
    )


def print_cost(estimate: CallEstimate, *, price_as_of: str = "") -> None:
    """Say what the calls would cost; ``price_as_of`` is the day of the price."""
    if estimate.max_cost_usd is None:
        typer.echo("The cost is not known: no price is known for this LLM (docs/how-to/costs.md).")
        return
    dated = f" at the price of {price_as_of}" if price_as_of else ""
    likely = ""
    if estimate.likely_cost_usd is not None:
        likely = f"; likely {money(estimate.likely_cost_usd)}, by the length of the replies so far"
    typer.echo(f"That costs {money(estimate.max_cost_usd)} at most{dated}{likely}.")


def print_calls(llm: str, summary: AskingSummary) -> None:
    """Say what the calls of a session took; nothing where there was none."""
    if not summary.calls and not summary.replayed:
        return
    typer.echo(
        f"{summary.calls} calls to {llm} ({summary.prompt_tokens:,} tokens sent, "
        f"{summary.completion_tokens:,} received), {summary.replayed} answers from the journal."
    )
    if summary.calls_estimated:
        typer.echo(
            f"Tokens of {summary.calls_estimated} calls are estimated: the server does not report them."
        )
    if summary.retried:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(summary.retried.items()))
        typer.echo(f"Attempts that failed and were made again: {kinds}.")
    if summary.cached_tokens:
        share = summary.cached_tokens / max(1, summary.prompt_tokens)
        typer.echo(f"The server found {share:.0%} of the tokens sent in its prefix cache.")
    typer.echo(f"Cost: {money(summary.cost_usd)}.")


def print_stop(summary: AskingSummary) -> None:
    """Say on stderr why a session ended early, where it did of itself."""
    if summary.stopped:
        err().print(f"stopped: {summary.stopped}", soft_wrap=True)


def print_going_on(summary: AskingSummary, resume: str) -> None:
    """Give on stderr the command that goes on with what was left."""
    larger = f", with a larger {summary.budget}" if summary.budget else ""
    err().print(f"to go on{larger}: {resume}", soft_wrap=True)
