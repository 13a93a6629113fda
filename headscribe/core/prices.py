"""What an LLM charges for its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption

if TYPE_CHECKING:
    from headscribe.core.records import Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        input: for tokens sent.
        output: for tokens received.
        cached: for tokens sent that the provider found in its prefix cache; None where they cost as much.
        as_of: the day, ISO 8601, on which the source said so; empty for a person's own word.
        source: where that is said.
        until: the last day, ISO 8601, of a price that is announced to end; empty for others.
    """

    input: float
    output: float
    cached: float | None = None
    as_of: str = ""
    source: str = ""
    until: str = ""

    def of(self, sent: float, received: float, cached: float = 0.0) -> float:
        """US dollars for so many tokens; ``cached`` ones are among those sent."""
        cheap = self.input if self.cached is None else self.cached
        return ((sent - cached) * self.input + cached * cheap + received * self.output) / MILLION

    def cost(self, usage: Usage) -> float | None:
        """US dollars for what a server reports; None where it reports no tokens."""
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        return self.of(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens or 0)


def read_price(text: str) -> tuple[float, float] | None:
    """Read ``--price``: ``IN,OUT`` in US dollars per million tokens; nothing at all is None.

    Raises:
        BadOption: not two numbers of at least 0.
    """
    if not text.strip():
        return None
    try:
        sent, received = (float(part) for part in text.split(","))
    except ValueError:
        sent = received = -1.0
    if not (0 <= sent < float("inf") and 0 <= received < float("inf")):
        do = "Give IN,OUT in US dollars per million tokens, such as 0.15,0.60"
        raise BadOption(f"'{text}' is not a price", where="--price", do=do)
    return sent, received


def dollars(amount: float) -> str:
    """An amount of money, with as many digits as a small one needs."""
    return f"{amount:.2f} USD" if amount >= 1 or amount == 0 else f"{amount:.2g} USD"


NO_CHARGE = Price(0.0, 0.0, source="runs on this machine")
"""Nobody bills the tokens of a model that runs here."""
