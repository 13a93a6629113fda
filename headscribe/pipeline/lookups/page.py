"""``lookups.html``: every neuron with its prompts and heads, and what the look-ups amount to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from headscribe.core.lookup_scores import Pair, ShownPrompt, Verdict
from headscribe.core.lookups import REMOVED, Ablation, AblationEffect, Neuron
from headscribe.core.sections import Figure, Section
from headscribe.pipeline.lookups.asked_stages import read_explanations, read_scores
from headscribe.pipeline.lookups.join import descriptions_beside
from headscribe.pipeline.lookups.model_stages import read_neurons, read_prompts
from headscribe.pipeline.lookups.results import LookupsFound
from headscribe.pipeline.lookups.tables import ablation_table, lookups_plots, scores_table
from headscribe.pipeline.plots import svg_plots
from headscribe.report.lookups.page import ShownNeuron, ShownPair, render_lookups
from headscribe.store.atomic import write_text
from headscribe.store.lookups.lookup_dir import PAGE, LookupDir
from headscribe.store.lookups.lookup_tables import ABLATION, HEADS, PROMPT_HEADS, VERDICTS


def write_page(found: LookupDir, summed: LookupsFound) -> Path | None:
    """Write ``lookups.html`` from the stages that are done; None where none is.

    Raises:
        BadStore: a table is missing or damaged, or the page cannot be written.
    """
    if found.header is None or not found.done("neurons"):
        return None
    page = render_lookups(
        found.header.model.name,
        list(_facts(found)),
        list(_notes(found)),
        list(_neurons(found)),
        sections=tuple(_sections(summed)),
    )
    write_text(found.run / PAGE, page)
    return found.run / PAGE


def _sections(summed: LookupsFound) -> Iterator[Section]:
    if summed.arms:
        yield Section(
            "scores",
            "Head explanation scores",
            "For each pair of a neuron and a head that feeds it on 25–75% of the neuron's prompts: how well "
            "a reader who knows only the explanation tells unseen prompts with the head active from those "
            "without. The score is the mean of true-positive and true-negative rate; guessing gives 0.5. "
            "Intervals of means resample neurons.",
            (scores_table(summed),),
            score_figures(summed),
        )
    if summed.ablation:
        yield Section(
            "ablation",
            "Ablation",
            "Head, neuron or both are set to zero at the last position, over the pairs of next-token "
            "neurons: where the head is active against where it is not.",
            (ablation_table(summed.ablation),),
        )


def score_figures(summed: LookupsFound) -> tuple[Figure, ...]:
    """The distribution of the scores; none without scores, or without matplotlib."""
    caption = "A point is a pair of a head and a neuron; below, the mean of each arm with its 95% interval."
    return tuple(Figure(svg, caption) for svg in svg_plots(lookups_plots(summed)).values())


def _facts(found: LookupDir) -> Iterator[tuple[str, str]]:
    header = found.header
    if header is None:
        return
    yield "Model", header.model.name + (f" at {header.model.revision}" if header.model.revision else "")
    yield "Texts", header.texts
    yield "LLM", header.llm
    for stage, done in header.stages.items():
        counts = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
        left_out = ", ".join(f"{number:,} {reason}" for reason, number in done.left_out.items())
        yield stage.capitalize(), counts + (f"; left out: {left_out}" if left_out else "")
    yield "Device", f"{header.device}, {header.dtype}"
    yield "State", header.state
    yield "Weights", header.model.weights_hash
    yield "Headscribe", header.tool.version + (f" ({header.tool.commit})" if header.tool.commit else "")
    yield "Command", header.command


def _notes(found: LookupDir) -> Iterator[str]:
    header = found.header
    if header is None:
        return
    if found.done("explanations") and header.llm == "rules":
        yield (
            "No LLM was used: the built-in rules name words that stand in active prompts and not in inactive "
            "ones, and judge by these words alone."
        )
    if found.done("explanations") and header.llm.split(":")[0] == "fake":
        yield "The LLM was the built-in fake: its words and answers say nothing of the model."
    if header.state in {"interrupted", "stopped"}:
        yield f"These look-ups are not complete ({header.state}). To go on: {header.command}"


def _neurons(found: LookupDir) -> Iterator[ShownNeuron]:
    prompts: dict[Neuron, list[ShownPrompt]] = defaultdict(list)
    for shown in read_prompts(found):
        prompts[shown.prompt.neuron].append(shown)
    active = {row.key: row.active for row in found.read(PROMPT_HEADS)}
    pairs: dict[Neuron, list[ShownPair]] = defaultdict(list)
    for pair in _pairs(found):
        pairs[pair.activity.neuron].append(pair)
    for one in read_neurons(found):
        own = prompts[one.neuron]
        heads = tuple(frozenset(active.get(shown.key, ())) for shown in own)
        yield ShownNeuron(one, tuple(own), heads, tuple(pairs[one.neuron]))


def _pairs(found: LookupDir) -> Iterator[ShownPair]:
    """Those that were to be explained first, the other heads by how often they are active."""
    explained = {row.pair: row for row in read_explanations(found)}
    scores = {row.pair: row for row in read_scores(found)}
    verdicts: dict[Pair, list[Verdict]] = defaultdict(list)
    for verdict in found.read(VERDICTS):
        verdicts[verdict.pair].append(verdict)
    ablated: dict[Pair, list[Ablation]] = defaultdict(list)
    for ablation in found.read(ABLATION):
        ablated[Pair(ablation.neuron, ablation.head)].append(ablation)
    beside = descriptions_beside(found)
    for row in sorted(found.read(HEADS), key=lambda row: not row.explained):
        activity = row.activity
        pair, said = Pair(activity.neuron, activity.head), beside.get(activity.head)
        yield ShownPair(
            activity,
            explained.get(pair),
            scores.get(pair),
            tuple(verdicts[pair]),
            tuple(_effects(ablated[pair])),
            said.outcome.description if said else None,
        )


def _effects(rows: list[Ablation]) -> Iterator[AblationEffect]:
    from headscribe.lookups.ablation import effect

    return (effect(rows, removed) for removed in REMOVED) if rows else iter(())
