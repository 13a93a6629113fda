"""When a failed attempt is made again, and after how long."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState
from tenacity.wait import wait_base

from headscribe.core.chat import RETRIABLE, CallFailed


def worth_retrying(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    return isinstance(error, CallFailed) and error.kind in RETRIABLE


@dataclass(frozen=True)
class Backoff(wait_base):
    """Waits that double, with jitter so that calls that failed together do not return together.

    A server's own ``Retry-After`` is never undercut, unless it asks for more than ``longest_asked``.

    Attributes:
        first: seconds before the second attempt.
        longest: where doubling stops, in seconds.
        longest_asked: where obedience to ``Retry-After`` stops, in seconds.
    """

    first: float = 1.0
    longest: float = 60.0
    longest_asked: float = 300.0

    def seconds(self, attempt: int, asked: float | None = None) -> float:
        """Seconds to wait after attempt number ``attempt`` (from 1) failed."""
        own = min(self.longest, self.first * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
        if asked is None:
            return own
        return max(own, min(asked, self.longest_asked) * random.uniform(1.0, 1.1))

    def __call__(self, retry_state: RetryCallState) -> float:
        """The wait in the form that tenacity asks for."""
        error = retry_state.outcome.exception() if retry_state.outcome else None
        return self.seconds(
            retry_state.attempt_number, error.retry_after if isinstance(error, CallFailed) else None
        )


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: ``Retry-After`` as a number or a date, or ``retry-after-ms``."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    if (milliseconds := _number(lowered.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    text = lowered.get("retry-after", "")
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError, TypeError):
        return None


def _number(text: str) -> float | None:
    """A number of seconds; infinity too, which whoever waits has to bound."""
    return float(text) if re.fullmatch(r"\d+(\.\d+)?|\+?inf(inity)?", text, re.IGNORECASE) else None
