"""The columns that tables had when they were first written: they stay as they are, others may be added."""

from __future__ import annotations

COLUMNS = {
    "mappings": (
        "layer int32, head int32, rank int32, source_id int32, source string, saliency float, target_ids "
        "list of int32, targets list of string, logits list of float, suppressed_ids list of int32, "
        "suppressed list of string, suppressed_logits list of float"
    ),
    "operations": (
        "layer int32, head int32, operation string, category string, score double, suppression_score "
        "double, k int32, n_pairs int32, specific_score double, specific_suppression_score double, "
        "shuffled_score double, shuffled_suppression_score double, specific_shuffled_score double, "
        "specific_suppression_shuffled_score double, above_chance bool, suppression_above_chance bool, low "
        "double, high double, suppression_low double, suppression_high double"
    ),
    "correlation": (
        "operation string, template string, layer int32, head int32, static double, dynamic double, "
        "dynamic_forced double, static_suppression double, dynamic_suppression double, "
        "dynamic_forced_suppression double, n_pairs int32"
    ),
    "multi_token": (
        "operation string, template string, layer int32, head int32, static double, dynamic double, "
        "dynamic_forced double, static_suppression double, dynamic_suppression double, "
        "dynamic_forced_suppression double, n_pairs int32"
    ),
    "ablation": (
        "operation string, template string, arm string, draw int32, n_removed int32, layer int32, head "
        "int32, accuracy double, n_pairs int32, task string, task_template string"
    ),
    "descriptions": (
        "layer int32, head int32, status string, inputs string, pattern string, description string, "
        "confidence double, confidence_low double, confidence_high double, n_tests int32, method string, "
        "llm string, prompt string, prompt_hash string, rounds int32, prompt_tokens int64, "
        "completion_tokens int64, cost_usd double, seconds double, error string, unanswered double"
    ),
    "rounds": (
        "layer int32, head int32, round int32, kept bool, status string, inputs string, pattern string, "
        "description string, confidence double, confidence_low double, confidence_high double, n_tests "
        "int32, unanswered double, error string"
    ),
    "tests": (
        "layer int32, head int32, round int32, part string, kind string, source_id int32, source string, "
        "choices list of list of string, right string, answer string, reason string"
    ),
    "experiments": ("layer int32, head int32, request int32, tool string, arguments string, answer string"),
    "judgments": (
        "layer int32, head int32, operation string, category string, score double, scored bool, rules "
        "bool, phrase string, llm bool, llm_status string"
    ),
    "categories": (
        "layer int32, head int32, category string, level string, rules bool, phrase string, llm bool, "
        "llm_status string"
    ),
    "evaluation": (
        "judge string, scope string, name string, average string, metric string, value double, low "
        "double, high double, chance double, chance_low double, chance_high double, p double, n_heads "
        "int32, n_items int32, n_scored int32, n_expressed int32, n_operations int32"
    ),
    "heads_in_context": (
        "layer int32, head int32, description string, confidence double, neuron_layer int32, neuron "
        "int32, token string, share double, explanation string, score double, low double, high double, "
        "in_words string"
    ),
    "comparison": (
        "layer int32, head int32, prompt string, status string, confidence double, operation string, "
        "agreement double, described double, tokens int64, cost_usd double, seconds double, description "
        "string"
    ),
    "lookups/neurons": (
        "neuron_layer int32, neuron int32, arm string, token_id int32, token string, congruence double"
    ),
    "lookups/prompts": (
        "neuron_layer int32, neuron int32, split string, rank int32, text int64, position int32, "
        "activation double, activation_kept double, before string, last string, ids list of int32, tokens "
        "list of string, activations list of float, cut_ids list of int32, cut_tokens list of string"
    ),
    "lookups/left_out": (
        "stage string, reason string, split string, neuron_layer int32, neuron int32, count int64"
    ),
    "lookups/heads": (
        "layer int32, head int32, neuron_layer int32, neuron int32, n_prompts int32, n_active int32, "
        "share double, attribution double, explained bool"
    ),
    "lookups/prompt_heads": (
        "neuron_layer int32, neuron int32, split string, rank int32, mean double, deviation double, "
        "n_heads int32, active_layers list of int32, active_heads list of int32, attributions list of "
        "double"
    ),
    "lookups/ablation": (
        "layer int32, head int32, neuron_layer int32, neuron int32, removed string, active bool, before "
        "double, after double"
    ),
    "lookups/explanations": (
        "layer int32, head int32, neuron_layer int32, neuron int32, status string, explanation string, "
        "error string, llm string, prompt string, n_active int32, n_inactive int32, prompt_tokens int64, "
        "completion_tokens int64, cost_usd double, seconds double"
    ),
    "lookups/scores": (
        "layer int32, head int32, neuron_layer int32, neuron int32, arm string, score double, low double, "
        "high double, true_positive_rate double, true_negative_rate double, n_active int32, n_inactive "
        "int32, n_unanswered int32, n_distinct int32, left_out string"
    ),
    "lookups/verdicts": (
        "layer int32, head int32, neuron_layer int32, neuron int32, rank int32, active bool, prompt_ids "
        "list of int32, said bool, status string, reason string"
    ),
    "people/labels": (
        "export string, item string, annotator string, layer int32, head int32, kind string, "
        "pattern_visible bool, description_fits bool, comment string"
    ),
    "people/rejected": ("file string, row int32, code string, what string, do string, raw string"),
}
