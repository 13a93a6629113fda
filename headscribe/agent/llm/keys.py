"""Keys of LLMs: from the environment alone, and only such as can be sent, and kept out of every text."""

from __future__ import annotations

import os

from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.errors import LLMUnavailable
from headscribe.core.secrets import SHORTEST_KEY

_NO_KEY = "none"
"""Servers without keys take any, but their client libraries insist on one."""


def key_of(spec: LLMSpec) -> str:
    """The key of OpenAI or of another server; never empty.

    Raises:
        LLMUnavailable: there is none for OpenAI, or none that can be used.
    """
    if spec.kind != "openai":
        return _key("HEADSCRIBE_LLM_API_KEY") or _NO_KEY
    key = _key("OPENAI_API_KEY")
    if not key:
        do = "Set the environment variable OPENAI_API_KEY"
        raise LLMUnavailable("no key for OpenAI", where=f"--llm {spec.name}", do=do)
    return key


def check_provider_key(spec: LLMSpec) -> None:
    """Look at the keys of a provider, which its own package reads: ``MISTRAL_API_KEY`` for ``mistralai``.

    Raises:
        LLMUnavailable: one cannot be used.
    """
    provider = (spec.provider or "").upper()
    for variable in os.environ:
        stem, named, _ = variable.partition("_API_KEY")
        if named and stem and provider.startswith(stem):
            _key(variable)


def _key(variable: str) -> str:
    """The key in a variable, empty where there is none. A key that is short, or that servers would see or
    quote in another form, could not be told from other text in what they answer.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        return ""
    if not (key.isascii() and key.isprintable()) or " " in key:
        what = "the key holds blanks, control characters or others that no key has"
        raise LLMUnavailable(what, where=variable, do="Set the variable to the key alone")
    if len(key) < SHORTEST_KEY:
        what = f"the key has less than {SHORTEST_KEY} characters"
        raise LLMUnavailable(what, where=variable, do="Unset the variable where the server wants no key")
    return key
