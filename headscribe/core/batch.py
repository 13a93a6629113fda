"""What is wanted of a batch file, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from headscribe.core.errors import BadOption

BatchMode = Literal["write", "read", "submit"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Ask by a file in OpenAI's batch format instead of live calls.

    Attributes:
        mode: ``write`` the requests that a run needs next, ``read`` their answers, or ``submit``: write,
            upload, wait, read, and again until nothing is left to ask.
        file: the requests; for ``read``, the answers.
    """

    mode: BatchMode
    file: Path

    @property
    def state(self) -> Path:
        """Where ``submit`` keeps what it needs to go on."""
        return self.file.with_name(f"{self.file.name}.batch.json")

    @property
    def outputs(self) -> tuple[Path, Path]:
        """Where ``submit`` puts the answers, and the lines that report errors."""
        name = self.file.name
        return self.file.with_name(f"{name}.output.jsonl"), self.file.with_name(f"{name}.errors.jsonl")


def read_batch(words: tuple[str, Path] | None) -> Batch | None:
    """Read the two words of ``--batch``.

    Raises:
        BadOption: the first is no mode.
    """
    if words is None:
        return None
    modes: tuple[BatchMode, ...] = get_args(BatchMode)
    for mode in modes:
        if words[0] == mode:
            return Batch(mode, words[1])
    raise BadOption(f"'{words[0]}' is not a mode", where="--batch", do=f"Give --batch {'|'.join(modes)} FILE")


@dataclass(slots=True)
class BatchReport:
    """What one call did with batch files; numbers are of lines or, of what waits, of requests.

    Attributes:
        mode: as in ``Batch``.
        file: as in ``Batch``.
        requests: written to ``file`` last.
        taken: replies that went into the journal.
        failed: lines that report an error, by kind of failure; these are in the journal too.
        known: lines that the journal held already.
        missing: requests that waited and have no line.
        unknown: lines that answer nothing that the run has asked.
        duplicated: further lines for a request that has one.
        unreadable: lines that are no batch answer, such as a half-written last one.
        waiting: requests that the run needs next.
    """

    mode: BatchMode
    file: Path
    requests: int = 0
    taken: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    known: int = 0
    missing: int = 0
    unknown: int = 0
    duplicated: int = 0
    unreadable: int = 0
    waiting: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return asdict(self) | {"file": str(self.file), "failed": dict(self.failed)}
