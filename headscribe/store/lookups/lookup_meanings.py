"""What the columns of context look-ups mean, in a few words; ``docs/files.md`` says the same at length."""

from __future__ import annotations

ROWS = {
    "lookups_neurons": "one row per neuron of context look-ups",
    "lookups_prompts": "one row per neuron and prompt, cut to what makes the neuron fire",
    "lookups_left_out": "what took no further part in context look-ups",
    "lookups_heads": "one row per neuron and head that is active on any of its prompts",
    "lookups_prompt_heads": "one row per prompt: its active heads",
    "lookups_ablation": "one row per explained pair, prompt and removal",
    "lookups_explanations": "one row per explained pair of neuron and head",
    "lookups_scores": "one row per explained pair: its head explanation score",
    "lookups_verdicts": "one row per scored pair and prompt: the reader's answer",
    "heads_in_context": "one row per explained pair or other described head: weights beside contexts",
}

_PAIR = {"neuron_layer": "layer of the neuron", "neuron": "the neuron's index in the layer"}
_PROMPT = {
    **_PAIR,
    "split": "explain or score",
    "rank": "place among the neuron's prompts of that split, 0 the strongest",
}
_ASKED = {
    "llm": "who explained",
    "prompt": "template and version, null for the rules",
    "prompt_tokens": "tokens sent, null where not known",
    "completion_tokens": "tokens received",
    "seconds": "time of the call",
}
_SCORE = {
    "score": "mean of true-positive and true-negative rate; 0.5 is guessing",
    "low": "lower end of its 95% interval",
    "high": "upper end",
}

COLUMNS = {
    "lookups_neurons": {
        **_PAIR,
        "arm": "next-token or random",
        "token_id": "id of the token that its output weights promote most",
        "token": "its text",
        "congruence": "⟨output weights, unembedding of the token⟩, folded and centred",
    },
    "lookups_prompts": {
        **_PROMPT,
        "text": "the text's number in its split, from 0",
        "position": "token of the text at which the neuron fires",
        "activation": "post-activation there, with the whole text",
        "activation_kept": "the same with the prompt alone",
        "before": "the prompt up to its last token, as text",
        "last": "the last token",
        "ids": "token ids of the prompt",
        "tokens": "the text of each",
        "activations": "the neuron's post-activation at each",
        "cut_ids": "ids of the tokens cut off in front",
        "cut_tokens": "the text of each",
    },
    "lookups_left_out": {
        **_PROMPT,
        "stage": "which stage left it out",
        "reason": "why",
        "count": "how many texts or prompts",
    },
    "lookups_heads": {
        **_PAIR,
        "n_prompts": "the neuron's prompts that explain",
        "n_active": "those on which the head is active",
        "share": "n_active / n_prompts",
        "attribution": "mean attribution where it is active",
        "explained": "whether the share lies within 25-75%",
    },
    "lookups_prompt_heads": {
        **_PROMPT,
        "mean": "mean attribution of the heads of earlier layers",
        "deviation": "their standard deviation",
        "n_heads": "how many they are",
        "active_layers": "layers of the active heads",
        "active_heads": "their heads",
        "attributions": "their attributions",
    },
    "lookups_ablation": {
        **_PAIR,
        "removed": "head, neuron or both, set to zero at the last position",
        "active": "whether the head is active on the prompt",
        "before": "probability of the neuron's token as the model runs",
        "after": "the same without what was removed",
    },
    "lookups_explanations": {
        **_PAIR,
        **_ASKED,
        "explanation": "when the head is active, where the status is ok",
        "n_active": "prompts shown with the head active",
        "n_inactive": "prompts shown with the head inactive",
    },
    "lookups_scores": {
        **_PAIR,
        **_SCORE,
        "arm": "next-token or random",
        "true_positive_rate": "share of answered prompts with the head active that the reader recognised",
        "true_negative_rate": "the same for the inactive ones",
        "n_active": "answered prompts with the head active",
        "n_inactive": "answered prompts with the head inactive",
        "n_unanswered": "prompts without an answer",
        "n_distinct": "answered prompts that differ from each other",
        "left_out": "why there is no score",
    },
    "lookups_verdicts": {
        **_PROMPT,
        "active": "whether the head is active",
        "prompt_ids": "the prompt's token ids",
        "said": "what the reader answered, null without an answer",
        "reason": "the reader's words",
    },
    "heads_in_context": {
        **_PAIR,
        **_SCORE,
        "token": "the token that the neuron promotes",
        "share": "share of the neuron's prompts on which the head is active",
        "explanation": "when the head is active",
        "in_words": "description and explanation in a sentence or two",
    },
}
