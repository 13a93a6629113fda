"""What the columns of the tables mean, in a few words each, for the card of an exported dataset.

``docs/files.md`` says the same at length. Columns that are not known here are listed by name and type.
"""

from __future__ import annotations

from headscribe.store.lookups import lookup_meanings

ROWS = {
    **lookup_meanings.ROWS,
    "descriptions": "one row per described head",
    "mappings": "one row per head and source token",
    "operations": "one row per head and operation",
    "rounds": "one row per head and answer of the describer",
    "tests": "one row per head and item that a reader of the description was asked",
    "experiments": "one row per head and tool call of the describing agent",
    "correlation": "one row per operation, template and head: map and running model",
    "multi_token": "one row per operation, template and head, for sources of several tokens",
    "ablation": "one row per operation, template, arm and number of heads removed",
    "judgments": "one row per head and operation: does the description express the operation?",
    "categories": "one row per head and category: does the description fall into it?",
    "evaluation": "one row per judge, scope and metric: descriptions against operation scores",
    "people_labels": "one row per item and annotator",
}

_EVERYWHERE = {
    "layer": "layer, from 0",
    "head": "query head in the layer, from 0; layer 5, head 3 is L5H3",
    "status": "ok, unclear (both are answers), unparseable, refused, truncated or failed",
    "inputs": "a sentence on the source tokens",
    "pattern": "a sentence on what the head maps them to",
    "description": "what the head does, where the status is ok",
    "confidence": "what the method measured; where it tests: 0 is chance, 1 a faultless reader",
    "confidence_low": "lower end of its 95% interval",
    "confidence_high": "upper end",
    "n_tests": "items that the confidence rests on",
    "unanswered": "share of the test items that brought no answer",
    "error": "why there is no answer; never a description",
    "source_id": "id of the source token",
    "source": "its text, with a leading space if it has one",
    "operation": "name of the operation",
    "category": "its category",
    "n_pairs": "token pairs that counted",
    "round": "which answer, from 1",
    "cost_usd": "price of the calls in US dollars, null where not known",
    "template": "the prompt template, with {source}",
}

_DYNAMIC = {
    "static": "score from the weights",
    "dynamic": "score in the running model",
    "dynamic_forced": "the same, with the head's attention forced onto the source",
    "static_suppression": "suppression score from the weights",
    "dynamic_suppression": "suppression score in the running model",
    "dynamic_forced_suppression": "the same, with forced attention",
}
_JUDGED = {
    "rules": "the verdict of the rules judge",
    "phrase": "the words that it rests on",
    "llm": "the verdict of the LLM judge, null without one",
    "llm_status": "how asking it ended",
}

_IN_TABLE = {
    **lookup_meanings.COLUMNS,
    "mappings": {
        "rank": "place among the head's source tokens, 0 first",
        "saliency": "‖e' W_V W_O‖ / ‖e'‖: how much the head makes of this token",
        "target_ids": "ids of the tokens it promotes most, strongest first",
        "targets": "their texts",
        "logits": "their entries of the head's map E' W_V W_O U",
        "suppressed_ids": "ids of the tokens it suppresses most, strongest first",
        "suppressed": "their texts",
        "suppressed_logits": "their entries of the head's map",
    },
    "operations": {
        "score": "share of the pairs whose target is among the k largest entries of the source's row",
        "suppression_score": "share of the pairs whose target is among the k smallest",
        "k": "the k of this operation",
    },
    "descriptions": {
        "method": "rules, single, verified or agent",
        "llm": "who described",
        "prompt": "template and version",
        "prompt_hash": "hash of the template, or of the rules",
        "rounds": "how often the describer was asked",
        "prompt_tokens": "tokens sent for this head, null where not known",
        "completion_tokens": "tokens received",
        "seconds": "time of the calls for this head",
    },
    "rounds": {"kept": "whether this answer became the description"},
    "tests": {
        "part": "validation or test",
        "kind": "true, other-row, other-targets or choice",
        "choices": "the target lists shown",
        "right": "the right answer",
        "answer": "the reader's answer, null without one",
        "reason": "the reader's words",
    },
    "experiments": {
        "request": "the request in whose reply it was asked for, from 1",
        "tool": "the tool's name",
        "arguments": "its arguments, JSON",
        "answer": "what the LLM was told, JSON",
    },
    "judgments": {
        "score": "the head's score for the operation",
        "scored": "whether the score reaches the threshold",
        **_JUDGED,
    },
    "categories": {"level": "paper: one of the paper's four; finer: another", **_JUDGED},
    "evaluation": {
        "judge": "whose verdicts: rules, llm, or the rules on the LLM's items",
        "scope": "operation, category or overall",
        "name": "of the operation or category",
        "average": "micro or macro, null for one operation",
        "metric": "precision, recall, f1, average_precision or auroc",
        "value": "null where undefined",
        "low": "lower end of the 95% bootstrap interval over heads",
        "high": "its upper end",
        "chance": "mean over permutations of the descriptions between heads",
        "chance_low": "their 2.5% point",
        "chance_high": "their 97.5% point",
        "p": "share of the permutations that reach the value",
        "n_heads": "heads with an item",
        "n_items": "pairs of a head and an operation",
        "n_scored": "of these, with a score that reaches the threshold",
        "n_expressed": "of these, with a description that expresses the operation",
        "n_operations": "operations behind the value",
    },
    "people_labels": {
        "export": "id of the sample that was annotated",
        "item": "id of the item",
        "annotator": "who answered, by number",
        "kind": "head, or as a control wrong (another head's description) or repeat",
        "pattern_visible": "whether the annotator sees a pattern, null if not answered",
        "description_fits": 'whether the description fits, or "Unclear" is right; null if not answered',
        "comment": "as typed",
    },
    "correlation": _DYNAMIC,
    "multi_token": _DYNAMIC,
    "ablation": {
        "arm": "top, random or control",
        "draw": "number of the random draw",
        "n_removed": "heads removed so far; 0 is the base accuracy",
        "accuracy": "share of the task's prompts answered rightly",
        "task": "the operation whose prompts are answered",
        "task_template": "its template",
    },
}


def meaning(table: str, column: str) -> str:
    """What a column means; empty for one that is not known here."""
    return _IN_TABLE.get(table, {}).get(column) or _EVERYWHERE.get(column, "")
