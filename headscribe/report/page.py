"""Render a run as one self-contained HTML file that works offline, from a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headscribe.core.descriptions import Description
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, OperationScore
from headscribe.core.rounds import Transcript
from headscribe.core.sections import Additions
from headscribe.core.settings import RELATION_HEAD
from headscribe.report.compare.runs import RunComparison, comparison_data
from headscribe.report.details import Details
from headscribe.report.html import asset, render_file
from headscribe.report.model_section import ModelSection, model_data
from headscribe.report.overview import Origin, Scores, added, counts, head_data
from headscribe.report.sections import shown_sections
from headscribe.report.words import TokenTable, line, script_json

STYLES = ("report.css", "map.css", "heads.css", "card.css")
SCRIPTS = ("dom.js", "data.js", "search.js", "map.js", "list.js", "card.js", "copy.js", "cards.js")
"""In the order in which they run; ``theme.js`` runs before all, so that no wrong colour is ever shown."""
AT_A_GLANCE = ("Architecture", "LLM", "Method", "Prompt", "Cost", "Time")
"""Facts that stand open under the title, where they are known."""
_NOTHING = Additions()


def render_report(  # noqa: PLR0913 - the parts of a page, each by name
    title: str,
    facts: Sequence[tuple[str, str]],
    notes: Sequence[str],
    descriptions: Iterable[Description],
    head_maps: Iterable[HeadMap],
    scores: Iterable[OperationScore],
    *,
    origin: Origin | None = None,
    model: ModelSection | None = None,
    transcripts: Iterable[tuple[Head, Transcript]] = (),
    additions: Additions = _NOTHING,
    comparison: RunComparison | None = None,
) -> str:
    """The whole page.

    Args:
        title: the model's name.
        facts: (name, value) pairs for the overview: model, settings, LLM, versions.
        notes: sentences that a reader must know, such as that no LLM was used.
        descriptions: one per described head; their texts are untrusted.
        head_maps: the salient mappings of the same heads.
        scores: operation scores of the same heads.
        origin: what citations name; by default the title alone.
        model: what is known of the model as a whole; without it the page has no model section.
        transcripts: how descriptions came about; a head may come several times, with a part each.
        additions: what other parts show beside the run: sections, notes on cards, colours of the map.
        comparison: another run of the same model.

    Tokens and descriptions are data: they reach the page as JSON in blocks that no browser executes, and are
    put on the screen as text only. A content security policy names the page's own scripts and style by their
    hashes and forbids everything else, the network included.
    """
    rows = sorted(descriptions, key=lambda row: row.head)
    heads = [row.head for row in rows]
    words = TokenTable()
    details = _details(words, head_maps, transcripts)
    found = Scores(scores)
    data = {
        "operations": found.operations,
        "beyondShuffled": found.kind == "beyond-shuffled",
        "threshold": RELATION_HEAD,
        "origin": (origin or Origin(title)).as_json(),
        "model": model_data(model) if model else None,
        "comparison": comparison_data(comparison) if comparison else None,
        "words": words.texts,
        "ids": words.ids,
        **added(additions, heads),
    }
    parts = [("model.js", model), ("changes.js", comparison), ("keys.js", True)]
    scripts = [asset(name) for name in (*SCRIPTS, *(name for name, wanted in parts if wanted))]
    theme = asset("theme.js")
    return render_file(
        "report.html.j2",
        "".join(map(asset, STYLES)),
        (theme, *scripts),
        title=line(title),
        facts=_lines(facts),
        glance=_lines(fact for fact in facts if fact[0] in AT_A_GLANCE),
        notes=list(map(line, notes)),
        counts=counts(rows),
        n_heads=len(heads),
        theme=theme,
        body_scripts=scripts,
        has_model=model is not None,
        comparison=line(comparison.label) if comparison else None,
        sections=shown_sections(additions.sections, set(heads)),
        data=script_json(data),
        heads=(script_json(head_data(row) | {"scores": found.of(row.head)}) for row in rows),
        mappings=details.mappings(heads),
        transcripts=details.transcripts(heads),
    )


def _details(
    words: TokenTable, head_maps: Iterable[HeadMap], transcripts: Iterable[tuple[Head, Transcript]]
) -> Details:
    details = Details(words)
    for found in head_maps:
        details.add_map(found)
    for head, transcript in transcripts:
        details.add_transcript(head, transcript)
    return details


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[list[Any]]:
    return ([line(text) for text in row] for row in rows)
