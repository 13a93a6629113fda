"""Batches on OpenAI's servers, or on one that speaks that part of their protocol too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import openai

from headscribe.agent.batch.lines import ENDPOINT
from headscribe.agent.llm.address import is_loopback, openai_address
from headscribe.agent.llm.bounded_http import stay_with_host
from headscribe.agent.llm.failures import classify, one_line
from headscribe.agent.llm.keys import key_of
from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.chat import CallFailed
from headscribe.core.errors import LLMUnavailable

if TYPE_CHECKING:
    import httpx2
    from openai.types import Batch

MOST_REQUESTS, MOST_BYTES = 50_000, 190_000_000
"""What one batch may hold (OpenAI: 50,000 requests, 200 MB)."""

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_LOOKED_THROUGH = 500


@dataclass(frozen=True, slots=True)
class RemoteBatch:
    """Where a batch stands.

    Attributes:
        status: the server's word, such as ``in_progress``.
        done: requests answered or failed so far.
        output_file_id: the answers, None where there are none (yet).
        error_file_id: the lines that report errors, likewise.
        problem: why the server refuses the whole batch, empty if it does not.
    """

    status: str
    done: int
    output_file_id: str | None
    error_file_id: str | None
    problem: str

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in _ENDED


class RemoteBatches:
    """The batches of one account. Each call is repeated a few times where that may help.

    Args:
        spec: an LLM of the kind ``openai`` or ``server``; the key comes from the environment.

    Raises:
        LLMUnavailable: there is no key. So do all methods where the server fails or refuses.
    """

    def __init__(self, spec: LLMSpec) -> None:
        address = spec.base_url or openai_address()
        self._client = openai.OpenAI(
            api_key=key_of(spec),
            base_url=spec.base_url,
            timeout=120.0,
            max_retries=5,
            http_client=openai.DefaultHttpxClient(
                trust_env=not is_loopback(address), event_hooks={"response": [_keep_prompts_here]}
            ),
        )
        self._name = spec.name

    def upload(self, file: Path) -> str:
        """Upload a file of requests; its id."""
        with self._errors():
            return self._client.files.create(file=file, purpose="batch").id

    def create(self, input_file_id: str) -> str:
        """Start a batch over an uploaded file; its id.

        A batch that was started over this file before is found instead: an answer that got lost on its way
        shall not be paid for twice.
        """
        with self._errors():
            for number, batch in enumerate(self._client.batches.list(limit=100)):
                if batch.input_file_id == input_file_id:
                    return batch.id
                if number >= _LOOKED_THROUGH:
                    break
            return self._client.batches.create(
                input_file_id=input_file_id, endpoint=ENDPOINT, completion_window="24h"
            ).id

    def look(self, batch_id: str) -> RemoteBatch:
        """Where a batch stands."""
        with self._errors():
            batch = self._client.batches.retrieve(batch_id)
        counts = batch.request_counts
        done = (counts.completed or 0) + (counts.failed or 0) if counts else 0
        return RemoteBatch(batch.status, done, batch.output_file_id, batch.error_file_id, _problem(batch))

    def download(self, file_id: str, to: Path) -> None:
        """Write the content of a file of the server into a local one."""
        # Not as a stream: a download that breaks off would not be repeated then.
        with self._errors():
            self._client.files.content(file_id).write_to_file(to)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (openai.OpenAIError, json.JSONDecodeError, CallFailed) as error:
            failure = classify(error)
            raise LLMUnavailable(
                f"the batch server fails: {failure.message if failure else one_line(str(error))}",
                where=self._name,
                do="What was submitted goes on there; give the same command again to go on here",
            ) from None


def _keep_prompts_here(response: httpx2.Response) -> None:
    """Prompts stay with the host that is asked; answers may be fetched from where the server keeps them."""
    if response.request.method == "POST":
        stay_with_host(response)


def _problem(batch: Batch) -> str:
    found = batch.errors.data if batch.errors and batch.errors.data else []
    words = [f"line {error.line}: {error.message}" if error.line else str(error.message) for error in found]
    return one_line("; ".join(words))
