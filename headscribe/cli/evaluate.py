"""``headscribe evaluate``: a run's descriptions against the operation scores of its map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.show import err, money, print_json
from headscribe.core.settings import RELATION_HEAD

if TYPE_CHECKING:
    from headscribe.pipeline.evaluate.evaluate import EvaluationPlan, EvaluationSummary

JUDGING = "How descriptions are judged"
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run of headscribe describe.", show_default=False)]


def evaluate(
    run: Run,
    llm: Annotated[
        str | None,
        typer.Option(
            "--llm",
            metavar="LLM",
            help="An LLM that judges beside the rules: openai:NAME, http://HOST:PORT/v1#NAME, …",
            rich_help_panel=JUDGING,
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(
            "--threshold",
            metavar="SHARE",
            help="Score from which a head implements an operation.",
            rich_help_panel=JUDGING,
        ),
    ] = RELATION_HEAD,
    operations: Annotated[
        list[Path] | None,
        typer.Option(
            "--operations",
            metavar="PATH",
            help="Your operation files or folders, for their lexicons. May be repeated.",
            rich_help_panel=JUDGING,
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str,
        typer.Option(
            "--judge", help="Template that asks what a description expresses.", rich_help_panel=JUDGING
        ),
    ] = "judge",
    categorize: Annotated[
        str, typer.Option("--categorize", help="Template that asks for categories.", rich_help_panel=JUDGING)
    ] = "categorize",
    resamples: Annotated[
        int,
        typer.Option("--resamples", min=0, help="Bootstrap draws of the intervals.", rich_help_panel=JUDGING),
    ] = 1000,
    permutations: Annotated[
        int,
        typer.Option(
            "--permutations",
            min=0,
            help="Shuffles of the descriptions, for what chance reaches.",
            rich_help_panel=JUDGING,
        ),
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seeds every draw.", rich_help_panel=JUDGING)] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many calls and tokens the LLM would take.")
    ] = False,
    concurrency: o.Concurrency = 16,
    max_retries: o.MaxRetries = 5,
    timeout: o.Timeout = 120.0,
    max_reply_tokens: o.MaxReplyTokens = 512,
    temperature: o.Temperature = 0.0,
    prompts: o.Prompts = None,
    max_cost: o.MaxCost = None,
    max_tokens: o.MaxTokens = None,
    price: o.Price = "",
    plots: o.Plots = None,
    json: o.Json = False,
) -> None:
    """Compare what descriptions say with what heads score: agreement, chance, disagreements, categories."""
    from headscribe.cli.typed import typed_command
    from headscribe.core.prices import read_price
    from headscribe.core.settings import AskSettings, EvaluateSettings
    from headscribe.pipeline.evaluate.evaluate import evaluate_run, plan_evaluation

    _check(threshold)
    settings = EvaluateSettings(
        threshold=threshold,
        resamples=resamples,
        permutations=permutations,
        seed=seed,
        judge=judge,
        categorize=categorize,
    )
    asking = AskSettings(
        temperature=temperature,
        max_reply_tokens=max_reply_tokens,
        concurrency=concurrency,
        max_retries=max_retries,
        timeout=timeout,
        max_cost=max_cost,
        max_tokens=max_tokens,
        price=read_price(price),
        prompt_folders=tuple(map(str, prompts or ())),
    )
    wanted: dict[str, Any] = {"settings": settings, "asking": asking, "operations": operations or ()}
    if dry_run:
        _show_plan(plan_evaluation(run, llm=llm or "rules", **wanted), json)
        return
    with progress(quiet=json) as bars:
        summary = evaluate_run(run, llm=llm, **wanted, command=typed_command(), progress=bars)
        if plots is not None and summary.evaluation:
            from headscribe.pipeline.plots.evaluation import write_evaluation_plots

            write_evaluation_plots(summary.evaluation, plots, bars)
    _show(summary, json)
    raise typer.Exit(summary.exit_code)


def _check(threshold: float) -> None:
    """See that some scores can reach the threshold, and not all do."""
    from headscribe.core.errors import BadOption

    if not 0 < threshold <= 1:
        do = "Scores are shares: choose one above 0 and up to 1"
        raise BadOption(f"{threshold:g} is no threshold", where="--threshold", do=do)


def _show_plan(plan: EvaluationPlan, json: bool) -> None:
    if json:
        print_json(plan.as_json())
        return
    left = plan.questions - plan.answered
    typer.echo(
        f"{plan.questions} questions to {plan.llm} on {plan.items} pairs of a head and an operation and on "
        f"the heads' categories, {plan.answered} answered already, {left} left."
    )
    typer.echo(
        f"About {plan.prompt_tokens:,} tokens of prompts, and {plan.max_reply_tokens:,} of replies at most. "
        f"Cost, at most: {money(plan.max_cost_usd)}."
    )


def _show(summary: EvaluationSummary, json: bool) -> None:
    from headscribe.cli.evaluation_tables import as_json, print_evaluation

    if json:
        print_json(as_json(summary))
    elif summary.evaluation:
        print_evaluation(summary.run, summary.evaluation)
        if summary.asked and summary.asked.totals:
            totals = summary.asked.totals
            typer.echo(
                f"{totals.calls} calls, {totals.replayed} answers from the journal. "
                f"Cost: {money(summary.asked.cost_usd)}."
            )
    if summary.evaluation is None and summary.asked:
        err().print(f"stopped: {summary.stopped}" if summary.stopped else "interrupted", soft_wrap=True)
        larger = f", with a larger {summary.budget}" if summary.budget else ""
        err().print(
            f"{summary.asked.done} of {summary.questions} questions are answered, and kept; no table was "
            f"written. To go on{larger}: {summary.resume}",
            soft_wrap=True,
        )
