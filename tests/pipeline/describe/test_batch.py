"""A run by batch files ends as a live run does, whatever the files have lost on their way."""

from __future__ import annotations

from pathlib import Path

import pytest

from headscribe.core.batch import Batch
from headscribe.core.chat import FailureKind
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadOption
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, RunSummary, describe_model
from tests.pipeline.conftest import Counting
from tests.pipeline.describe.batch_runner import answer, refuse, requests, run_batch

SMALL = MapSettings(salient=8, targets=3)
SINGLE = DescribeSettings(method="single", max_retries=0)
VERIFIED = DescribeSettings(method="verified", rounds=1, validation=2, test=2, max_retries=0)
N = 6  # heads of layer 1


class Run:
    """One run, its file of requests and the file of their answers."""

    def __init__(self, model: str, folder: Path, asking: DescribeSettings = SINGLE) -> None:
        self.model, self.folder, self.asking = model, folder, asking
        self.file, self.output = folder / "requests.jsonl", folder / "output.jsonl"

    def describe(self, batch: Batch | None, name: str = "run", **options: object) -> RunSummary:
        settings: dict[str, object] = {"llm": "fake", "heads": "L1", "describe_settings": self.asking}
        return describe_model(
            self.model, self.folder / name, map_settings=SMALL, batch=batch, **(settings | options)
        )  # type: ignore[arg-type]

    def write(self, **options: object) -> RunSummary:
        return self.describe(Batch("write", self.file), **options)

    def read(self, **options: object) -> RunSummary:
        return self.describe(Batch("read", self.output), **options)


@pytest.fixture
def run(model: str, tmp_path: Path) -> Run:
    return Run(model, tmp_path)


def outcomes(folder: Path) -> list[tuple[object, ...]]:
    rows = RunDir.open(folder).descriptions()
    return [(row.head, row.outcome, row.prompt_tokens, row.completion_tokens) for row in rows]


def test_writing_asks_nobody_and_reading_finishes_the_run(run: Run, llm: Counting) -> None:
    written = run.write()
    assert written.exit_code == 0
    assert (written.batch.requests, written.batch.waiting, written.left) == (N, N, N)
    assert RunDir.open(run.folder / "run").header.state == "stopped"
    assert len({line["custom_id"] for line in run_batch(run.file, run.output)}) == N
    done = run.read()
    assert (done.exit_code, done.counts["ok"], done.calls, done.batch.taken) == (0, N, N, N)
    assert (done.batch.waiting, done.batch.missing, done.batch.unknown) == (0, 0, 0)
    assert RunDir.open(run.folder / "run").header.state == "finished"
    assert RunDir.open(run.folder / "run").header.totals.calls == N
    assert llm.total == 0
    run.describe(None, "live")
    assert outcomes(run.folder / "run") == outcomes(run.folder / "live")


@pytest.mark.usefixtures("llm")
def test_a_method_of_several_steps_goes_file_by_file_to_the_same_end(run: Run) -> None:
    run.asking = VERIFIED
    files = 0
    while run.write().batch.requests:
        files += 1
        run_batch(run.file, run.output)
        done = run.read()
    assert files >= 2 * 2 + 2, "describe, read, refine, read, batches of the test, and the intruders"
    assert (done.exit_code, done.counts["ok"]) == (0, N)
    run.describe(None, "live")
    live = outcomes(run.folder / "live")
    assert [row[:2] for row in outcomes(run.folder / "run")] == [row[:2] for row in live]


@pytest.mark.usefixtures("llm")
def test_experiments_go_on_where_the_last_file_ended(run: Run) -> None:
    run.asking = VERIFIED.model_copy(update={"method": "agent", "max_tool_calls": 2})
    files = 0
    while run.write(heads="L1H2").batch.requests:
        files += 1
        run_batch(run.file, run.output)
        done = run.read(heads="L1H2")
    assert (files >= 3, done.exit_code) == (True, 0)
    run.describe(None, "live", heads="L1H2")
    live = outcomes(run.folder / "live")
    assert [row[:2] for row in outcomes(run.folder / "run")] == [row[:2] for row in live]


def test_reading_again_changes_nothing(run: Run) -> None:
    run.write()
    run_batch(
        run.file, run.output, lambda line: answer(line) if line["custom_id"] > "5" else refuse(line, 500)
    )
    first = run.read()
    again = run.read()
    assert (again.batch.taken, again.batch.failed, again.batch.known) == (0, {}, N)
    assert again.counts == first.counts
    totals = RunDir.open(run.folder / "run").header.totals
    assert (totals.calls, totals.failed_attempts) == (first.batch.taken, N - first.batch.taken)


def test_what_lines_lack_is_counted_and_asked_in_the_next_file(run: Run) -> None:
    run.write()
    asked = run_batch(run.file, run.output)
    lines = run.output.read_text().splitlines()
    stray = lines[2].replace(asked[2]["custom_id"], "somebody else's")
    run.output.write_text("\n".join([lines[0], lines[0], lines[1], stray, "", lines[3][:70]]))
    done = run.read()
    report = done.batch
    assert (report.taken, report.duplicated, report.unknown, report.unreadable) == (2, 1, 1, 1)
    assert (report.missing, report.waiting, done.left, done.exit_code) == (N - 2, N - 2, N - 2, 1)
    run.write()
    left = [line["custom_id"] for line in requests(run.file)]
    assert left == [line["custom_id"] for line in asked[2:]]
    run_batch(run.file, run.output)
    assert run.read().exit_code == 0


def test_an_error_that_may_pass_is_asked_again_and_a_refusal_is_not(run: Run) -> None:
    run.write()
    bad = {requests(run.file)[0]["custom_id"]: 503, requests(run.file)[1]["custom_id"]: 400}
    run_batch(
        run.file,
        run.output,
        lambda line: refuse(line, bad[key]) if (key := line["custom_id"]) in bad else answer(line),
    )
    done = run.read()
    assert done.batch.failed == {FailureKind.SERVER: 1, FailureKind.BAD_REQUEST: 1}
    assert (done.counts["ok"], done.counts["failed"], done.left) == (N - 2, 1, 1)
    rows = RunDir.open(run.folder / "run").descriptions()
    (failed,) = [row.outcome for row in rows if row.outcome.status is Status.FAILED]
    assert "the filter says no" in failed.error
    assert run.write().batch.requests == 1
    assert run.write(retry=frozenset({Status.FAILED})).batch.requests == 2
    run_batch(run.file, run.output)
    assert run.read().exit_code == 0


@pytest.mark.usefixtures("llm")
def test_a_refused_question_of_the_test_does_not_stop_its_head(run: Run) -> None:
    run.asking = VERIFIED
    refused: list[str] = []
    while run.write().batch.requests:
        asked = [line["custom_id"] for line in requests(run.file)]
        assert not set(refused) & set(asked), "never asked again"
        if len(asked) > N and not refused:
            refused.append(asked[0])
        run_batch(
            run.file, run.output, lambda line: refuse(line) if line["custom_id"] in refused else answer(line)
        )
        run.read()
    assert refused
    assert run.describe(None).counts["ok"] == N


def test_live_calls_and_batches_share_their_answers(run: Run, llm: Counting) -> None:
    run.describe(None, heads="L1H0,L1H1,L1H2")
    assert run.write().batch.requests == N - 3
    run_batch(run.file, run.output)
    run.read()
    assert run.describe(None).already_done == N
    assert llm.total == 3


def test_no_more_is_written_than_the_budget_allows(run: Run) -> None:
    full = run.write()
    run.asking = SINGLE.model_copy(update={"max_tokens": 6_000})
    cut = run.write()
    assert 0 < cut.batch.requests < full.batch.requests
    assert (cut.budget, cut.exit_code) == ("--max-tokens", 1)


def test_a_file_that_holds_something_else_is_not_overwritten(run: Run) -> None:
    run.file.write_text("my notes\n")
    with pytest.raises(BadOption, match="something else"):
        run.write()
    assert run.file.read_text() == "my notes\n"
    assert not (run.folder / "run").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"llm": "rules"}, "asks nobody"),
        ({"llm": "groq:llama"}, "no batches"),
        ({"retry": frozenset({Status.UNCLEAR})}, "does not go with --batch"),
    ],
)
def test_what_no_batch_can_do_is_one_line(run: Run, options: dict[str, object], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        run.write(**options)


def test_only_answers_can_be_read(run: Run) -> None:
    with pytest.raises(BadOption, match="no such file"):
        run.read()
    run.write()
    run.output.write_bytes(run.file.read_bytes())
    with pytest.raises(BadOption, match="no line of this file"):
        run.read()
