"""Addresses of LLM servers: what they may hold, and how they are shown."""

from __future__ import annotations

import ipaddress
import os
import re
from urllib.parse import urlsplit

from headscribe.core.errors import LLMUnavailable


def check_address(url: str, *, where: str, key: str, do: str) -> None:
    """See that an address is one, and holds no password and no key: those would be shown and written.

    Args:
        url: ``http://HOST:PORT/PATH``.
        where: the option or variable that it comes from.
        key: the variable that a key belongs into.
        do: what to give instead, if it is no address.

    Raises:
        LLMUnavailable: it is none, or holds more than an address; what it holds is not in the message.
    """
    if "@" in url or "?" in url:
        what = "the server's address holds a password or a query"
        raise LLMUnavailable(what, where=where, do=f"Put the key into the environment variable {key}")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.scheme.lower() in {"http", "https"}
        parts.port  # noqa: B018  the property raises for a port that is no number
    except ValueError:
        named = False
    if not named:
        # What stands in place of a port may be a password, so that nothing of it is shown.
        raise LLMUnavailable("what is given is not a server's address", where=where, do=do)


def openai_address() -> str | None:
    """The address in ``OPENAI_BASE_URL``, None where that is unset or empty.

    Raises:
        LLMUnavailable: it is no address, or holds a password or a query.
    """
    url = os.environ.get("OPENAI_BASE_URL", "").strip()
    if not url:
        return None
    do = "Give http://HOST:PORT/v1, or unset it"
    check_address(url, where="OPENAI_BASE_URL", key="OPENAI_API_KEY", do=do)
    return url


def shown_address(text: str) -> str:
    """What was given as an address, as it may be printed: without what may be a password or a key."""
    before, at, behind = text.rpartition("@")
    if at:
        scheme = re.match(r"\w*:/*(?=.)", before) if ":/" in before else None
        text = f"{scheme[0] if scheme else ''}***@{behind}"
    return re.sub(r"\?[^#]*", "?***", text)


def is_loopback(base_url: str | None) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
