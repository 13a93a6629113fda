"""Render context look-ups as one self-contained HTML file: neurons, their prompts and their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headscribe.core.heads import Head
from headscribe.core.lookup_scores import (
    Explanation,
    PairScore,
    ShownPrompt,
    Verdict,
)
from headscribe.core.lookups import AblationEffect, HeadActivity, NextTokenNeuron
from headscribe.core.sections import Section
from headscribe.report.html import asset, render_file
from headscribe.report.sections import shown_sections
from headscribe.report.words import TokenTable, line, script_json, short

SHADES = 10
"""Steps of shading from no activation to the prompt's highest."""


@dataclass(frozen=True, slots=True)
class ShownPair:
    """A head that feeds a neuron, and what is known of it.

    Attributes:
        activity: how often it does.
        explanation: when it does, None where nobody was asked.
        score: how well that tells unseen prompts apart, None where it was not scored.
        verdicts: the reader's answer on each scoring prompt, by rank.
        effects: by what was removed, the change of the next token's probability.
        described: the head's description by its weights, None without one.
    """

    activity: HeadActivity
    explanation: Explanation | None = None
    score: PairScore | None = None
    verdicts: tuple[Verdict, ...] = ()
    effects: tuple[AblationEffect, ...] = ()
    described: str | None = None


@dataclass(frozen=True, slots=True)
class ShownNeuron:
    """A neuron with its prompts and heads.

    Attributes:
        found: the neuron and its token.
        prompts: of both splits, the strongest first.
        active: for each prompt, the heads that are active on it.
        pairs: the heads that are to be explained, then the other heads that are ever active.
    """

    found: NextTokenNeuron
    prompts: tuple[ShownPrompt, ...]
    active: tuple[frozenset[Head], ...]
    pairs: tuple[ShownPair, ...]


def render_lookups(
    title: str,
    facts: Sequence[tuple[str, str]],
    notes: Sequence[str],
    neurons: Sequence[ShownNeuron],
    *,
    sections: Sequence[Section] = (),
) -> str:
    """The whole page.

    Tokens, prompts and explanations are untrusted: they reach the page as JSON that no browser executes and
    are put on the screen as text only. The policy forbids all but the page's own scripts and style.

    Args:
        title: the model's name.
        facts: names and values: model, texts, LLM, what was left out.
        notes: sentences that a reader must know.
        neurons: in the order of the page.
        sections: what the look-ups amount to.
    """
    words = TokenTable()
    data = {"neurons": [_neuron(one, words) for one in neurons], "words": words.texts}
    theme, body = asset("theme.js"), [asset("dom.js"), asset("lookups.js")]
    return render_file(
        "lookups.html.j2",
        asset("report.css") + asset("lookups.css"),
        (theme, *body),
        title=line(title),
        facts=[(name, line(value)) for name, value in facts],
        notes=list(map(line, notes)),
        sections=shown_sections(sections, set()),
        n_neurons=len(neurons),
        theme=theme,
        body_scripts=body,
        data=script_json(data),
    )


def _neuron(one: ShownNeuron, words: TokenTable) -> dict[str, Any]:
    found = one.found
    return {
        "name": found.neuron.name,
        "arm": found.arm,
        "token": words.number(found.token),
        "congruence": short(found.congruence),
        "pairs": [_pair(pair) for pair in one.pairs],
        "prompts": [_prompt(shown, on, words) for shown, on in zip(one.prompts, one.active, strict=True)],
    }


def _pair(pair: ShownPair) -> dict[str, Any]:
    row, said, score = pair.activity, pair.explanation, pair.score
    return {
        "head": row.head.name,
        "share": short(row.share),
        "n": row.n_prompts,
        "on": row.n_active,
        "attribution": short(row.attribution),
        "described": line(pair.described),
        "status": said.status.value if said else None,
        "explanation": line(said.text or said.error) if said else None,
        "llm": said.llm if said else None,
        "score": short(score.score) if score else None,
        "low": short(score.low) if score else None,
        "high": short(score.high) if score else None,
        "why": score.left_out if score else None,
        "unanswered": score.n_unanswered if score else 0,
        "verdicts": [[one.rank, one.active, one.said, line(one.reason, 300)] for one in pair.verdicts],
        "effects": [
            [one.removed, short(one.active), short(one.inactive), short(one.difference)]
            for one in pair.effects
        ],
    }


def _prompt(shown: ShownPrompt, active: frozenset[Head], words: TokenTable) -> dict[str, Any]:
    values = shown.prompt.activations
    most = max((value for value in values if value > 0), default=1.0)
    return {
        "split": shown.split,
        "rank": shown.rank,
        "activation": short(shown.prompt.top.activation),
        "cut": [words.of_text(text) for text in shown.cut_tokens],
        "tokens": [words.of_text(text) for text in shown.tokens],
        "shades": [max(0, round(SHADES * value / most)) for value in values],
        "heads": [head.name for head in sorted(active)],
    }
