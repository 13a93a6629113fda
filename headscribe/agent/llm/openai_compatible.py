"""Servers that speak OpenAI's chat protocol: OpenAI, vLLM, Ollama, llama.cpp, LM Studio, gateways."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openai

from headscribe.agent.llm.address import is_loopback, openai_address
from headscribe.agent.llm.bounded_http import BoundedClient
from headscribe.agent.llm.failures import Hopeless, Moderated, UnknownModel, classify, no_tool_calling
from headscribe.agent.llm.fitting import room_for_reply
from headscribe.agent.llm.model_list import ModelList
from headscribe.agent.llm.protocol import chat_body, reply_in
from headscribe.agent.llm.quirks import Quirks
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind


class OpenAICompatibleClient:
    """One model of one server. Asks for little, tolerates absent fields and records what came back.

    Args:
        name: what names its answers.
        model: the server's name for the model.
        api_key: never empty; servers without keys take any.
        base_url: None for OpenAI itself, or what ``OPENAI_BASE_URL`` says.
        timeout: seconds per attempt, by the wall clock.
        proxied: whether a proxy that the environment names may stand between; never for this machine.
        say: told, once, that replies get less room than was asked for.

    Raises:
        LLMUnavailable: ``OPENAI_BASE_URL`` is used, and is no address or holds a key.
    """

    def __init__(
        self,
        name: str,
        model: str,
        *,
        api_key: str,
        base_url: str | None = None,
        timeout: float = 120.0,
        proxied: bool = True,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._model_name = model
        self._timeout = timeout
        self._say, self._said = say, False
        self._quirks = Quirks()
        if base_url is None:
            self._quirks.limits.reverse()
        # Proxies from the environment are for the world outside, not for this machine.
        self._http = BoundedClient(trust_env=proxied and not is_loopback(base_url or openai_address()))
        self._client = openai.AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0, http_client=self._http
        )
        self._models = ModelList(self._client, model)

    async def check(self) -> None:
        """See that the server answers and takes the key; nothing is asked of the model.

        Raises:
            LLMUnavailable: the server cannot be reached, refuses the key, or sends its callers elsewhere.
        """
        await self._models.check()

    async def send(self, request: ChatRequest) -> ChatReply:
        """Make one attempt. A part that the server refuses is left out from then on, and the call sent again.

        Where prompt and reply do not fit into the context together, the reply gets the room that is left,
        which its ``raw`` tells as ``reply_limit``. A prompt that a filter refuses has a refusal as its reply.

        Raises:
            CallFailed: no reply came; ``Hopeless`` if no other call would fare better, ``NoToolCalling`` if
                the server cannot call tools.
        """
        wanted, asked, started = request.sampling.max_tokens, request, time.perf_counter()
        while True:
            known = self._quirks.copy()
            try:
                reply = await self._ask(asked, known)
            except Moderated as refusal:
                return replace(refusal.reply(), seconds=time.perf_counter() - started)
            except CallFailed as failure:
                fitting = await self._without(failure, asked, known)
                if fitting is None:
                    raise
                asked = fitting
            else:
                raw = dict(reply.raw)
                if left_out := known.left_out(request):
                    raw["left_out"] = left_out
                if (limit := asked.sampling.max_tokens) < wanted:
                    raw["reply_limit"] = limit
                return replace(reply, raw=raw, seconds=time.perf_counter() - started)

    async def _without(self, failure: CallFailed, sent: ChatRequest, known: Quirks) -> ChatRequest | None:
        """The request as the server may take it after all; None where nothing can be left out.

        Raises:
            CallFailed: what the failure turns out to be.
        """
        if sent.tools and self._quirks.learn_strictness(failure, known):
            return sent
        if sent.tools and (lacking := no_tool_calling(failure)):
            raise lacking from failure
        if isinstance(failure, Hopeless):
            raise await self._models.without(failure) if isinstance(failure, UnknownModel) else failure
        if failure.kind in {FailureKind.TOO_LONG, FailureKind.BAD_REQUEST} and (
            room := room_for_reply(failure.complaint, sent.sampling.max_tokens)
        ):
            self._say_once(room, sent.sampling.max_tokens)
            return replace(sent, sampling=replace(sent.sampling, max_tokens=room))
        return sent if self._quirks.learn(failure, sent, known) else None

    async def _ask(self, request: ChatRequest, known: Quirks) -> ChatReply:
        body: dict[str, Any] = chat_body(request, self._model_name, known)
        if known.stream:
            body["stream"] = True
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.chat.completions.with_raw_response.create(**body)
                await answer.http_response.aread()
        except TimeoutError as error:
            raise CallFailed(FailureKind.TIMEOUT, f"no reply within {self._timeout:g} s") from error
        except Exception as error:  # of the client library, or of the connection under it
            failure = classify(error)
            if failure is None:
                raise
            raise failure from error
        return reply_in(answer.http_response.text)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _say_once(self, room: int, wanted: int) -> None:
        if not self._said:
            self._said = True
            self._say(
                f"The context of {self.name} leaves {room:,} tokens for a reply instead of {wanted:,}; "
                "replies get what room there is, and the journal notes it as reply_limit"
            )
