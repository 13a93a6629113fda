"""What the long jobs hand back: a plan that nothing was paid for, and the summary of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from headscribe.core.batch import BatchReport
from headscribe.core.descriptions import ANSWERED, Description, Status
from headscribe.core.remarkable import RemarkableHead, remarkable_heads
from headscribe.core.usage import CallEstimate
from headscribe.pipeline.asking.asked import Asked, AskingSummary
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.map.map_dir import MapDir


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """What one method would take for the heads that are left, estimated from a rehearsal of a few of them.

    The rehearsal renders the real templates and answers as the fake LLM does, so a method that may go several
    rounds goes about as many as it can.
    """

    method: str
    estimate: CallEstimate

    def as_json(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        return {"method": self.method} | asdict(self.estimate)


@dataclass(frozen=True, slots=True)
class Plan:
    """What describing would take (``--dry-run``).

    Attributes:
        run: the run's folder.
        llm: the name of the describing LLM.
        heads: heads selected.
        done: of these, heads whose description the run holds.
        to_ask: heads that are left.
        sampled: heads that the estimate rests on; fewer than ``to_ask`` where no map exists yet.
        estimate: the calls; heads with equal evidence share theirs.
        price_as_of: the day of the price, empty where it has none.
        methods: the same for every method, from a few heads.
    """

    run: Path
    llm: str
    heads: int
    done: int
    to_ask: int
    sampled: int
    estimate: CallEstimate
    price_as_of: str = ""
    methods: tuple[MethodPlan, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        said = asdict(self) | asdict(self.estimate)
        del said["estimate"]
        return said | {"run": str(self.run), "methods": [method.as_json() for method in self.methods]}


@dataclass(frozen=True, slots=True)
class RunSummary(AskingSummary):
    """How a session ended.

    Attributes:
        run: the run's folder.
        llm: the name of the describing LLM.
        heads: heads selected.
        asked: calls, cost, heads described in this session, and why it ended early.
        counts: statuses of the selected heads, all six always present; less than ``heads`` in sum if the
            session ended early.
        already_done: heads whose description an earlier session had found.
        seconds: time of this session, mapping included.
        resume: the command that goes on.
        report: the report, None while there is nothing to report.
        batch: what was done with batch files, None where calls were live.
    """

    run: Path
    llm: str
    heads: int
    asked: Asked
    counts: dict[str, int]
    already_done: int = 0
    seconds: float = 0.0
    resume: str = ""
    report: Path | None = None
    batch: BatchReport | None = None

    @property
    def described(self) -> int:
        """Heads described in this session."""
        return self.asked.done

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

    def remarkable(self) -> list[RemarkableHead]:
        """All heads of the run, the most remarkable first, read from the run and its map."""
        return remarkable_heads(self.descriptions(), self.map().scores())

    def map(self) -> MapDir:
        """The run's map."""
        return RunDir.open(self.run).map()

    def as_json(self) -> dict[str, Any]:
        """The summary as plain JSON data."""
        own = [field.name for field in fields(self) if field.name != "asked"]
        said: dict[str, Any] = {
            name: getattr(self, name) for name in (*own, "described", "left", "exit_code")
        }
        said |= {
            "run": str(self.run),
            "report": str(self.report) if self.report else None,
            "batch": self.batch.as_json() if self.batch else None,
        }
        return said | self.asked_json()


def no_counts() -> dict[str, int]:
    """Zero for each of the six statuses."""
    return {status.value: 0 for status in Status}
