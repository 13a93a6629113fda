"""How the many ways in which a chat call can fail become the few kinds that matter."""

from __future__ import annotations

import re
from collections.abc import Mapping

from headscribe.agent.llm import complaints
from headscribe.agent.llm.server_words import ServerWords, read_words
from headscribe.agent.retry import asked_wait
from headscribe.core.chat import CallFailed, ChatReply, FailureKind
from headscribe.core.secrets import hide_keys
from headscribe.core.tokens import plain_line

_BY_STATUS = {
    401: FailureKind.AUTH,
    402: FailureKind.AUTH,
    403: FailureKind.AUTH,
    404: FailureKind.BAD_REQUEST,
    408: FailureKind.TIMEOUT,
    409: FailureKind.SERVER,
    413: FailureKind.TOO_LONG,
    429: FailureKind.RATE_LIMIT,
}
_BY_NAME = (
    ("Timeout", FailureKind.TIMEOUT),
    ("Connect|Protocol|Network|Transport", FailureKind.CONNECTION),
)
# What reading something else than a chat reply raises; the last are of httpx.
_NO_REPLY = frozenset(
    {"ValueError", "LookupError", "TypeError", "AttributeError", "APIError", "DecodingError", "InvalidURL"}
)
_LONGEST = 400


class Hopeless(CallFailed):
    """No other call to this LLM would fare better; ``do`` says what would help."""

    do = "Check the address and the settings of the server"


class UnknownModel(Hopeless):
    """The server answers, but does not know the model."""

    do = "Correct the name or the address"
    by_path = False


class UnknownPath(UnknownModel):
    """Nothing is at the path asked for (404): mostly another model's name, or an address without ``/v1``."""

    by_path = True


class NoChatTemplate(Hopeless):
    """The server's model has no chat template, so that it takes no messages."""

    do = "Start the server with a chat template (vLLM: --chat-template FILE), or with a model for chats"


class NoToolCalling(CallFailed):
    """The server or its model cannot call tools: no request with tools can succeed."""


class Moderated(CallFailed):
    """A filter refuses this prompt and no other: that is an answer, which asking again would not change."""

    def reply(self) -> ChatReply:
        """The refusal as a reply."""
        return ChatReply("", finish_reason="content_filter", refusal=self.message)


def classify(error: Exception) -> CallFailed | None:
    """What an exception of a provider's client library means; None if it is no failure of a call.

    Libraries are told apart by what their exceptions carry and are called, not by importing them.
    """
    root = _root(error)
    if isinstance(root, CallFailed):
        return root
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    names = {cls.__name__ for cls in type(error).__mro__}
    said = _words(error)
    message = one_line(said.message)
    if "ContextOverflowError" in names:
        return CallFailed(FailureKind.TOO_LONG, message)
    if isinstance(status, int) and status >= 300:
        return http_failure(status, said, getattr(response, "headers", None) or {})
    kinds = (kind for pattern, kind in _BY_NAME if any(re.search(pattern, name) for name in names))
    if kind := next(kinds, None):
        return CallFailed(kind, message)
    return CallFailed(FailureKind.BAD_REPLY, f"not a chat reply: {message}") if names & _NO_REPLY else None


def _words(error: Exception) -> ServerWords:
    """The server's own words if there are any, else the exception's and its cause's."""
    try:
        sent = getattr(getattr(error, "response", None), "text", None)
    except (RuntimeError, ValueError):  # a response that was never read
        sent = None
    for body in (sent, getattr(error, "body", None)):
        said = read_words(body)
        if said.message:
            return said
    own, root = str(error) or type(error).__name__, _root(error)
    return ServerWords(own if root is error else f"{own} ({type(root).__name__}: {root})")


def _root(error: BaseException) -> BaseException:
    """What an exception was first raised for, below the layers of libraries."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def http_failure(status: int, said: ServerWords, headers: Mapping[str, str] | None = None) -> CallFailed:
    """What an answer with an HTTP status of 300 or more means, by its status, codes and words."""
    kind = failure_kind(status, said)
    failed: type[CallFailed] = CallFailed
    if 400 <= status < 500 and complaints.is_moderated(status, said):
        failed, kind = Moderated, FailureKind.BAD_REQUEST
    elif status in {400, 404, 422, 500} and complaints.lacks_template(said):
        failed, kind = NoChatTemplate, FailureKind.BAD_REQUEST
    elif kind is FailureKind.BAD_REQUEST and complaints.is_unknown_model(said):
        failed = UnknownModel
    elif status == 404 and kind is FailureKind.BAD_REQUEST:
        failed = UnknownPath
    message = f"HTTP {status}: {one_line(said.message)}" if said.message else f"HTTP {status}"
    asked = asked_wait(headers or {})
    asked = said.asks_to_wait if asked is None else asked
    return failed(kind, message, retry_after=asked, complaint=said.complaint)


def failure_kind(status: int, said: ServerWords) -> FailureKind:
    """What an HTTP status of 300 or more means, with the help of the server's codes and words."""
    if status == 429 and complaints.is_out_of_money(said):
        return FailureKind.AUTH
    if status >= 500:
        return FailureKind.SERVER
    if status in {400, 422} and complaints.is_too_long(said):
        return FailureKind.TOO_LONG
    return _BY_STATUS.get(status, FailureKind.BAD_REQUEST)


def no_tool_calling(failure: CallFailed) -> NoToolCalling | None:
    """What a failure of a request with tools says about tools; None where it is about something else."""
    words = failure.complaint or failure.message
    told = failure.kind is FailureKind.BAD_REQUEST or "--jinja" in words
    if told and complaints.lacks_tools(words):
        return NoToolCalling(FailureKind.BAD_REQUEST, failure.message)
    return None


def one_line(text: str) -> str:
    """Server text fit for an error line: no line breaks or other controls, not long, no key."""
    return plain_line(hide_keys(text, "[key]"), _LONGEST)
