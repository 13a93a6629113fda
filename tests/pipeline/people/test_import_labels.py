"""What comes back: every row is checked, none is lost, and doing it again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.people import Format, Label
from headscribe.core.settings import StudySettings
from headscribe.pipeline.people.export import export_for_people
from headscribe.pipeline.people.import_labels import import_labels
from headscribe.pipeline.people.results import PeopleExport, PeopleImport
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.people.keys import Key, read_key
from headscribe.store.people.labels import read_labels, read_rejected
from tests.pipeline.people.planted_run import make_run
from tests.pipeline.people.simulated import read_csv, write_csv

ALL = StudySettings(sample="all", groups="3")
HOSTILE = (
    "=cmd|'/c calc'!A1",
    "'tis fine",
    "'=1",
    '  two spaces, and "quotes", ; semicolons',
    "<script>alert(1)</script>\u202e\x07\x00",
    "line\nbreak\r\nand\ttab",
    "x" * 10_000,
)


@dataclass
class Study:
    """A run, and one sheet that went out."""

    run: RunDir
    made: PeopleExport
    key: Key

    @property
    def sheet(self) -> Path:
        return self.made.files[0]

    def take(self, *files: Path, replace: bool = False) -> PeopleImport:
        return import_labels(self.run.path, files or (self.sheet,), replace=replace)

    def labels(self) -> dict[str, Label]:
        return {label.item: label for label in read_labels(self.run.path)}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    run = make_run(tmp_path / "run", n_layers=3, n_heads=4)
    made = export_for_people(run.path, tmp_path / "out", kind="csv", settings=ALL, annotators="anna")
    return Study(run, made, read_key(made.key))


def edit(sheet: Path, change: Callable[[int, dict[str, str]], None], **options: str) -> None:
    rows = read_csv(sheet)
    for number, row in enumerate(rows):
        change(number, row)
    write_csv(sheet, rows, **options)


def answer(number: int, row: dict[str, str]) -> None:
    row["pattern_visible"] = ("yes", "no")[number % 2]
    row["description_fits"] = ("no", "yes", "YES ", "n")[number % 4]


def test_a_filled_sheet_becomes_labels(study: Study) -> None:
    edit(study.sheet, answer)
    done = study.take()
    items = [row["item"] for row in read_csv(study.sheet)]
    assert (done.added, done.problems, done.exit_code) == (len(items), [], 0)
    labels = study.labels()
    assert [labels[item].pattern for item in items[:4]] == [True, False, True, False]
    assert [labels[item].fits for item in items[:4]] == [False, True, True, False]


def test_importing_again_changes_nothing(study: Study) -> None:
    edit(study.sheet, answer)
    study.take()
    before = (study.run.path / "people" / "labels.parquet").read_bytes()
    done = study.take()
    assert (done.added, done.unchanged, done.problems) == (0, len(study.key.items), [])
    assert (study.run.path / "people" / "labels.parquet").read_bytes() == before


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_sheets_that_other_spreadsheets_saved_are_read(study: Study, delimiter: str) -> None:
    edit(study.sheet, answer, delimiter=delimiter)
    study.sheet.write_bytes(study.sheet.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    assert study.take().added == len(study.key.items)


def test_comments_come_back_as_they_were_typed(study: Study) -> None:
    def change(number: int, row: dict[str, str]) -> None:
        answer(number, row)
        row["comment"] = HOSTILE[number % len(HOSTILE)]

    edit(study.sheet, change)
    study.take()
    typed = [row["comment"] for row in read_csv(study.sheet)]
    items = [row["item"] for row in read_csv(study.sheet)]
    found = [study.labels()[item].comment for item in items]
    # An apostrophe before a formula is what a sheet's own writer puts there: it is no part of the text.
    assert found == [comment.removeprefix("'") if comment == "'=1" else comment for comment in typed]


def test_a_half_filled_sheet_is_taken_and_can_be_gone_on_with(study: Study) -> None:
    def half(number: int, row: dict[str, str]) -> None:
        row["pattern_visible"] = "yes" if number < 5 else ""
        row["description_fits"] = "yes" if number < 2 else ""

    edit(study.sheet, half)
    done = study.take()
    assert (done.added, done.unanswered) == (5, len(study.key.items) - 5)
    assert [(problem.row, problem.code, problem.rejected) for problem in done.problems] == [
        (4, "half-filled", False),
        (5, "half-filled", False),
        (6, "half-filled", False),
    ]
    assert done.exit_code == 0
    edit(study.sheet, lambda number, row: row.update(pattern_visible="yes", description_fits="yes"))
    done = study.take()
    assert (done.completed, done.unchanged, done.added) == (3, 2, len(study.key.items) - 5)


def test_every_bad_row_is_reported_by_place_and_kept(study: Study) -> None:
    def spoil(number: int, row: dict[str, str]) -> None:
        answer(number, row)
        row.update(
            {
                1: {"item": "ffffffffffff"},
                2: {"export": "another"},
                3: {"content_hash": "0" * 64},
                4: {"pattern_visible": "perhaps"},
                5: {"annotator": "  "},
                6: {"item": ""},
                7: {"schema_version": "99"},
            }.get(number, {})
        )

    edit(study.sheet, spoil)
    done = study.take()
    codes = ("unknown-item", "unknown-export", "wrong-version", "bad-answer", "no-annotator", "no-item")
    assert [(problem.row, problem.code) for problem in done.problems] == [
        (3 + place, code) for place, code in enumerate((*codes, "wrong-version"))
    ]
    assert str(done.problems[3]) == (
        f"{study.sheet}:6: 'perhaps' is no answer in pattern_visible. Answer yes or no"
    )
    assert done.exit_code == 1
    assert done.added == len(study.key.items) - 7
    kept = read_rejected(study.run.path)
    assert len(kept) == 7
    assert json.loads(kept[3].raw)["pattern_visible"] == "perhaps"
    edit(study.sheet, lambda number, row: row.update(pattern_visible="yes") if number == 4 else None)
    assert study.take().rejected["wrong-version"] == 2
    assert len(read_rejected(study.run.path)) == 6


def test_a_different_answer_is_a_conflict_until_it_may_replace(study: Study) -> None:
    edit(study.sheet, answer)
    study.take()
    edit(study.sheet, lambda number, row: row.update(pattern_visible="no") if number == 0 else None)
    item = read_csv(study.sheet)[0]["item"]
    done = study.take()
    assert done.rejected == {"conflict": 1}
    assert done.problems[0].row == 2
    assert "pattern_visible of item" in done.problems[0].what
    assert study.labels()[item].pattern is True
    assert [problem.code for problem in read_rejected(study.run.path)] == ["conflict"]
    done = study.take(replace=True)
    assert (done.replaced, done.exit_code) == (1, 0)
    assert study.labels()[item].pattern is False
    assert read_rejected(study.run.path) == []


def test_a_row_that_stands_twice_is_reported_and_counts_once(study: Study) -> None:
    edit(study.sheet, answer)
    rows = read_csv(study.sheet)
    write_csv(study.sheet, [*rows, rows[0]])
    done = study.take()
    assert [(problem.row, problem.code) for problem in done.problems] == [(len(rows) + 2, "duplicate")]
    assert (done.added, done.exit_code) == (len(rows), 0)


def test_several_annotators_in_several_formats(study: Study, tmp_path: Path) -> None:
    edit(study.sheet, answer)
    names = {"jsonl": "ben", "label-studio": "cleo"}
    files = [study.sheet]
    for kind, name in names.items():
        made = export_for_people(
            study.run.path,
            tmp_path / kind,
            kind=kind,  # type: ignore[arg-type]
            settings=ALL,
            annotators=name,
        )
        files.append(made.files[0])
    lines = [json.loads(line) for line in files[1].read_text().splitlines()]
    files[1].write_text("".join(json.dumps(line | {"pattern_visible": True}) + "\n" for line in lines))
    tasks = json.loads(files[2].read_text())
    flat = [task["data"] | {"pattern_visible": "Yes", "annotator": 7, "id": 1} for task in tasks]
    files[2].write_text(json.dumps(flat))
    done = study.take(*files)
    assert done.annotators == dict.fromkeys(("anna", "ben", "cleo:7"), len(study.key.items))
    assert done.rejected == {}


def page_answers(study: Study, **fields: object) -> dict[str, object]:
    """What the annotation page downloads."""
    labels = [
        {"item": item.id, "pattern_visible": True, "description_fits": None, "comment": "\ud800 é"}
        for item in study.key.items[:3]
    ]
    return {
        "kind": "headscribe-labels",
        "schema_version": 1,
        "export": study.key.export,
        "content_hash": study.key.content_hash,
        "annotator": "anna",
        "labels": labels,
    } | fields


def test_the_pages_file_is_read_and_half_a_surrogate_pair_is_replaced(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(page_answers(study), indent=1))
    assert study.take(file).added == 3
    assert {label.comment for label in study.labels().values()} == {"\ufffd é"}
    assert study.take(file).unchanged == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "unreadable"),
        (b"a,b\n1,2\n", "unreadable"),
        (b"[1, 2", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b'{"kind": "headscribe-labels"}', "unreadable"),
        (b"PK\x03\x04", "unreadable"),
    ],
)
def test_a_file_without_labels_is_reported_and_the_others_are_taken(
    study: Study, tmp_path: Path, content: bytes, code: str
) -> None:
    edit(study.sheet, answer)
    file = tmp_path / "nonsense"
    file.write_bytes(content)
    done = study.take(file, study.sheet)
    assert done.rejected == {code: 1}
    assert done.added == len(study.key.items)


@pytest.mark.parametrize(
    "content",
    [
        '[1, null, {"data": 3}, {"data": {}, "annotations": [1, {"result": 5}]}]',
        '[{"data": {"export_id": [], "item": {}}, "annotations": [{"result": [{"value": 1}, 2]}]}]',
        '{"item": 3}\nnonsense\n[1]\n\n{"item": ["x"], "export": {"a": 1}}',
        '{"kind": "headscribe-labels", "labels": [1, [], {}]}',
        'item,export\n"unclosed',
        "item;export\n1;2;3;4\n",
    ],
)
def test_nonsense_inside_a_file_is_reported_per_row(study: Study, tmp_path: Path, content: str) -> None:
    file = tmp_path / "odd"
    file.write_text(content)
    done = study.take(file)
    assert sum(done.rejected.values()) >= 1
    assert done.added == 0


def test_a_damaged_line_of_json_lines_costs_that_line_alone(study: Study, tmp_path: Path) -> None:
    made = export_for_people(study.run.path, tmp_path / "j", kind="jsonl", settings=ALL, annotators="ben")
    lines = [json.loads(line) | {"pattern_visible": 1} for line in made.files[0].read_text().splitlines()]
    text = [json.dumps(line) for line in lines]
    text[2] = text[2][:50]
    made.files[0].write_text("\n".join(text))
    done = study.take(made.files[0])
    assert [(problem.row, problem.code) for problem in done.problems if problem.rejected] == [
        (3, "unreadable")
    ]
    assert done.added == len(lines) - 1


def test_a_missing_file_or_key_is_said_before_anything_is_taken(study: Study, tmp_path: Path) -> None:
    edit(study.sheet, answer)
    with pytest.raises(BadOption, match="no such file"):
        study.take(study.sheet, tmp_path / "missing.csv")
    moved = tmp_path / "key.json"
    study.made.key.rename(moved)
    with pytest.raises(BadStore, match="no key of an export"):
        study.take()
    assert read_labels(study.run.path) == []
    assert import_labels(study.run.path, [study.sheet], key=moved).added == len(study.key.items)


def test_a_key_may_lie_elsewhere_and_serves_again(study: Study, tmp_path: Path) -> None:
    key: Path = tmp_path / "safe" / "key.json"
    settings = ALL.model_copy(update={"seed": 5})
    kind: Format = "csv"
    made = export_for_people(study.run.path, tmp_path / "two", kind=kind, settings=settings, key=key)
    again = export_for_people(study.run.path, tmp_path / "three", kind=kind, settings=settings, key=key)
    assert (made.key, made.export, again.again) == (key, again.export, True)
    with pytest.raises(BadOption, match="key of another export"):
        export_for_people(study.run.path, tmp_path / "four", kind=kind, settings=ALL, key=key)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is damaged"), ("[]", "is damaged"), ('{"schema_version": 99}', "newer version")],
)
def test_a_damaged_key_is_one_line(study: Study, text: str, message: str) -> None:
    study.made.key.write_text(text)
    with pytest.raises(BadStore, match=message):
        study.take()
