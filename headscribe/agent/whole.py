"""Replies that are whole: one that was cut is asked for once more, with more room."""

from __future__ import annotations

from typing import Any

from headscribe.agent.caller import Caller
from headscribe.agent.reply import is_cut_off, is_refused
from headscribe.agent.reply_text import find_value
from headscribe.agent.thinking import after_thinking
from headscribe.core.chat import CallFailed, ChatReply, FailureKind, Message, Tool

READER_TOKENS = 256
"""Where the reply of a reader is cut at first: a sentence and a word are all that it is asked for."""

READER_LOGPROBS = 10
"""Tokens whose probabilities a reader is asked for at each place: an answer is one of a few words."""

_ENDED = frozenset({"stop", "end_turn", "eos_token", "stop_sequence"})
"""What servers say of a reply that the model ended: more room would not change it."""


class WholeReplies:
    """Asks one LLM; a reply that was cut before its answer is asked for once more, with twice the room.

    A reader, who gets little room at first, then gets at least as much as a describer. The second call costs
    as any other does. Where the LLM's context is what cut the reply, no more room would help.

    Args:
        caller: makes the calls.
        fresh: ask again even where the journal has a reply.
    """

    def __init__(self, caller: Caller, *, fresh: bool = False) -> None:
        self._caller, self._fresh = caller, fresh
        self._crowded = False

    async def ask(
        self,
        messages: tuple[Message, ...],
        schema: dict[str, Any] | None = None,
        tools: tuple[Tool, ...] = (),
        tool_choice: str | None = None,
        *,
        limit: int | None = None,
        logprobs: int = 0,
        sample: int = 0,
    ) -> ChatReply:
        """The reply to these messages; one that is still cut where nothing helps.

        Args:
            messages: the conversation, oldest first.
            schema: JSON Schema that the reply should satisfy; its last property holds the answer.
            tools: what the model may ask to be called.
            tool_choice: as for ``Caller.call``.
            limit: of the reply's tokens at first, None for ``--max-reply-tokens``.
            logprobs: as for ``Caller.call``.
            sample: which of several answers to the same question.

        Raises:
            CallFailed, BudgetSpent, asyncio.CancelledError: as ``Caller.call`` does.
        """
        most = self._caller.max_reply_tokens
        first = min(limit or most, most)

        async def call(limit: int) -> ChatReply:
            return await self._caller.call(
                messages,
                schema=schema,
                tools=tools,
                tool_choice=tool_choice,
                logprobs=logprobs,
                sample=sample,
                fresh=self._fresh,
                limit=limit,
            )

        reply = await call(first)
        if not was_cut(reply, schema) or self._is_crowded(reply):
            return reply
        try:
            longer = await call(max(2 * first, most))
        except CallFailed as error:
            if error.kind not in {FailureKind.BAD_REQUEST, FailureKind.TOO_LONG}:
                raise
            return reply
        self._is_crowded(longer)
        return longer

    def advice(self) -> str:
        """What would help a head whose reply was cut nevertheless."""
        if self._crowded:
            return "the LLM's context leaves no more room: choose another LLM, or show fewer rows"
        return f"give --retry truncated --max-reply-tokens {4 * self._caller.max_reply_tokens}"

    def _is_crowded(self, reply: ChatReply) -> bool:
        self._crowded = "reply_limit" in reply.raw
        return self._crowded


def was_cut(reply: ChatReply, schema: dict[str, Any] | None) -> bool:
    """Whether a reply ended before its answer did: a whole object with the last property is an answer."""
    if reply.tool_calls or is_refused(reply) or (reply.finish_reason or "").lower() in _ENDED:
        return False
    answer = after_thinking(reply.text)
    if answer is None:
        return True
    if not is_cut_off(reply, answer):
        return False
    names = tuple((schema or {}).get("properties", ()))
    return not names or find_value(answer, names[-1]) is None
