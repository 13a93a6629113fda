"""``people import``: annotators' answers into the run, each row checked, none lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.people import Label, Problem
from headscribe.pipeline.people.results import PeopleImport
from headscribe.pipeline.people.rows import Fault, read_label
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.lock import RunLock
from headscribe.store.people.keys import FOLDER, Key, read_keys
from headscribe.store.people.labels import read_labels, read_rejected, write_labels, write_rejected
from headscribe.store.people.reading import AnswerRow, read_file


def import_labels(
    run: Path | str, files: Sequence[Path | str], *, key: Path | None = None, replace: bool = False
) -> PeopleImport:
    """Take the answers of files into the run; doing it again changes nothing.

    An answer that differs from one that is there is rejected unless ``replace``; a blank never overwrites.
    Rejected rows are kept in ``people/rejected.parquet`` until their file, or the same row in another one, is
    imported again.

    Args:
        run: the run that the items were exported from.
        files: answers in any of the formats, of any annotators.
        key: a key that does not lie in the run's ``people`` folder.
        replace: let answers take the place of those that are there.

    Raises:
        BadOption: a file is missing.
        BadStore: no run, no key, or the labels of the run cannot be read or written.
    """
    folder = RunDir.open(run).path
    paths = [Path(file) for file in files]
    for path in paths:
        if not path.is_file():
            raise BadOption("no such file", where=path, do="Give the files that annotators sent back")
    keys = read_keys(folder, key)
    if not keys:
        raise BadStore("this run has no key of an export", where=folder / FOLDER, do="Give it with --key")
    (folder / FOLDER).mkdir(exist_ok=True)
    with RunLock(folder / FOLDER / ".lock", "labels are being imported here"):
        return _Import(folder, keys, replace).take(paths)


class _Import:
    """One import: the labels that are there, and what happens to them."""

    def __init__(self, folder: Path, keys: Mapping[str, Key], replaces: bool) -> None:
        self.folder, self.replaces = folder, replaces
        self.hashes = {key.export: key.content_hash for key in keys.values()}
        self.truths = {(key.export, item.id): item for key in keys.values() for item in key.truths}
        self.labels = {label.key: label for label in read_labels(folder)}
        self.done = PeopleImport(items={key.export: len(key.items) for key in keys.values()})
        self.taken: set[str] = set()
        self.seen: dict[tuple[str, tuple[str, str, str]], int] = {}
        orphans = {label.export for label in self.labels.values()} - set(keys)
        if orphans:
            what = f"the key of export {', '.join(sorted(orphans))} is missing"
            raise BadStore(what, where=folder / FOLDER, do="Put it back, or give it with --key")

    def take(self, paths: Sequence[Path]) -> PeopleImport:
        """All rows of all files, then the tables."""
        for path in paths:
            for row in read_file(path):
                problem = row if isinstance(row, Problem) else self._take_row(row)
                if problem:
                    self.done.problems.append(problem)
        again = {str(path) for path in paths}
        before = [
            problem
            for problem in read_rejected(self.folder)
            if problem.file not in again and problem.raw not in self.taken
        ]
        rejected = {
            (problem.code, problem.raw or problem.file): problem
            for problem in [*before, *self.done.problems]
            if problem.rejected
        }
        write_labels(self.folder, self.labels.values(), self.truths)
        write_rejected(self.folder, rejected.values())
        self.done.annotators = dict(Counter(label.annotator for label in self.labels.values()))
        return self.done

    def _take_row(self, row: AnswerRow) -> Problem | None:
        found = read_label(row.fields, self.hashes, self.truths)
        if isinstance(found, Fault):
            return row.problem(*found)
        if found.pattern is None and found.fits is None and not found.comment:
            self.done.unanswered += 1
        elif clash := self._merge(found):
            return row.problem("conflict", clash, "Settle it, or give --replace to take the new answer")
        self.taken.add(row.raw)
        return self._remark(row, found)

    def _remark(self, row: AnswerRow, found: Label) -> Problem | None:
        """What a person may want to know of a row that was taken."""
        first = self.seen.setdefault((row.file, found.key), row.place)
        if first != row.place:
            what = f"item {found.item} by {found.annotator} stands in row {first} too"
            return row.problem("duplicate", what, "It counts once", rejected=False)
        lacking = [
            name
            for name, answer in (("pattern_visible", found.pattern), ("description_fits", found.fits))
            if answer is None
        ]
        if len(lacking) == 1 or (lacking and found.comment):
            what = f"item {found.item} lacks {' and '.join(lacking)}"
            return row.problem("half-filled", what, "The rest was taken", rejected=False)
        return None

    def _merge(self, new: Label) -> str | None:
        """Take a label in; gives what it contradicts, if it does and may not replace it."""
        old = self.labels.get(new.key)
        if old is None:
            self.labels[new.key] = new
            self.done.added += 1
            return None
        merged = replace(
            new,
            pattern=old.pattern if new.pattern is None else new.pattern,
            fits=old.fits if new.fits is None else new.fits,
            comment=new.comment or old.comment,
        )
        clashes = [
            name
            for name, before, now in (
                ("pattern_visible", old.pattern, merged.pattern),
                ("description_fits", old.fits, merged.fits),
                ("comment", old.comment or None, merged.comment),
            )
            if before is not None and before != now
        ]
        if clashes and not self.replaces:
            return f"{', '.join(clashes)} of item {new.item} by {new.annotator} differ from what is there"
        self.labels[new.key] = merged
        if clashes:
            self.done.replaced += 1
        elif merged != old:
            self.done.completed += 1
        else:
            self.done.unchanged += 1
        return None
