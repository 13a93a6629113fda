"""Prompts compared: each describes the same heads on the same map, and the differences get intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption, BudgetSpent, LLMUnavailable
from headscribe.core.heads import Head
from headscribe.core.progress import Progress, Silent
from headscribe.core.prompt_comparison import PromptComparison
from headscribe.core.settings import RELATION_HEAD, DescribeSettings, MapSettings
from headscribe.pipeline.asking.budget import spent_before
from headscribe.pipeline.describe.options import DescribeOptions
from headscribe.pipeline.describe.request import DescribeRequest, read_request
from headscribe.pipeline.describe.summary import RunSummary
from headscribe.pipeline.map.map import fill_map
from headscribe.pipeline.prompts.history import remember
from headscribe.pipeline.prompts.results import compare_runs
from headscribe.pipeline.prompts.templates import choose_templates
from headscribe.pipeline.runs import describe_model
from headscribe.store.describe.journal import existing_journal
from headscribe.store.describe.run_dir import JOURNAL, MAP, RunDir, default_run
from headscribe.store.prompts.prompt_results import write_results

if TYPE_CHECKING:
    from headscribe.agent.budget import Amount
    from headscribe.core.prices import Price
    from headscribe.prompts import Template


def compare_prompts(  # noqa: PLR0913 - one argument per option of the command
    prompts: Sequence[str],
    model: str,
    out: Path | None = None,
    *,
    llm: str,
    heads: str = "sample:50",
    map_settings: MapSettings | None = None,
    describe_settings: DescribeSettings | None = None,
    operations: Sequence[Path] | None = None,
    threshold: float = RELATION_HEAD,
    revision: str | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> PromptComparison:
    """Describe the same heads with every prompt, and compare what came of it.

    Every prompt gets a run of its own in the folder, on one map that they share; the same heads, the same
    held-out rows and the same LLM, so that heads can be compared one by one. Runs are gone on with: what was
    answered is not paid for again. The operation scores are looked at only when everything is described.

    Args:
        prompts: at least two templates, as ``name``, ``name@version`` or a file; the others are compared with
            the first.
        model: a hub id, a local folder, or ``demo``.
        out: folder of the runs and the results, made if missing; None for ``runs/prompts-MODEL``.
        llm: who describes.
        heads: a selection; ``sample:50`` draws the same heads for every prompt.
        map_settings: how to map; its seed draws the heads and the resamples.
        describe_settings: how the LLM is asked; its limits hold for all prompts together.
        operations: files or folders of operations to compare descriptions with; None for the built-in ones.
        threshold: score from which a head is expected to be described by an operation's words.
        revision: branch, tag or commit of a hub model.
        command: what was typed, for headers and history.

    Raises:
        BudgetSpent: the limits are reached; what was answered is kept.
        LLMUnavailable: the LLM cannot be used any more; likewise.
        KeyboardInterrupt: a person ended it; likewise.
        HeadscribeError: an argument, the model or the folder cannot be used.
    """
    progress, settings = progress or Silent(), describe_settings or DescribeSettings()
    parts = (map_settings or MapSettings()).view == "parts"
    templates = choose_templates(prompts, settings, parts=parts)
    folder = out or Path("runs") / f"prompts-{default_run(model).name}"
    shared = DescribeOptions(
        llm=llm,
        heads=heads,
        map_settings=map_settings,
        operations=operations,
        revision=revision,
        command=command,
        progress=progress,
    )
    comparing = _Comparing(model, folder, settings, templates, shared, progress)
    request = comparing.fill_map()
    for template, reference in templates:
        progress.say(f"Describing with {template.reference}")
        comparing.describe(template, reference)
    runs = [(template, RunDir.open(folder / template.reference)) for template, _ in templates]
    found = compare_runs(runs, request, model, settings.method, threshold)
    write_results(folder, found.rows)
    remember(found, folder, command, progress)
    return found


@dataclass
class _Comparing:
    """One call of ``compare_prompts``."""

    model: str
    folder: Path
    settings: DescribeSettings
    templates: list[tuple[Template, str]]
    shared: DescribeOptions
    progress: Progress
    price: Price | None = None

    def fill_map(self) -> DescribeRequest:
        """Make the map that all prompts share."""
        requests = [
            read_request(self.model, self._run(template), **self._options(self._asking(reference)))
            for template, reference in self.templates
        ]
        request = requests[0]
        self.price = request.price
        if request.spec.kind == "rules":
            do = "Name an LLM with --llm"
            raise BadOption("the built-in rules use no prompt", where="--llm", do=do)
        comparison_heads: set[Head] = set().union(*(one.map_job.comparison_heads for one in requests))
        job = replace(request.job, comparison_heads=sorted(comparison_heads))
        fill_map(job, self.folder / MAP, force=False, command=request.command, progress=self.progress)
        return request

    def describe(self, template: Template, reference: str) -> RunSummary:
        """One prompt's run.

        Raises:
            BudgetSpent, LLMUnavailable, KeyboardInterrupt: it did not come to its end.
        """
        run = self._run(template)
        summary = describe_model(
            self.model,
            run,
            **self._options(self._limited(reference, run), self.folder / MAP),
        )
        if summary.interrupted:
            raise KeyboardInterrupt
        if summary.budget:
            what = f"the budget is used up while {template.reference} describes"
            do = f"All answers are kept; to go on, give the same command with a larger {summary.budget}"
            raise BudgetSpent(what, where=summary.budget, do=do)
        if summary.stopped:
            do = "All answers are kept; give the same command again to go on"
            raise LLMUnavailable(summary.stopped, do=do)
        return summary

    def _run(self, template: Template) -> Path:
        return self.folder / template.reference

    def _options(self, settings: DescribeSettings, map_path: Path | None = None) -> DescribeOptions:
        return {**self.shared, "describe_settings": settings, "map_path": map_path}

    def _asking(self, reference: str) -> DescribeSettings:
        return self.settings.model_copy(update={"prompt": reference})

    def _limited(self, reference: str, run: Path) -> DescribeSettings:
        """The limits less what the other prompts' runs took; they hold for all together."""
        asking = self._asking(reference)
        if asking.max_cost is None and asking.max_tokens is None:
            return asking
        others = [self._run(template) for template, _ in self.templates if self._run(template) != run]
        taken = [spent for other in others if (spent := _spent(other, self.price))]
        update: dict[str, float] = {}
        if asking.max_cost is not None:
            update["max_cost"] = max(asking.max_cost - sum(one.cost for one in taken), 1e-9)
        if asking.max_tokens is not None:
            update["max_tokens"] = max(asking.max_tokens - int(sum(one.tokens for one in taken)), 1)
        return asking.model_copy(update=update)


def _spent(run: Path, price: Price | None) -> Amount | None:
    """What an earlier prompt's run took, None where it has not begun."""
    with existing_journal(run / JOURNAL) as journal:
        return spent_before(journal, price) if journal else None
