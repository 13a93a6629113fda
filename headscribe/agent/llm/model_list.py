"""What a server says of its models: whether it answers at all, and which names it knows."""

from __future__ import annotations

import asyncio

import openai

from headscribe.agent.llm.failures import Hopeless, UnknownModel, classify, one_line
from headscribe.core.chat import CallFailed
from headscribe.core.errors import LLMUnavailable

_SECONDS = 10.0
_SHOWN = 8
_NO_LIST = (openai.OpenAIError, CallFailed, TimeoutError, ValueError, TypeError, AttributeError)
"""What comes of a server that has no list of models, or an odd one."""


class ModelList:
    """The list of one server's models, which costs nothing to ask for.

    Args:
        client: of the server.
        model: the name that is asked for.

    Attributes:
        address: the server's.
    """

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self.address = str(client.base_url).rstrip("/")
        self._client, self._model = client, model

    async def check(self) -> None:
        """Ask for the list. Servers without one pass.

        Raises:
            LLMUnavailable: the server cannot be reached, refuses the key, or sends its callers elsewhere.
        """
        try:
            await self.names()
        except (openai.APITimeoutError, TimeoutError):
            raise self._unavailable(f"the LLM server did not answer within {_SECONDS:g} s") from None
        except Hopeless as failure:
            raise LLMUnavailable(failure.message, where=self.address, do=failure.do) from None
        except openai.APIConnectionError as error:
            raise self._unavailable(f"no LLM server answers: {_said(error)}") from None
        except openai.AuthenticationError as error:
            raise LLMUnavailable(
                f"the LLM server refuses the key: {_said(error)}",
                where=self.address,
                do="Set OPENAI_API_KEY for openai:NAME, HEADSCRIBE_LLM_API_KEY for http://…",
            ) from None
        except _NO_LIST:
            return

    async def names(self) -> list[str]:
        """The names of the models that the server offers.

        Raises:
            openai.OpenAIError, CallFailed, TimeoutError: it gives none.
            ValueError, TypeError, AttributeError: what it gives is no list.
        """
        client = self._client.with_options(timeout=_SECONDS, max_retries=0)
        async with asyncio.timeout(_SECONDS):
            page = await client.models.list()
        return [str(model.id) for model in page.data or []]

    async def without(self, failure: UnknownModel) -> UnknownModel:
        """A failure to find the model, with the names that are there, or what else may be wrong."""
        try:
            names = await self.names()
        except _NO_LIST:
            names = []
        if names and self._model not in names:
            shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            message = f"{self.address} has no model {self._model}; it has: {one_line(shown)}"
        elif failure.by_path:
            message = (
                f"{self.address} does not answer chats ({failure.message}); does the address end in /v1?"
            )
        else:
            message = f"{self.address} does not know the model {self._model}: {failure.message}"
        return UnknownModel(failure.kind, message)

    def _unavailable(self, what: str) -> LLMUnavailable:
        return LLMUnavailable(what, where=self.address, do="Start the server, or check the address of --llm")


def _said(error: Exception) -> str:
    failure = classify(error)
    return failure.message if failure else ""
