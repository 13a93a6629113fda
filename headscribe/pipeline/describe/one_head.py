"""Describing one head: its outcome and what its calls took, in the journal as soon as they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headscribe.core.chat import NotAnsweredYet
from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.errors import BadStore, LLMUnavailable
from headscribe.core.off_loop import off_loop
from headscribe.core.secrets import hide_keys
from headscribe.core.tokens import plain_line
from headscribe.pipeline.asking.metering import start_meter
from headscribe.pipeline.describe.laboratory import Laboratory
from headscribe.pipeline.describe.work import HeadWork
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.describers import Describer

_ERROR_WIDTH = 300


class HeadDescriber:
    """Describes heads one at a time, for a ``WorkerLoop``.

    Args:
        describer: answers for one head; its unexpected errors become the status ``failed``.
        journal: gets every outcome.
        place: the map identity that outcomes belong to.
        laboratory: where the method ``agent`` and critics run their experiments.
    """

    def __init__(
        self, describer: Describer, journal: Journal, *, place: str, laboratory: Laboratory | None = None
    ) -> None:
        self._describer, self._journal = describer, journal
        self._place, self._laboratory = place, laboratory
        self._asked_again: set[str] = set()

    async def describe(self, item: HeadWork) -> str:
        """Describe a head; gives its name and status, for progress.

        Raises:
            NotAnsweredYet: its answer comes another way, later.
            LLMUnavailable: no head can be described any more.
            BadStore: the journal cannot be written.
        """
        describer, taken = self._describer, start_meter()
        # Of heads with equal work the first asks again; the others take its answer.
        fresh = item.fresh and item.work not in self._asked_again
        experiments = self._laboratory.of_head(item.head) if self._laboratory else None
        try:
            outcome = await describer.describe(item.evidence, fresh=fresh, experiments=experiments)
        except (LLMUnavailable, BadStore, NotAnsweredYet):
            raise
        except Exception as error:  # noqa: BLE001 - one head's failure is a status, and is counted
            outcome = Outcome(Status.FAILED, error=_one_line(error))
        self._asked_again.add(item.work)
        described = Description(
            head=item.head,
            outcome=outcome,
            method=outcome.method or describer.method,
            llm=describer.llm,
            prompt=describer.prompt,
            prompt_hash=describer.prompt_hash,
            prompt_tokens=taken.prompt_tokens,
            completion_tokens=taken.completion_tokens,
            cost_usd=taken.cost_usd,
            seconds=taken.seconds,
            tokens_estimated=taken.tokens_estimated,
        )
        await off_loop(self._journal.keep, item.work, described, place=self._place)
        return f"{item.head.name} {outcome.status}"


def _one_line(error: Exception) -> str:
    return plain_line(hide_keys(f"{type(error).__name__}: {error}", "[key]"), _ERROR_WIDTH)
