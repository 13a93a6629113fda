"""The describers of a session: with an LLM that can be asked, or without."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING

from headscribe.pipeline.asking.budget import run_budget
from headscribe.pipeline.asking.metering import MeteredJournal
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.batch.outbox import Outbox
    from headscribe.agent.describers import Describer


def live_describer(request: DescribeRequest, journal: Journal) -> AbstractAsyncContextManager[Describer]:
    """A describer whose LLM can be asked, within what the run may still spend."""
    from headscribe.agent.describers import open_describer

    return open_describer(
        request.spec,
        request.settings,
        MeteredJournal(journal, request.price),
        request.progress,
        operations=request.job.operations,
        budget=run_budget(request.settings, request.price, journal, request.spec.name),
        open_llm=request.engine.open_llm,
    )


def offline_describer(
    request: DescribeRequest, journal: Journal, outbox: Outbox | None = None
) -> AbstractAsyncContextManager[Describer]:
    """A describer without an LLM: an outbox takes its calls, or else it only says what it would ask."""
    from headscribe.agent.batch.outbox import ReadOnlyJournal
    from headscribe.agent.describers import open_describer

    return open_describer(
        request.spec,
        request.settings,
        ReadOnlyJournal(MeteredJournal(journal, request.price)),
        request.progress,
        operations=request.job.operations,
        connect=outbox is not None,
        open_llm=lambda *_: nullcontext(outbox),
    )
