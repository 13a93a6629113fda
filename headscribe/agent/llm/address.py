"""Addresses of LLM servers: what they may hold, and how they are shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(base_url: str | None) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
