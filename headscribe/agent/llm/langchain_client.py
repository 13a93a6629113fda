"""The providers that LangChain knows, each through a package of its own."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from headscribe.agent.llm.address import shown_address
from headscribe.agent.llm.failures import Moderated, NoToolCalling, classify, no_tool_calling, one_line
from headscribe.agent.llm.protocol import token_count
from headscribe.agent.llm.spec import FORMS, LLMSpec
from headscribe.agent.llm.tool_messages import calls_in, openai_tools, to_langchain
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind, Sampling
from headscribe.core.errors import LLMUnavailable, MissingExtra
from headscribe.core.records import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable


async def invoke(
    model: Runnable[LanguageModelInput, AIMessage], request: ChatRequest, timeout: float, **arguments: Any
) -> ChatReply:
    """Ask once through LangChain.

    Args:
        model: a chat model that does not retry by itself.
        request: its messages are sent; schema, sampling and tools are the affair of ``arguments``.
        timeout: seconds for the whole attempt. Client libraries bound only each read, so that a server that
            sends a byte now and then would hold a call for ever.
        arguments: passed on to the model.

    Raises:
        CallFailed: by the wall clock. The exceptions of the provider's library pass through.
    """
    started = time.perf_counter()
    messages = [to_langchain(message) for message in request.messages]
    try:
        async with asyncio.timeout(timeout):
            message = await model.ainvoke(messages, **arguments)
    except TimeoutError as error:
        raise CallFailed(FailureKind.TIMEOUT, f"no reply within {timeout:g} s") from error
    return reply_from(message, time.perf_counter() - started)


def reply_from(message: AIMessage, seconds: float) -> ChatReply:
    """LangChain's message as a reply; absent fields become None."""
    metadata = message.response_metadata
    refusal = message.additional_kwargs.get("refusal")
    return ChatReply(
        text=str(message.text),
        finish_reason=metadata.get("finish_reason")
        or metadata.get("stop_reason")
        or metadata.get("done_reason"),
        refusal=refusal if isinstance(refusal, str) else None,
        usage=_usage(message),
        model=metadata.get("model_name") or metadata.get("model"),
        seconds=seconds,
        raw={name: value for name, value in metadata.items() if isinstance(value, str | int | float)},
        tool_calls=calls_in(message),
        logprobs=_logprobs(metadata.get("logprobs")),
    )


def _logprobs(said: Any) -> tuple[tuple[tuple[str, float], ...], ...]:
    """The probabilities in OpenAI's form; empty for any other."""
    try:
        return tuple(
            tuple(
                {
                    str(one["token"]): float(one["logprob"])
                    for one in (place, *(place.get("top_logprobs") or ()))
                }.items()
            )
            for place in said["content"] or ()
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        return ()


def _usage(message: AIMessage) -> Usage:
    usage = message.usage_metadata
    if not usage:
        return Usage()
    cached = usage.get("input_token_details", {}).get("cache_read")
    return Usage(
        token_count(usage.get("input_tokens")), token_count(usage.get("output_tokens")), token_count(cached)
    )


class LangChainClient:
    """A provider that has its own LangChain package.

    The reply schema is not sent, because providers differ too much in what they do with it: the prompt asks
    for JSON, and the reply is checked when it is parsed.

    Raises:
        LLMUnavailable: LangChain does not know the provider, or cannot set it up (no key).
        MissingExtra: the provider's package is not installed.
    """

    def __init__(self, spec: LLMSpec, sampling: Sampling, timeout: float) -> None:
        self.name = spec.name
        self._model = _build(spec, sampling, timeout)
        self._timeout = timeout

    async def check(self) -> None:
        """Nothing can be asked that every provider answers without a charge."""

    async def send(self, request: ChatRequest) -> ChatReply:
        """Make one attempt.

        Raises:
            CallFailed: no reply came; ``NoToolCalling`` if the provider cannot call tools.
        """
        try:
            return await invoke(self._with_tools(request), request, self._timeout)
        except CallFailed:
            raise
        except Exception as error:  # any provider's library may stand behind this
            failure = classify(error)
            if isinstance(failure, Moderated):
                return failure.reply()
            if failure:
                raise (request.tools and no_tool_calling(failure)) or failure from error
            raise

    def _with_tools(self, request: ChatRequest) -> Runnable[LanguageModelInput, AIMessage]:
        """The model that knows the request's tools. Providers word "no tool now" differently, so that wish
        is left to the prompt.
        """
        if not request.tools:
            return self._model
        choice = {"tool_choice": "any"} if request.tool_choice == "required" else {}
        try:
            return self._model.bind_tools(openai_tools(request.tools), **choice)
        except NotImplementedError as error:
            message = f"{self.name} has no tool calling in LangChain"
            raise NoToolCalling(FailureKind.BAD_REQUEST, message) from error

    async def aclose(self) -> None:
        """LangChain's models close their own connections."""


def _build(spec: LLMSpec, sampling: Sampling, timeout: float) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    settings: dict[str, Any] = {"max_tokens": sampling.max_tokens, "timeout": timeout, "max_retries": 0}
    if sampling.temperature is not None:
        settings["temperature"] = sampling.temperature
    try:
        model: BaseChatModel = init_chat_model(spec.model, model_provider=spec.provider, **settings)
    except ImportError as error:
        package = f"langchain-{str(spec.provider).replace('_', '-')}"
        do = f"Install the package that provides it, usually: pip install {package}"
        raise MissingExtra(
            f"{spec.provider} needs a LangChain package", where=one_line(str(error)), do=do
        ) from None
    except Exception as error:  # noqa: BLE001  providers raise what they like when a key is missing
        do = f"Set the provider's key in the environment, or {FORMS[0].lower()}{FORMS[1:]}"
        where = f"--llm {shown_address(spec.name)}"
        raise LLMUnavailable(one_line(str(error)), where=where, do=do) from None
    return model
