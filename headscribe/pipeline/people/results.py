"""What ``people export`` and ``people import`` hand back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from headscribe.core.people import Problem


@dataclass(frozen=True, slots=True)
class PeopleExport:
    """What went out.

    Attributes:
        export: its id.
        key: the file that unblinds; not for annotators.
        again: whether an earlier export had the same items.
        files: one per annotator, and the labelling config where there is one.
        annotators: their names.
        heads: heads to be judged.
        wrong: controls with another head's description.
        repeats: controls that come twice.
        groups: heads to be judged in each layer group.
        left_out: heads without an answer that could be judged.
        not_drawn: heads with an answer that the sample left out.
        fewer: what there is less of than was asked for, as sentences.
    """

    export: str
    key: Path
    again: bool
    files: tuple[Path, ...]
    annotators: tuple[str, ...]
    heads: int
    wrong: int
    repeats: int
    groups: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    not_drawn: int = 0
    fewer: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        """Items that each annotator gets."""
        return self.heads + self.wrong + self.repeats


@dataclass(slots=True)
class PeopleImport:
    """What came in. Counts are of rows.

    Attributes:
        added: labels that are new.
        completed: labels that an answer or a comment was added to.
        replaced: labels that were changed (``--replace``).
        unchanged: labels that were there already.
        unanswered: rows without any answer or comment.
        problems: rows that were rejected, and those that were taken in part.
        annotators: labels of each annotator in the run now.
        items: items that each annotator gets, by export.
    """

    added: int = 0
    completed: int = 0
    replaced: int = 0
    unchanged: int = 0
    unanswered: int = 0
    problems: list[Problem] = field(default_factory=list)
    annotators: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> dict[str, int]:
        """Rejected rows by reason."""
        return dict(Counter(problem.code for problem in self.problems if problem.rejected))

    @property
    def exit_code(self) -> int:
        """1 where rows were rejected."""
        return 1 if self.rejected else 0
