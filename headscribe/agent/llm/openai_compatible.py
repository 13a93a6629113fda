"""Servers that speak OpenAI's chat protocol: OpenAI, vLLM, Ollama, llama.cpp, LM Studio, gateways."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import openai
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from headscribe.agent.llm.failures import UnknownModel, classify, no_tool_calling, one_line
from headscribe.agent.llm.langchain_client import invoke
from headscribe.agent.llm.quirks import Quirks
from headscribe.agent.llm.tool_messages import tool_arguments
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind
from headscribe.core.errors import LLMUnavailable

_CHECK_SECONDS = 10.0
_SHOWN_MODELS = 8


class OpenAICompatibleClient:
    """One model of one server. Asks for little, tolerates absent fields and records what came back.

    Args:
        name: what names its answers.
        model: the server's name for the model.
        api_key: never empty; servers without keys take any.
        base_url: None for OpenAI itself, or what ``OPENAI_BASE_URL`` says.
        timeout: seconds per attempt.
        proxied: whether a proxy that the environment names may stand between; never for this machine.
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
    ) -> None:
        self.name = name
        self._model_name = model
        self._timeout = timeout
        self._quirks = Quirks()
        if base_url is None:
            self._quirks.limits.reverse()
        # A client of our own: LangChain's cached one would outlive the event loop it belongs to. Proxies from
        # the environment are for the world outside, not for this machine.
        self._http = openai.DefaultAsyncHttpxClient(trust_env=proxied and not is_loopback(base_url))
        self._chat = ChatOpenAI(
            model=model,
            base_url=base_url,
            api_key=SecretStr(api_key),
            timeout=timeout,
            max_retries=0,
            http_async_client=self._http,
            use_responses_api=False,
        )
        self.address = str(self._chat.root_async_client.base_url).rstrip("/")

    async def check(self) -> None:
        """Ask the server for its list of models. Servers without such a list pass.

        Raises:
            LLMUnavailable: the server cannot be reached, or refuses the key.
        """
        try:
            await self._models()
        except openai.APITimeoutError:
            raise self._unavailable(f"the LLM server did not answer within {_CHECK_SECONDS:g} s") from None
        except openai.APIConnectionError as error:
            failure = classify(error)
            raise self._unavailable(f"no LLM server answers: {failure.message if failure else ''}") from None
        except openai.AuthenticationError as error:
            failure = classify(error)
            raise LLMUnavailable(
                f"the LLM server refuses the key: {failure.message if failure else ''}",
                where=self.address,
                do="Set OPENAI_API_KEY for openai:NAME, HEADSCRIBE_LLM_API_KEY for http://…",
            ) from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            return

    async def send(self, request: ChatRequest) -> ChatReply:
        """Make one attempt. A part that the server refuses is left out from then on, and the call sent again.

        Raises:
            CallFailed: no reply came; ``UnknownModel`` if the server lacks the model, ``NoToolCalling`` if it
                cannot call tools.
        """
        while True:
            sent = self._quirks.parts(request)
            try:
                arguments = _arguments(sent) | tool_arguments(request, strict=self._quirks.strict_tools)
                reply = await invoke(self._chat, request, self._timeout, **arguments)
            except (openai.OpenAIError, ValueError, LookupError, TypeError, AttributeError) as error:
                failure = classify(error)
                if failure is None:
                    raise
                param = getattr(error, "param", None)
                if request.tools and self._quirks.learn_strictness(failure.kind, failure.message):
                    continue
                if request.tools and (lacking := no_tool_calling(failure, param)):
                    raise lacking from error
                if isinstance(error, openai.NotFoundError):
                    raise await self._unknown_model(failure) from error
                complaint = f"{param or ''} {failure.message}"
                if not self._quirks.learn(failure.kind, complaint, sent):
                    raise failure from error
            else:
                left_out = self._quirks.left_out(request)
                return replace(reply, raw={**reply.raw, "left_out": left_out}) if left_out else reply

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _models(self) -> list[str]:
        client = self._chat.root_async_client.with_options(timeout=_CHECK_SECONDS, max_retries=0)
        page = await client.models.list()
        return [str(model.id) for model in page.data or []]

    async def _unknown_model(self, failure: CallFailed) -> CallFailed:
        try:
            names = await self._models()
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            names = []
        if names and self._model_name not in names:
            shown = ", ".join(names[:_SHOWN_MODELS]) + (", …" if len(names) > _SHOWN_MODELS else "")
            message = f"{self.address} has no model {self._model_name}; it has: {one_line(shown)}"
        else:
            message = (
                f"{self.address} does not answer chats ({failure.message}); does the address end in /v1?"
            )
        return UnknownModel(FailureKind.BAD_REQUEST, message)

    def _unavailable(self, what: str) -> LLMUnavailable:
        return LLMUnavailable(what, where=self.address, do="Start the server, or check the address of --llm")


def _arguments(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts as LangChain passes them on unchanged: it renames ``max_tokens`` and parses typed formats."""
    plain = {name: part for name, part in parts.items() if name in {"temperature", "seed"}}
    body = {name: part for name, part in parts.items() if name not in plain}
    return {**plain, "extra_body": body} if body else plain


def is_loopback(base_url: str | None) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
