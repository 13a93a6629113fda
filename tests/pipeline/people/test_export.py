"""What goes out: which heads, with which controls, in which order, and nothing that tells which they are."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from headscribe.core.descriptions import Status
from headscribe.core.errors import BadOption, BadStore
from headscribe.core.heads import Head
from headscribe.core.layer_groups import LayerGroup, layer_groups
from headscribe.core.people import Format
from headscribe.core.settings import StudySettings
from headscribe.eval.people.sampling import draw, read_sample, shares
from headscribe.eval.people.study import BlindNames, order_for
from headscribe.pipeline.people.export import export_for_people
from headscribe.store.people.keys import Key, read_key
from tests.pipeline.people.planted_run import LLM, MODEL_NAME, N_HEADS, N_LAYERS, make_run, planted_text
from tests.pipeline.people.simulated import read_csv

FORMATS = ("html", "csv", "jsonl", "label-studio")
ALL = StudySettings(sample="all", groups="3")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("people") / "run").path


@pytest.fixture(scope="module")
def key(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Key:
    made = export_for_people(run, tmp_path_factory.mktemp("out"), kind="csv", settings=ALL)
    return read_key(made.key)


def test_every_answered_head_is_an_item_and_failed_heads_are_counted(run: Path, tmp_path: Path) -> None:
    made = export_for_people(run, tmp_path, kind="csv", settings=ALL)
    assert (made.heads, made.left_out, made.not_drawn) == (27, 3, 0)
    assert (made.wrong, made.repeats, made.items) == (3, 3, 33)
    assert made.groups == {"L0–L1": 9, "L2–L3": 9, "L4–L5": 9}
    assert len(read_csv(made.files[0])) == 33


def test_a_sample_takes_so_many_heads_of_each_layer_group(run: Path, tmp_path: Path) -> None:
    settings = StudySettings(sample="layers:4", groups="0-1,2-5", controls=2)
    made = export_for_people(run, tmp_path, kind="csv", settings=settings)
    assert made.groups == {"L0–L1": 4, "L2–L5": 4}
    assert made.not_drawn == 19


def test_a_stratified_sample_keeps_the_shares_of_status_and_confidence(run: Path) -> None:
    from headscribe.store.describe.run_dir import RunDir

    rows = [row for row in RunDir.open(run).descriptions() if row.outcome.status is not Status.FAILED]
    drawn = draw(rows, read_sample("stratified:9"), layer_groups("2", N_LAYERS), seed=0)
    assert len(drawn) == 9
    assert Counter(row.outcome.status for row in drawn) == {Status.OK: 7, Status.UNCLEAR: 2}
    ok = sorted(row.outcome.confidence or 0 for row in drawn if row.outcome.status is Status.OK)
    assert ok[0] < 0.3 < ok[-1]


def test_shares_by_largest_remainders() -> None:
    assert shares({"a": 10, "b": 10, "c": 1}, 10) == {"a": 5, "b": 5, "c": 0}
    assert shares({"a": 2, "b": 1}, 2) == {"a": 1, "b": 1}


@pytest.mark.parametrize("kind", FORMATS)
def test_no_file_for_annotators_says_what_it_is_about(run: Path, tmp_path: Path, kind: str) -> None:
    made = export_for_people(run, tmp_path, kind=kind, settings=ALL, annotators="anna")  # type: ignore[arg-type]
    secrets = [MODEL_NAME, LLM, "secret_operation", "verified", "saliency", "confidence", str(run)]
    secrets += [Head(layer, head).name for layer in range(N_LAYERS) for head in range(N_HEADS)]
    secrets += [read_key(made.key).secret, read_key(made.key).identity, '"wrong"', '"repeat"']
    for file in made.files:
        text = file.read_text(encoding="utf-8")
        assert [secret for secret in secrets if secret in text] == []


def test_ids_tell_nothing_without_the_secret(run: Path, tmp_path: Path, key: Key) -> None:
    again = make_run(tmp_path / "run")
    other = read_key(export_for_people(again.path, tmp_path / "out", kind="csv", settings=ALL).key)
    assert other.identity == key.identity
    assert not {item.id for item in other.items} & {item.id for item in key.items}
    assert BlindNames("00").of("head", "L0H0") != BlindNames("01").of("head", "L0H0")


def test_the_rules_counts_are_not_shown_as_they_are_their_confidence(run: Path) -> None:
    from dataclasses import replace

    from headscribe.eval.people.study import shown
    from headscribe.store.describe.run_dir import RunDir

    row = RunDir.open(run).descriptions()[0]
    text = "Copies the source (16 of 30 mappings), e.g. ' a' → ' a'. More (2 of 30 mappings)."
    outcome = replace(row.outcome, description=text)
    assert (
        shown(replace(row, method="rules", outcome=outcome)) == "Copies the source, e.g. ' a' → ' a'. More."
    )
    assert shown(replace(row, outcome=outcome)) == text


def test_the_same_export_again_has_the_same_items_for_more_annotators(run: Path, tmp_path: Path) -> None:
    first = export_for_people(run, tmp_path / "a", kind="csv", settings=ALL, annotators="anna,ben")
    later = export_for_people(run, tmp_path / "b", kind="jsonl", settings=ALL, annotators="anna,cleo")
    assert later.again
    assert later.export == first.export
    in_csv = [row["item"] for row in read_csv(first.files[0])]
    in_jsonl = [json.loads(line)["item"] for line in later.files[0].read_text().splitlines()]
    assert in_csv == in_jsonl
    other = export_for_people(run, tmp_path / "c", kind="csv", settings=ALL.model_copy(update={"seed": 1}))
    assert other.export != first.export


def test_every_annotator_has_an_order_of_their_own(key: Key) -> None:
    anna, ben = (order_for(name, key.export, key.truths) for name in ("anna", "ben"))
    assert anna != ben
    assert sorted(anna) == sorted(ben)
    assert anna == order_for("anna", key.export, key.truths)


def test_repetitions_stand_far_from_their_originals(key: Key) -> None:
    for name in map(str, range(20)):
        order = order_for(name, key.export, key.truths)
        for truth in key.truths:
            if truth.of:
                assert abs(order.index(truth.id) - order.index(truth.of)) >= 10


def test_a_wrong_description_is_of_a_head_that_does_something_else(key: Key) -> None:
    wrong = [truth for truth in key.truths if truth.kind == "wrong"]
    assert len(wrong) == 3
    assert all(truth.head.layer != truth.described.layer for truth in wrong)  # a layer shares its operation
    assert len({truth.head for truth in wrong}) == 3


def test_wrong_descriptions_show_heads_that_are_not_judged_while_there_are_any(
    run: Path, tmp_path: Path
) -> None:
    settings = StudySettings(sample="layers:3", groups="3", controls=5)
    truths = read_key(export_for_people(run, tmp_path, kind="csv", settings=settings).key).truths
    judged = {truth.head for truth in truths if truth.kind == "head"}
    assert not judged & {truth.head for truth in truths if truth.kind == "wrong"}


def test_heads_that_look_alike_make_no_wrong_description(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", text=lambda head: "Copies the token that it reads.")
    made = export_for_people(run.path, tmp_path / "out", kind="csv", settings=ALL)
    assert made.wrong == 0
    (said,) = made.fewer
    assert said.startswith("0 of 3 controls")


def test_a_sheet_can_be_read_by_people_and_holds_both_questions(run: Path, tmp_path: Path) -> None:
    made = export_for_people(run, tmp_path, kind="csv", settings=ALL)
    rows = list(csv.DictReader(io.StringIO(made.files[0].read_text(encoding="utf-8-sig"), newline="")))
    assert [row["place"] for row in rows] == [str(place) for place in range(1, 34)]
    unclear = [row for row in rows if row["description"] == "(no clear pattern)"]
    assert len(unclear) >= 6
    assert {row["question_2"] for row in unclear} == {"The describer found no clear pattern. Is that right?"}
    described = next(row for row in rows if row["description"] == planted_text(Head(2, 1)))
    assert described["question_2"] == "Does the description fit?"
    assert len(described["mappings"].splitlines()) == 8


def test_layer_groups() -> None:
    assert layer_groups("3", 8) == (LayerGroup(0, 1), LayerGroup(2, 4), LayerGroup(5, 7))
    assert layer_groups("9", 2) == (LayerGroup(0, 0), LayerGroup(1, 1))
    assert [group.name for group in layer_groups("L2-4,0-1", 5)] == ["L0–L1", "L2–L4"]
    for wrong in ("0", "", "0-1", "0-1,1-4", "0-9,", "0-99", "-1", "a", "٣"):
        with pytest.raises(BadOption, match="does not divide layers 0 to 4"):
            layer_groups(wrong, 5)


@pytest.mark.parametrize("names", ["0", "101", "../x", "a,a", "a,A", "", "a b", "con", "-x", "é"])
def test_names_that_cannot_be_files_are_refused(run: Path, tmp_path: Path, names: str) -> None:
    with pytest.raises(BadOption):
        export_for_people(run, tmp_path / "out", annotators=names)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sample", ["", "0", "layers:0", "layers:", "stratified:-1", "heads:3", "layers:٣"])
def test_samples_that_cannot_be_read_are_refused(run: Path, tmp_path: Path, sample: str) -> None:
    with pytest.raises(BadOption, match="is not a sample"):
        export_for_people(run, tmp_path / "out", settings=StudySettings(sample=sample))


def test_the_key_never_lies_among_the_annotators_files(run: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="the key would lie among"):
        export_for_people(run, tmp_path, key=tmp_path / "key.json")
    with pytest.raises(BadOption, match="the key would lie among"):
        export_for_people(run, run / "people")
    with pytest.raises(BadOption, match="one file for several annotators"):
        export_for_people(run, tmp_path / "page.html", annotators="2")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_answers_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", status=lambda head: Status.FAILED)
    with pytest.raises(BadStore, match="no head of this run has an answer"):
        export_for_people(run.path, tmp_path / "out")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_sheet_with_answers_is_never_overwritten(run: Path, tmp_path: Path, kind: Format) -> None:
    made = export_for_people(run, tmp_path, kind=kind, settings=ALL)
    assert export_for_people(run, tmp_path, kind=kind, settings=ALL).again  # nothing was filled in yet
    filled = made.files[0].read_text(encoding="utf-8") + "x"
    made.files[0].write_text(filled, encoding="utf-8")
    with pytest.raises(BadOption, match="there is another sheet already"):
        export_for_people(run, tmp_path, kind=kind, settings=ALL)
    assert made.files[0].read_text(encoding="utf-8") == filled
