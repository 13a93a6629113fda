"""The tables of context look-ups, ``lookups/*.parquet``: their columns, and records to rows and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa

from headscribe.core.heads import Head
from headscribe.core.lookup_scores import Explanation, Pair, PairScore, ShownPrompt, Verdict
from headscribe.core.lookups import (
    Ablation,
    Arm,
    CutPrompt,
    HeadActivity,
    LeftOut,
    Neuron,
    NextTokenNeuron,
    PromptHeads,
    Split,
    TopPrompt,
)
from headscribe.core.records import Status, Token
from headscribe.store.tables import HEAD
from headscribe.store.text import clean

Row = dict[str, Any]

NEURON = [("neuron_layer", pa.int32()), ("neuron", pa.int32())]
_PROMPT = [*NEURON, ("split", pa.string()), ("rank", pa.int32())]
_INTS, _TEXTS = pa.list_(pa.int32()), pa.list_(pa.string())

NEURONS = pa.schema(
    [
        *NEURON,
        ("arm", pa.string()),
        ("token_id", pa.int32()),
        ("token", pa.string()),
        ("congruence", pa.float64()),
    ]
)
PROMPTS = pa.schema(
    [
        *_PROMPT,
        ("text", pa.int64()),
        ("position", pa.int32()),
        ("activation", pa.float64()),
        ("activation_kept", pa.float64()),
        ("before", pa.string()),
        ("last", pa.string()),
        ("ids", _INTS),
        ("tokens", _TEXTS),
        ("activations", pa.list_(pa.float32())),
        ("cut_ids", _INTS),
        ("cut_tokens", _TEXTS),
    ]
)
PROMPT_HEADS = pa.schema(
    [
        *_PROMPT,
        ("mean", pa.float64()),
        ("deviation", pa.float64()),
        ("n_heads", pa.int32()),
        ("active_layers", _INTS),
        ("active_heads", _INTS),
        ("attributions", pa.list_(pa.float64())),
    ]
)
HEADS = pa.schema(
    [
        *HEAD,
        *NEURON,
        ("n_prompts", pa.int32()),
        ("n_active", pa.int32()),
        ("share", pa.float64()),
        ("attribution", pa.float64()),
        ("explained", pa.bool_()),
    ]
)
EXPLANATIONS = pa.schema(
    [
        *HEAD,
        *NEURON,
        ("status", pa.string()),
        ("explanation", pa.string()),
        ("error", pa.string()),
        ("llm", pa.string()),
        ("prompt", pa.string()),
        ("n_active", pa.int32()),
        ("n_inactive", pa.int32()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("seconds", pa.float64()),
    ]
)
VERDICTS = pa.schema(
    [
        *HEAD,
        *NEURON,
        ("rank", pa.int32()),
        ("active", pa.bool_()),
        ("prompt_ids", _INTS),
        ("said", pa.bool_()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)
_RATES = ("score", "low", "high", "true_positive_rate", "true_negative_rate")
_COUNTS = ("n_active", "n_inactive", "n_unanswered", "n_distinct")
SCORES = pa.schema(
    [
        *HEAD,
        *NEURON,
        ("arm", pa.string()),
        *((name, pa.float64()) for name in _RATES),
        *((name, pa.int32()) for name in _COUNTS),
        ("left_out", pa.string()),
    ]
)
ABLATION = pa.schema(
    [
        *HEAD,
        *NEURON,
        ("removed", pa.string()),
        ("active", pa.bool_()),
        ("before", pa.float64()),
        ("after", pa.float64()),
    ]
)
LEFT_OUT = pa.schema(
    [("stage", pa.string()), ("reason", pa.string()), ("split", pa.string()), *NEURON, ("count", pa.int64())]
)
HEADS_IN_CONTEXT = pa.schema(
    [
        *HEAD,
        ("description", pa.string()),
        ("confidence", pa.float64()),
        *NEURON,
        ("token", pa.string()),
        ("share", pa.float64()),
        ("explanation", pa.string()),
        ("score", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("in_words", pa.string()),
    ]
)


def _neuron(row: Row) -> Neuron:
    return Neuron(row["neuron_layer"], row["neuron"])


def _pair(row: Row) -> Pair:
    return Pair(_neuron(row), Head(row["layer"], row["head"]))


def _of_neuron(neuron: Neuron | None) -> Row:
    return {"neuron_layer": neuron and neuron.layer, "neuron": neuron and neuron.neuron}


def _of_pair(neuron: Neuron, head: Head) -> Row:
    return {"layer": head.layer, "head": head.head, **_of_neuron(neuron)}


def neuron_row(found: NextTokenNeuron) -> Row:
    """The row of ``neurons.parquet``."""
    return {
        **_of_neuron(found.neuron),
        "arm": found.arm,
        "token_id": found.token.id,
        "token": clean(found.token.text),
        "congruence": found.congruence,
    }


def read_neuron(row: Row) -> NextTokenNeuron:
    """The record that ``neuron_row`` wrote."""
    return NextTokenNeuron(_neuron(row), row["arm"], Token(row["token_id"], row["token"]), row["congruence"])


def prompt_row(shown: ShownPrompt) -> Row:
    """The row of ``prompts.parquet``."""
    prompt, top = shown.prompt, shown.prompt.top
    return {
        **_of_neuron(prompt.neuron),
        "split": shown.split,
        "rank": shown.rank,
        "text": top.text,
        "position": top.position,
        "activation": top.activation,
        "activation_kept": prompt.activation,
        "before": clean(shown.before),
        "last": clean(shown.last),
        "ids": prompt.ids,
        "tokens": [clean(text) for text in shown.tokens],
        "activations": prompt.activations,
        "cut_ids": prompt.cut,
        "cut_tokens": [clean(text) for text in shown.cut_tokens],
    }


def read_prompt(row: Row) -> ShownPrompt:
    """The record that ``prompt_row`` wrote."""
    ids, cut = tuple(row["ids"]), tuple(row["cut_ids"])
    top = TopPrompt(_neuron(row), row["text"], row["position"], row["activation"], cut + ids)
    return ShownPrompt(
        CutPrompt(top, ids, cut, tuple(row["activations"])),
        row["split"],
        row["rank"],
        row["before"],
        row["last"],
        tuple(row["tokens"]),
        tuple(row["cut_tokens"]),
    )


def prompt_heads_row(found: PromptHeads, split: Split, rank: int) -> Row:
    """The row of ``prompt_heads.parquet``."""
    return {
        **_of_neuron(found.prompt.neuron),
        "split": split,
        "rank": rank,
        "mean": found.mean,
        "deviation": found.deviation,
        "n_heads": found.n_heads,
        "active_layers": [head.layer for head in found.active],
        "active_heads": [head.head for head in found.active],
        "attributions": list(found.active.values()),
    }


def read_active(row: Row) -> tuple[tuple[Neuron, Split, int], dict[Head, float]]:
    """Which prompt a row of ``prompt_heads.parquet`` is of, and its active heads' attributions."""
    heads = map(Head, row["active_layers"], row["active_heads"])
    return (_neuron(row), row["split"], row["rank"]), dict(zip(heads, row["attributions"], strict=True))


def activity_row(found: HeadActivity, *, explained: bool) -> Row:
    """The row of ``heads.parquet``; ``explained`` says whether the pair is to be explained."""
    return {
        **_of_pair(found.neuron, found.head),
        "n_prompts": found.n_prompts,
        "n_active": found.n_active,
        "share": found.share,
        "attribution": found.attribution,
        "explained": explained,
    }


def read_activity(row: Row) -> HeadActivity:
    """The record that ``activity_row`` wrote."""
    pair = _pair(row)
    return HeadActivity(pair.neuron, pair.head, row["n_prompts"], row["n_active"], row["attribution"])


_ASKED = (
    "error",
    "llm",
    "prompt",
    "n_active",
    "n_inactive",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "seconds",
)


def explanation_row(found: Explanation) -> Row:
    """The row of ``explanations.parquet``."""
    row = {name: getattr(found, name) for name in _ASKED}
    row |= {"status": found.status.value, "explanation": found.text, **_of_pair(*found.pair)}
    return {name: clean(value) if isinstance(value, str) else value for name, value in row.items()}


def read_explanation(row: Row) -> Explanation:
    """The record that ``explanation_row`` wrote."""
    asked = {name: row[name] for name in _ASKED}
    return Explanation(_pair(row), Status(row["status"]), row["explanation"], **asked)


def verdict_row(found: Verdict) -> Row:
    """The row of ``verdicts.parquet``."""
    return {
        **_of_pair(*found.pair),
        "rank": found.rank,
        "active": found.active,
        "prompt_ids": found.prompt,
        "said": found.said,
        "status": found.status.value,
        "reason": clean(found.reason),
    }


def read_verdict(row: Row) -> Verdict:
    """The record that ``verdict_row`` wrote."""
    return Verdict(
        _pair(row),
        row["rank"],
        row["active"],
        tuple(row["prompt_ids"]),
        row["said"],
        Status(row["status"]),
        row["reason"],
    )


def score_row(found: PairScore) -> Row:
    """The row of ``scores.parquet``."""
    names = ("arm", *_RATES, *_COUNTS, "left_out")
    return {**_of_pair(*found.pair), **{name: getattr(found, name) for name in names}}


def read_score(row: Row) -> PairScore:
    """The record that ``score_row`` wrote."""
    arm: Arm = row["arm"]
    return PairScore(_pair(row), arm, **{name: row[name] for name in (*_RATES, *_COUNTS, "left_out")})


def ablation_row(found: Ablation) -> Row:
    """The row of ``ablation.parquet``."""
    names = ("removed", "active", "before", "after")
    return {**_of_pair(found.neuron, found.head), **{name: getattr(found, name) for name in names}}


def read_ablation(row: Row) -> Ablation:
    """The record that ``ablation_row`` wrote."""
    pair = _pair(row)
    return Ablation(pair.neuron, pair.head, row["removed"], row["active"], row["before"], row["after"])


def left_out_row(found: LeftOut, stage: str) -> Row:
    """The row of ``left_out.parquet``."""
    return {**asdict(found), **_of_neuron(found.neuron), "stage": stage}
