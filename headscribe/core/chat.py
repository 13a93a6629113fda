"""One request to a chat model, its reply or failure, and the journal that remembers them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from headscribe.core.records import Usage


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a chat model may ask to be called; ``parameters`` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A chat model's wish to call a tool; ``arguments`` should be a JSON object, but may be any text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``role`` is ``system``, ``user``, ``assistant`` or ``tool``.

    Attributes:
        role: who speaks.
        content: the text.
        tool_calls: of an assistant, the calls it asked for.
        tool_call_id: of a tool, the call that this answers.
    """

    role: str
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """What determines an answer beside the prompt. None leaves a setting to the server."""

    temperature: float | None = 0.0
    max_tokens: int = 1024
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Everything that determines a reply, and nothing else.

    Base URL, concurrency, timeouts and retries are left out, so that changing them never pays for the same
    answer twice.

    Attributes:
        llm: who is asked.
        messages: the conversation, oldest first.
        sampling: how the answer is drawn.
        schema: a JSON Schema that the reply should satisfy, None for free text.
        tools: what the model may ask to be called.
        tool_choice: ``auto`` (what None means to servers), ``required``, ``none`` or the name of a tool.
        logprobs: of how many tokens, at each place of the reply, the probabilities are wished; 0 for none.
    """

    llm: str
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    schema: dict[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    logprobs: int = 0

    def as_json(self) -> dict[str, Any]:
        """The request as plain JSON data, for the journal.

        What tools and probabilities add is there only where it is in use, so that other requests keep their
        identity.
        """
        # By hand: dataclasses.asdict takes twenty times as long, and this runs several times per call.
        plain: dict[str, Any] = {
            "llm": self.llm,
            "messages": [_message_json(message) for message in self.messages],
            "sampling": asdict(self.sampling),
            "schema": self.schema,
        }
        if self.tools:
            plain["tools"] = [asdict(tool) for tool in self.tools]
        if self.tool_choice:
            plain["tool_choice"] = self.tool_choice
        if self.logprobs:
            plain["logprobs"] = self.logprobs
        return plain

    def texts(self) -> list[str]:
        """Everything that the model reads, for counting its tokens."""
        said = [message.content for message in self.messages]
        called = [call.arguments for message in self.messages for call in message.tool_calls]
        offered = [f"{tool.name} {tool.description} {json.dumps(tool.parameters)}" for tool in self.tools]
        return [*said, *called, *offered]

    def identity(self) -> str:
        """A SHA-256 over the canonical JSON: equal requests, and only they, have equal identities."""
        return content_hash(self.as_json())


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a chat model answered, kept raw so that parsing can be redone without asking again.

    ``logprobs`` holds for each token of the reply the likeliest ones with their log probabilities, the token
    that was taken first; it is empty where the server gives none.
    """

    text: str
    finish_reason: str | None = None
    refusal: str | None = None
    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    seconds: float = 0.0
    raw: dict[str, Any] = field(default_factory=dict)
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[tuple[tuple[str, float], ...], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The reply as plain JSON data, for the journal; tool calls, probabilities where there are some."""
        plain = {name: getattr(self, name) for name in self.__slots__} | {"usage": asdict(self.usage)}
        plain["tool_calls"] = [asdict(call) for call in self.tool_calls]
        for name in ("tool_calls", "logprobs"):
            if not plain[name]:
                del plain[name]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> ChatReply:
        """The reply that ``as_json`` gave."""
        calls = tuple(ToolCall(**call) for call in plain.get("tool_calls", ()))
        places = tuple(
            tuple((str(token), float(chance)) for token, chance in place)
            for place in plain.get("logprobs", ())
        )
        return cls(**plain | {"usage": Usage(**plain["usage"]), "tool_calls": calls, "logprobs": places})


def _message_json(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [asdict(call) for call in message.tool_calls]
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    return plain


class FailureKind(StrEnum):
    """Why an attempt brought no reply. Only some kinds are worth another attempt."""

    RATE_LIMIT = "rate-limit"
    SERVER = "server"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_REPLY = "bad-reply"
    BAD_REQUEST = "bad-request"
    TOO_LONG = "too-long"
    AUTH = "auth"


RETRIABLE = frozenset(
    {
        FailureKind.RATE_LIMIT,
        FailureKind.SERVER,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
        FailureKind.BAD_REPLY,
    }
)


class CallFailed(Exception):
    """One attempt at a call that brought no reply; never shown as a description.

    Args:
        kind: what went wrong; decides whether to try again.
        message: one line, without any key.
        retry_after: seconds that the server asked to wait, None if it did not say.
        attempts: how many attempts were made in all.
        complaint: the server's own words in full, with the parameter that they are about; for looking up what
            it refuses, not for people.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        retry_after: float | None = None,
        attempts: int = 1,
        complaint: str = "",
    ) -> None:
        self.kind, self.message, self.retry_after, self.attempts = kind, message, retry_after, attempts
        self.complaint = complaint
        super().__init__(f"{kind}: {message}")


class NotAnsweredYet(Exception):
    """A call whose answer comes another way, such as in a batch file; what needs it has to wait."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a call as the journal keeps it: either a reply or an error.

    ``cost_usd`` is what the reply cost at the price of the day, None where that is not known.
    """

    request: ChatRequest
    number: int
    started_at: float
    seconds: float
    reply: ChatReply | None = None
    error: str | None = None
    cost_usd: float | None = None


class CallJournal(Protocol):
    """Where attempts are remembered. ``record`` returns once the attempt is safely on disk."""

    def find(self, identity: str) -> ChatReply | None:
        """The reply to an identical earlier request, None if there is none."""

    def record(self, attempt: Attempt) -> None:
        """Keep one attempt. May wait for the disk, and be called from any thread."""


def content_hash(value: Any) -> str:
    """SHA-256 (hex) of a JSON-serialisable value in canonical form: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
