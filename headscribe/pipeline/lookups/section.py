"""What people see of look-ups: ``lookups.html``, and what the run's own report shows of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from headscribe.core.heads import Head
from headscribe.core.lookup_scores import Pair, ShownPrompt, Verdict
from headscribe.core.lookups import REMOVED, Ablation, AblationEffect, HeadActivity, Neuron
from headscribe.core.records import Status
from headscribe.core.sections import Additions, CardNote, Cell, Section, Table
from headscribe.core.tokens import show_token
from headscribe.pipeline.lookups.asked_stages import read_explanations, read_scores
from headscribe.pipeline.lookups.join import HeadInContext, descriptions_beside, heads_in_context
from headscribe.pipeline.lookups.model_stages import read_neurons, read_prompts
from headscribe.pipeline.lookups.results import LookupsFound, sum_up
from headscribe.report.lookups.page import ShownNeuron, ShownPair, render_lookups
from headscribe.store.atomic import write_text
from headscribe.store.describe.run_dir import LOOKUPS, RunDir
from headscribe.store.lookups.lookup_dir import PAGE, LookupDir
from headscribe.store.lookups.lookup_tables import ABLATION, HEADS, PROMPT_HEADS, VERDICTS

NOTES = 3
"""Contexts that a head's card names, the best scored first."""

_ARMS = {"next-token": "next-token neurons", "random": "random neurons"}


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
        arms=summed.arms,
        difference=summed.difference,
        ablation=summed.ablation,
    )
    write_text(found.run / PAGE, page)
    return found.run / PAGE


def lookups_additions(run: RunDir) -> Additions | None:
    """What the report of a run shows of the look-ups that lie in it; None where there are none."""
    if not (run.path / LOOKUPS).is_file():
        return None
    found = LookupDir.open(run.path)
    if not found.done("heads") or found.header is None:
        return None
    if found.header.model.weights_hash != run.header.model.weights_hash:
        return None
    rows = [row for row in heads_in_context(found) if row.activity]
    section = Section(
        key="lookups",
        title="Contexts",
        lead="Heads that switch on next-token neurons in some contexts and not in others (context look-ups), "
        "beside what their weights say. A score of 0.5 is guessing. Prompts and neurons are in lookups.html.",
        tables=tuple(_section_tables(sum_up(found), rows)),
    )
    return Additions((section,), _card_notes(rows), _colours(rows))


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


def _section_tables(summed: LookupsFound, rows: list[HeadInContext]) -> Iterator[Table]:
    if summed.arms:
        yield Table(
            "Head explanation scores by arm, with the interval of the mean",
            ("Neurons", "Mean", "Low", "High", "Pairs scored", "Pairs", "Skewness", "Unanswered"),
            tuple(
                (
                    _ARMS[arm.arm],
                    arm.mean,
                    arm.low,
                    arm.high,
                    len(arm.scores),
                    arm.n_pairs,
                    arm.skewness,
                    arm.unanswered,
                )
                for arm in summed.arms
            ),
        )
    if rows:
        columns = ("Head", "Neuron and its token", "Active on", "Active when", "Score", "By its weights")
        yield Table("Heads in context", columns, tuple(map(_cells, rows)))


def _cells(row: HeadInContext) -> tuple[Cell, ...]:
    activity: HeadActivity | None = row.activity
    return (
        row.head,
        f"{activity.neuron.name} {show_token(row.token.text)}" if activity and row.token else None,
        f"{activity.share:.0%} of {activity.n_prompts}" if activity else None,
        _explanation(row),
        row.score.score if row.score else None,
        row.description.outcome.description if row.description else None,
    )


def _explanation(row: HeadInContext) -> str | None:
    if row.explanation is None:
        return None
    return row.explanation.text if row.explanation.status is Status.OK else row.explanation.status.value


def _card_notes(rows: Iterable[HeadInContext]) -> dict[Head, tuple[CardNote, ...]]:
    notes: dict[Head, list[CardNote]] = defaultdict(list)
    for row in rows:
        if row.explanation and row.explanation.text and row.token and len(notes[row.head]) < NOTES:
            score = row.score.score if row.score else None
            scored = "not scored" if score is None else f"score {score:.2f}"
            title = f"Feeds {show_token(row.token.text)}"
            notes[row.head].append(CardNote(title, f"{row.explanation.text} ({scored})"))
    return {head: tuple(own) for head, own in notes.items() if own}


def _colours(rows: Iterable[HeadInContext]) -> dict[str, dict[Head, float]]:
    best: dict[Head, float] = {}
    for row in rows:
        if row.score and row.score.score is not None:
            best[row.head] = max(best.get(row.head, 0.0), row.score.score)
    return {"best explanation of its contexts": best} if best else {}
