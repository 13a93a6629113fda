"""What the words and codes of a server's error are about."""

from __future__ import annotations

import re

from headscribe.agent.llm.server_words import ServerWords

# Servers word this differently: OpenAI, vLLM, llama.cpp, Ollama, Anthropic, TGI, SGLang.
_TOO_LONG = re.compile(
    r"context.length|context.window|context.size|context.limit|maximum model length|prompt is too long|"
    r"`max_new_tokens` must be|(input|prompt).{0,40}(too long|exceeds)",
    re.IGNORECASE,
)
# No pause helps against an empty account. Words do not tell: other limits speak of quota and billing too.
_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_FILTERS = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "invalid_prompt",
        "moderation_blocked",
        "responsibleaipolicyviolation",
    }
)
_MODERATED = re.compile(
    r"(prompt|input|message|request|content|text)s?\b.{0,60}\b(flagged|moderated|inappropriate)"
    r"|(prompt|input|message)s?\b.{0,60}\b(blocked|filtered)"
    r"|content.?(filter|polic|management)|requires moderation|safety (system|filter|polic)",
    re.IGNORECASE,
)
_NO_TEMPLATE = re.compile(
    r"chat.?template.{0,120}(not set|not found|no longer allowed|must provide|missing|required|undefined)"
    r"|(no|without a|missing|provide a) chat.?template|template not found",
    re.IGNORECASE,
)
_STREAM = re.compile(
    r"only.{0,30}\bstream|\bstream\b.{0,30}(only|required|must|true)|(enable|requires?|use) (the )?stream",
    re.IGNORECASE,
)
_UNKNOWN = frozenset({"model_not_found", "invalid_model", "deploymentnotfound"})
_UNKNOWN_WORDS = re.compile(
    r"(invalid|unknown|no such|not a valid) model\b|model\b.{0,80}(not found|does not exist|not a valid)",
    re.IGNORECASE,
)
# vLLM, Ollama, llama.cpp (as a 500), OpenRouter (as a 404), OpenAI, Groq and those that check their input.
_TOOLS = re.compile(r"\btools?\b|tool[_ -]?(choice|call|use)|function[_ -]?call", re.IGNORECASE)
_LACKING = re.compile(
    r"support|requires?\b|enable|not (allowed|permitted|available)|unrecogni[sz]ed|unknown|unexpected|extra",
    re.IGNORECASE,
)


def is_too_long(said: ServerWords) -> bool:
    """Whether the prompt, or prompt and reply together, do not fit into the LLM's context."""
    return bool(_TOO_LONG.search(said.message))


def is_out_of_money(said: ServerWords) -> bool:
    """Whether the account is empty, so that no pause helps."""
    return bool(said.codes & _NO_MONEY)


def is_moderated(status: int, said: ServerWords) -> bool:
    """Whether a filter of contents refuses this one prompt; a 403 that says nothing of it is of the key."""
    if said.moderated or said.codes & _FILTERS:
        return True
    return status in {400, 403, 422, 451} and bool(_MODERATED.search(said.message))


def is_unknown_model(said: ServerWords) -> bool:
    """Whether a server says that it does not know the model."""
    return bool(said.codes & _UNKNOWN or _UNKNOWN_WORDS.search(said.message))


def lacks_template(said: ServerWords) -> bool:
    """Whether the model has no chat template, so that it takes no messages at all."""
    return bool(_NO_TEMPLATE.search(said.message))


def lacks_tools(complaint: str) -> bool:
    """Whether tools, or the choice of one, are not supported; it may begin with the parameter's name."""
    named = complaint.startswith(("tools ", "tool_choice "))
    return bool(_TOOLS.search(complaint) and (named or _LACKING.search(complaint)))


def wants_stream(complaint: str) -> bool:
    """Whether the server answers in a stream only."""
    return bool(_STREAM.search(complaint))
