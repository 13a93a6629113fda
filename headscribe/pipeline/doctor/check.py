"""One thing that ``headscribe doctor`` looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: what was looked at.
        ok: whether it is fit.
        found: what is there or, where it is not fit, what to do.
        details: the same as data, where words leave something out.
    """

    name: str
    ok: bool
    found: str
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data, for ``--json``."""
        return asdict(self)
