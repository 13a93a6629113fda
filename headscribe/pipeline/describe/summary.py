"""What the long jobs hand back: a plan that nothing was paid for, and the summary of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headscribe.core.batch import BatchReport
from headscribe.core.errors import BudgetSpent, HeadscribeError
from headscribe.core.records import ANSWERED, Description, Status
from headscribe.store.describe.run_dir import RunDir


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """What one method would take for the heads that are left, estimated from a rehearsal of a few of them.

    The rehearsal renders the real templates and answers as the fake LLM does, so a method that may go several
    rounds goes about as many as it can. ``max_cost_usd`` counts the longest replies; None without a price.
    """

    method: str
    calls: int
    prompt_tokens: int
    max_reply_tokens: int
    max_cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What describing would take (``--dry-run``).

    Attributes:
        run: the run's folder.
        llm: the name of the describing LLM.
        heads: heads selected.
        done: of these, heads whose description the run holds.
        to_ask: heads that are left.
        calls: calls to be paid for at least: heads with equal evidence share theirs.
        prompt_tokens: estimate over these calls, without the LLM's own tokenizer.
        max_reply_tokens: what the replies can come to at most.
        max_cost_usd: what this would cost with the longest replies, None where the price is not known.
        price_as_of: the day of that price, empty where it has none.
        methods: the same for every method, from a few heads.
        sampled: heads that the estimate rests on; fewer than ``to_ask`` where no map exists yet.
    """

    run: Path
    llm: str
    heads: int
    done: int
    to_ask: int
    calls: int
    prompt_tokens: int
    max_reply_tokens: int
    sampled: int
    max_cost_usd: float | None = None
    price_as_of: str = ""
    methods: tuple[MethodPlan, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        return asdict(self) | {"run": str(self.run)}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a session ended.

    Attributes:
        run: the run's folder.
        llm: the name of the describing LLM.
        heads: heads selected.
        counts: their statuses, all six always present; less than ``heads`` in sum if the session ended early.
        already_done: heads whose description an earlier session had found.
        described: heads described in this session.
        calls: replies that were paid for in this session.
        replayed: replies found in the journal instead.
        retried: attempts that failed and were made again in this session, by kind of failure.
        prompt_tokens: tokens sent in this session, as far as the server says.
        completion_tokens: tokens received, likewise.
        cached_tokens: of those sent, what the server says it found in its prefix cache.
        cost_usd: what this session's calls cost, None where the price is not known.
        seconds: time of this session, mapping included.
        interrupted: whether a person ended it.
        stopped: why it ended early otherwise, None if it did not.
        budget: the option whose limit ended it, None if none did.
        resume: the command that goes on.
        report: the report, None while there is nothing to report.
        batch: what was done with batch files, None where calls were live.
    """

    run: Path
    llm: str
    heads: int
    counts: dict[str, int] = field(default_factory=dict)
    already_done: int = 0
    described: int = 0
    calls: int = 0
    replayed: int = 0
    retried: dict[str, int] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0
    interrupted: bool = False
    stopped: str | None = None
    budget: str | None = None
    resume: str = ""
    report: Path | None = None
    batch: BatchReport | None = None

    @property
    def left(self) -> int:
        """Heads selected that have no status yet."""
        return self.heads - sum(self.counts.values())

    @property
    def exit_code(self) -> int:
        """0 all heads answered or a batch written, 1 some not, 2 stopped before anything was done, 130
        interrupted.
        """
        if self.interrupted:
            return 130
        if self.batch and self.batch.mode == "write" and self.batch.requests and not self.stopped:
            return 0
        if self.stopped and not self.budget and not any(self.counts.values()):
            return 2
        answered = sum(self.counts.get(status.value, 0) for status in ANSWERED)
        return 0 if answered == self.heads else 1

    def descriptions(self) -> list[Description]:
        """The table of descriptions, read from the run."""
        return RunDir.open(self.run).descriptions()

    def as_json(self) -> dict[str, Any]:
        """The summary as plain JSON data."""
        report = str(self.report) if self.report else None
        extra = {"run": str(self.run), "report": report, "left": self.left, "exit_code": self.exit_code}
        batch = self.batch.as_json() if self.batch else None
        return asdict(self) | extra | {"batch": batch}


def budget_option(fault: HeadscribeError | None) -> str | None:
    """The option whose limit stopped a session, None if it was no limit."""
    return fault.where if isinstance(fault, BudgetSpent) else None


def no_counts() -> dict[str, int]:
    """Zero for each of the six statuses."""
    return {status.value: 0 for status in Status}
