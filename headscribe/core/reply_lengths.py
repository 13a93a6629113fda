"""How long replies turn out to be, by what was asked for, and what the next are likely to take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headscribe.core.chat import ChatRequest, content_hash

FEWEST = 5
"""Replies of a kind from which their lengths tell something of the next one."""


@dataclass(slots=True)
class _Length:
    """Number, sum and sum of squares of the tokens of replies."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0


class ReplyLengths:
    """Tokens of the replies of one LLM, by the schema and the tools that they were asked for with.

    A describer's reply is longer than a reader's, and shares its schema with those of its kind.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Length] = {}

    def add(self, request: ChatRequest, tokens: float) -> None:
        """Count a reply."""
        self.include(request.schema, bool(request.tools), 1, tokens, tokens**2)

    def include(
        self, schema: dict[str, Any] | None, tools: bool, n: int, total: float, squares: float
    ) -> None:
        """Count ``n`` replies at once, by the sums of their tokens and of the squares of these."""
        length = self._kinds.setdefault(_kind(schema, tools), _Length())
        length.n += n
        length.total += total
        length.squares += squares

    def likely(self, request: ChatRequest) -> float | None:
        """Tokens that a reply has on average; None where too few are known."""
        length = self._of(request)
        return min(length.total / length.n, request.sampling.max_tokens) if length else None

    def likely_sum(self, requests: Iterable[ChatRequest]) -> int | None:
        """Tokens that the replies to all of these have on average; None where too few of a kind are known."""
        known = [self.likely(request) for request in requests]
        return None if None in known else round(sum(one for one in known if one is not None))

    def enough(self, request: ChatRequest) -> int:
        """Tokens that nearly every reply stays within: two standard deviations above the average, and never
        more than its limit, which counts where too few are known.
        """
        length, limit = self._of(request), request.sampling.max_tokens
        if length is None:
            return limit
        mean = length.total / length.n
        return min(limit, math.ceil(mean + 2 * math.sqrt(max(0.0, length.squares / length.n - mean**2))))

    def _of(self, request: ChatRequest) -> _Length | None:
        length = self._kinds.get(_kind(request.schema, bool(request.tools)))
        return length if length and length.n >= FEWEST else None


def _kind(schema: dict[str, Any] | None, tools: bool) -> str:
    return content_hash([schema, tools])
