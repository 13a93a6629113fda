"""Lines of a batch's output as replies and failures, whoever wrote them and however far they came."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from headscribe.agent.llm.failures import Moderated, http_failure, one_line
from headscribe.agent.llm.protocol import read_reply
from headscribe.agent.llm.server_words import read_words
from headscribe.core.chat import CallFailed, ChatReply, FailureKind, content_hash

_KINDS = {"batch_expired": FailureKind.TIMEOUT, "request_timeout": FailureKind.TIMEOUT}
_NAMES = {400: "the request was refused", 500: "the server failed"}


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One line: a reply or a failure.

    Attributes:
        custom_id: the identity of the request, if the line is ours.
        id: the line's own, the same whenever the file is read.
        result: what came of the request.
    """

    custom_id: str
    id: str
    result: ChatReply | CallFailed


@dataclass(slots=True)
class BatchOutput:
    """The lines of a batch's output, one per request.

    Attributes:
        answers: by ``custom_id``. Of several lines the first reply counts, or else the first failure.
        duplicated: further lines.
        unreadable: lines that are no answer.
    """

    answers: dict[str, BatchAnswer] = field(default_factory=dict)
    duplicated: int = 0
    unreadable: int = 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Take in lines; empty ones count for nothing."""
        for line in lines:
            if not line.strip():
                continue
            answer = read_answer(line)
            if answer is None:
                self.unreadable += 1
                continue
            before = self.answers.get(answer.custom_id)
            self.duplicated += before is not None
            better = isinstance(answer.result, ChatReply) and before and isinstance(before.result, CallFailed)
            if before is None or better:
                self.answers[answer.custom_id] = answer


def read_answer(line: bytes) -> BatchAnswer | None:
    """One line of a batch's output, None if it is none (cut off, or not JSON, or a request). Never raises."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict) or not isinstance(plain.get("custom_id"), str):
        return None
    response, error = plain.get("response"), plain.get("error")
    if not isinstance(response, dict) and not error:
        return None
    own = plain.get("id")
    own = own if isinstance(own, str) and own else content_hash(plain)[:16]
    return BatchAnswer(plain["custom_id"], own, _result(_dict(response), error, own))


def _result(response: dict[str, Any], error: Any, own: str) -> ChatReply | CallFailed:
    status, body = response.get("status_code", 200), _dict(response.get("body"))
    status = status if isinstance(status, int) else 200
    if error or status >= 400:
        return _failure(status, error or body)
    try:
        reply = read_reply(body)
    except (LookupError, TypeError, AttributeError) as problem:
        return CallFailed(FailureKind.BAD_REPLY, f"not a chat reply: {one_line(str(problem))}")
    return replace(reply, raw={**reply.raw, "batch_line": own})


def _failure(status: int, error: Any) -> ChatReply | CallFailed:
    """OpenAI names errors by code; vLLM puts a text, or what its server would have sent."""
    said = read_words(error)
    if not said.message:
        said = replace(said, message=_NAMES[500 if status >= 500 else 400])
    if status >= 400:
        failure = http_failure(status, said)
        return failure.reply() if isinstance(failure, Moderated) else failure
    kinds = (kind for code, kind in _KINDS.items() if code in said.codes)
    return CallFailed(next(kinds, FailureKind.SERVER), one_line(said.message))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
