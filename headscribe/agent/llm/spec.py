"""What ``--llm`` may say, read into a record."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from headscribe.agent.llm.address import check_address, shown_address
from headscribe.core.errors import LLMUnavailable

Kind = Literal["rules", "fake", "openai", "server", "vllm", "langchain"]

FORMS = (
    "Give rules, fake, fake:FILE, openai:NAME, http://HOST:PORT/v1#NAME, vllm:MODEL, "
    "or PROVIDER:NAME for another provider that LangChain knows"
)
BETWEEN_SERVERS = "|"
"""Stands between several servers of one model; the command line puts it between repeated ``--llm``."""
# A user and a password in front of a host. Names of models may hold an @ too (model@version).
_ADDRESS_LIKE = re.compile(r"@.*[:/#]")
_PROVIDER = re.compile(r"[a-z][a-z0-9_]*")
_HOMES = {
    r"gpt-|o\d|chatgpt-": "openai",
    r"claude": "anthropic",
    r"gemini": "google_genai",
    r"mistral-|ministral": "mistralai",
}


@dataclass(frozen=True, slots=True)
class LLMSpec:
    """Which chat model describes the heads, and how it is reached.

    Attributes:
        kind: how it is reached.
        name: what names its answers in journals and tables. It holds no address, so two servers that serve
            the same model share their answers.
        model: what is asked for: the server's or provider's name for the model, or what vLLM loads.
        base_url: a server's address, the first of several, None where the kind knows it.
        provider: LangChain's name of the provider, None for the other kinds.
        script: the file of a scripted fake.
        base_urls: the addresses of several servers that share the calls, else empty.
    """

    kind: Kind
    name: str
    model: str = ""
    base_url: str | None = None
    provider: str | None = None
    script: Path | None = None
    base_urls: tuple[str, ...] = ()


def default_llm() -> str:
    """The spec in ``HEADSCRIBE_LLM``, or ``rules`` when that is unset or empty."""
    return os.environ.get("HEADSCRIBE_LLM", "").strip() or "rules"


def parse_llm(text: str) -> LLMSpec:
    """Read an LLM spec. Nothing is imported or contacted.

    Raises:
        LLMUnavailable: the text has none of the known forms.
    """
    text = text.strip()
    servers = [] if text.startswith("fake:") else text.split(BETWEEN_SERVERS)
    return _parse_servers(servers) if len(servers) > 1 else _parse_one(text)


def _parse_one(text: str) -> LLMSpec:
    if text in {"rules", "fake"}:
        return LLMSpec("rules" if text == "rules" else "fake", text)
    if re.match(r"https?://", text, re.IGNORECASE):
        return _parse_server(text)
    scheme, colon, rest = text.partition(":")
    if not colon or not rest:
        what = f"'{shown_address(text)}' does not say how to reach an LLM"
        raise LLMUnavailable(what, where="--llm", do=_hint(shown_address(text)))
    own = scheme in {"fake", "vllm"}  # what follows these may be a path
    if rest.startswith("//") or (not own and (rest.startswith("/") or _ADDRESS_LIKE.search(rest))):
        what = f"'{shown_address(text)}' is neither a server's address nor a provider of LLMs and a model"
        raise LLMUnavailable(what, where="--llm", do=FORMS)
    if scheme == "fake":
        return LLMSpec("fake", f"fake:{Path(rest).name}", script=Path(rest))
    if scheme == "openai":
        return LLMSpec("openai", text, model=rest)
    if scheme == "vllm":
        return _parse_vllm(rest)
    if not _PROVIDER.fullmatch(scheme):
        raise LLMUnavailable(f"'{shown_address(scheme)}' is not a provider of LLMs", where="--llm", do=FORMS)
    return LLMSpec("langchain", text, model=rest, provider=scheme)


def _parse_vllm(model: str) -> LLMSpec:
    """A folder gets its absolute path as name: elsewhere, the same relative path is another model."""
    if Path(model).is_dir():
        model = str(Path(model).resolve())
    return LLMSpec("vllm", f"vllm:{model}", model=model)


def _parse_server(text: str) -> LLMSpec:
    base_url, _, name = text.partition("#")
    whole = text if _ADDRESS_LIKE.search(name) else base_url
    check_address(whole, where="--llm", key="HEADSCRIBE_LLM_API_KEY", do=FORMS)
    base_url = base_url.rstrip("/")
    if not name:
        raise LLMUnavailable(
            f"'{shown_address(text)}' does not name the model",
            where="--llm",
            do=f"Write {base_url}#NAME; the server lists its names at {base_url}/models",
        )
    return LLMSpec("server", name, model=name, base_url=base_url)


def _parse_servers(texts: list[str]) -> LLMSpec:
    """Several servers: whichever is free answers, so all must serve the same model."""
    specs = [_parse_one(text.strip()) for text in texts]
    if others := [spec.name for spec in specs if spec.kind != "server"]:
        raise LLMUnavailable(
            f"only servers can be several, and '{others[0]}' is none",
            where="--llm",
            do="Give http://HOST:PORT/v1#NAME each time, or one LLM of another kind",
        )
    if names := [spec.name for spec in specs if spec.name != specs[0].name]:
        raise LLMUnavailable(
            f"the servers serve two models, '{specs[0].name}' and '{names[0]}'",
            where="--llm",
            do="Give the same #NAME for all; whoever answers, a run must be of one model",
        )
    urls = tuple(dict.fromkeys(spec.base_url for spec in specs if spec.base_url))
    return replace(specs[0], base_urls=urls if len(urls) > 1 else ())


def _hint(text: str) -> str:
    """The spec that was probably meant by a bare model name."""
    name = text.strip(":")
    if not name:
        return FORMS
    for pattern, provider in _HOMES.items():
        if re.match(pattern, name, re.IGNORECASE):
            return f"Did you mean {provider}:{name}? {FORMS}"
    if "/" in name:
        return f"Did you mean vllm:{name}? {FORMS}"
    return f"Did you mean http://localhost:8000/v1#{name}? {FORMS}"
