"""Evaluating a run: both judges, what is written, and going on after an interruption."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from headscribe.agent.llm.fake import FakeClient
from headscribe.core.chat import ChatReply, ChatRequest
from headscribe.core.errors import BadOption, BadPrompt, BadStore
from headscribe.core.evaluation import head_agreement
from headscribe.core.heads import Head
from headscribe.core.settings import AskSettings, EvaluateSettings
from headscribe.pipeline import evaluate_run, plan_evaluation
from headscribe.pipeline.evaluate.section import evaluation_additions
from headscribe.pipeline.evaluate.tables import disagreements
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_tables import read_evaluation, read_judgments
from tests.eval.evaluate.made_runs import described, made_run
from tests.pipeline.conftest import Counting

QUICK = EvaluateSettings(resamples=50, permutations=50)
OPERATIONS = ("country_to_capital", "verb_to_past_tense", "noun_to_plural", "copying", "my_own_thing")
SAID = {
    "country_to_capital": "Maps a country to its capital.",
    "verb_to_past_tense": "Maps verbs to their past tense.",
    "noun_to_plural": "Maps nouns to plurals.",
    "copying": "Copies the source.",
}


def scores(**high: float) -> dict[str, float]:
    return dict.fromkeys(OPERATIONS, 0.0) | high


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Twenty heads: most are described by what they score on, some wrongly, some not at all."""
    outcomes, scored = {}, {}
    names = list(SAID)
    for number in range(20):
        head, name = Head(number // 5, number % 5), names[number % 4]
        scored[head] = scores(**{name: 0.3 + number / 40}) if number % 5 else scores()
        outcomes[head] = described(SAID[name], confidence=0.5 + number / 40)
    outcomes[Head(0, 1)] = described("Topics such as sports.", confidence=0.2)
    outcomes[Head(0, 2)] = described(None)
    outcomes[Head(0, 3)] = described(None, status="refused")
    outcomes[Head(0, 4)] = described("Maps nouns to plurals.", confidence=0.1)
    return made_run(tmp_path / "run", outcomes, scored)


def test_what_the_rules_took_from_the_scores_is_not_judged(tmp_path: Path) -> None:
    heads = {Head(layer, 1): scores(country_to_capital=0.5) for layer in range(4)}
    said = (
        "Maps nouns to plurals. By its operation scores, it maps a country to its capital (20 of 40 pairs)."
    )
    expressed = {}
    for method in ("rules", "verified"):
        run = made_run(tmp_path / method, dict.fromkeys(heads, described(said)), heads, method=method)
        evaluate_run(run, settings=QUICK)
        rows = read_judgments(run)
        expressed[method] = {row.operation for row in rows if row.rules}
    assert expressed["rules"] == {"noun_to_plural"}
    assert expressed["verified"] == {"noun_to_plural", "country_to_capital"}, "an LLM knows no scores"


class Truthful:
    """A judge who reads the numbered list and knows which operation each sentence means."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.interrupt_after: int | None = None

    async def send(self, _client: FakeClient, request: ChatRequest) -> ChatReply:
        prompt = request.messages[-1].content
        self.prompts.append(prompt)
        if self.interrupt_after == len(self.prompts):
            os.kill(os.getpid(), signal.SIGINT)
        description = json.loads(re.search(r"^Description: (.*)$", prompt, re.MULTILINE)[1])
        options = re.findall(r'^(\d+): "([^"]+)", ', prompt, re.MULTILINE)
        if "Categories:" in prompt:
            right = [number for number, name in options if name == "copying" and "Copies" in description]
            return ChatReply(json.dumps({"reason": "", "categories": [int(n) for n in right]}))
        if "sports" in description:
            return ChatReply("I would rather talk about sports.")
        right = [int(number) for number, name in options if SAID.get(name) == description]
        return ChatReply(json.dumps({"reason": "", "expressed": right}))


@pytest.fixture
def truthful(monkeypatch: pytest.MonkeyPatch) -> Truthful:
    judge = Truthful()

    async def send(client: FakeClient, request: ChatRequest) -> ChatReply:
        return await judge.send(client, request)

    monkeypatch.setattr(FakeClient, "send", send)
    return judge


def test_the_rules_judge_finds_what_was_planted(run: Path) -> None:
    summary = evaluate_run(run, settings=QUICK)
    found = read_evaluation(run)
    assert summary.exit_code == 0
    assert found.header.heads == {
        "ok": 18, "unclear": 1, "unparseable": 0, "refused": 1, "truncated": 0, "failed": 0,
    }  # fmt: skip
    assert {row.head for row in found.judgments} == {row.head for row in RunDir.open(run).descriptions()} - {
        Head(0, 3)
    }
    expressed = {(row.head, row.operation) for row in found.judgments if row.rules}
    assert (Head(1, 1), "noun_to_plural") in expressed
    assert not [row for row in found.judgments if row.head == Head(0, 2) and row.rules]
    silent, unscored = disagreements(found.judgments)
    assert [(row.head, row.operation) for row in silent] == [
        (Head(0, 4), "country_to_capital"),
        (Head(0, 2), "noun_to_plural"),
        (Head(0, 1), "verb_to_past_tense"),
    ]
    assert (Head(0, 4), "noun_to_plural") in {(row.head, row.operation) for row in unscored}
    assert all(row.phrase for row in unscored)
    assert found.header.named["rules"] == (15, 12)


def test_an_operation_of_ones_own_is_judged_by_its_name_and_the_notes_say_so(
    run: Path, tmp_path: Path
) -> None:
    evaluate_run(run, settings=QUICK)
    header = read_evaluation(run).header
    assert {used.operation: used.origin for used in header.lexicons}["my_own_thing"] == "name"
    assert any("my_own_thing" in note for note in header.notes)
    own = tmp_path / "my_own_thing.json"
    own.write_text(
        json.dumps({"name": "my_own_thing", "pairs": [["a", "b"]], "lexicon": {"alone": ["sport"]}})
    )
    evaluate_run(run, settings=QUICK, operations=[own])
    assert {used.operation: used.origin for used in read_evaluation(run).header.lexicons}[
        "my_own_thing"
    ] == "file"
    expressed = [row for row in read_judgments(run) if row.operation == "my_own_thing" and row.rules]
    assert [row.head for row in expressed] == [Head(0, 1)]


def test_the_llm_judge_sees_as_many_operations_scored_as_not_and_no_score(
    run: Path, truthful: Truthful
) -> None:
    summary = evaluate_run(run, llm="fake", settings=QUICK)
    found = read_evaluation(run)
    items = [row for row in found.judgments if row.llm_status is not None]
    assert sum(row.scored for row in items) == sum(not row.scored for row in items) == 15
    assert {row.head for row in items if not row.scored} & {Head(0, 0), Head(1, 0), Head(2, 0), Head(3, 0)}
    for prompt in truthful.prompts:
        assert not re.search(r"0\.\d|score of|confidence|L\d+H\d+", prompt.split("Description:")[1])
    # The head that got no answer, and the one without a description.
    by_status = {
        status: [row for row in items if row.llm_status == status] for status in ("unparseable", "unclear")
    }
    assert {row.head for row in by_status["unparseable"]} == {Head(0, 1)}
    assert all(row.llm is None for row in by_status["unparseable"])
    assert all(row.llm is False for row in by_status["unclear"])
    assert found.header.llm.statuses["unparseable"] >= 1
    assert found.header.llm.unanswered == len(by_status["unparseable"])
    assert summary.exit_code == 1, "a question without an answer is a failure that is counted"
    # Where the judge answered, it knows the truth, and so do the rules.
    same = [row for row in items if row.llm is not None]
    assert all(row.llm == row.rules for row in same)
    assert {row.judge for row in found.metrics} == {"rules", "llm", "rules-on-llm-items"}
    assert head_agreement(found.judgments, "llm")[Head(1, 1)] == 1.0


def test_both_judges_sort_descriptions_into_categories(run: Path, truthful: Truthful) -> None:
    evaluate_run(run, llm="fake", settings=QUICK)
    kinds = {row.category: row for row in read_evaluation(run).header.categories.rows}
    assert (kinds["copying"].rules, kinds["copying"].llm, kinds["copying"].kappa) == (4, 4, 1.0)
    assert kinds["algorithmic"].rules == 4
    assert kinds["algorithmic"].llm == 0
    assert kinds["linguistic"].rules == 9
    assert sum(kinds["copying"].layers) == 4


def test_answers_are_kept_and_not_asked_for_again(run: Path, llm: Counting) -> None:
    first = evaluate_run(run, llm="fake", settings=QUICK)
    asked = llm.total
    again = evaluate_run(run, llm="fake", settings=QUICK)
    assert llm.total == asked
    assert again.asked.totals.calls == 0
    assert first.evaluation.judgments == again.evaluation.judgments
    assert first.evaluation.metrics == again.evaluation.metrics


def test_an_interrupted_evaluation_goes_on_where_it_ended(run: Path, truthful: Truthful) -> None:
    truthful.interrupt_after = 5
    one = AskSettings(concurrency=1)
    stopped = evaluate_run(run, llm="fake", settings=QUICK, asking=one)
    assert (stopped.exit_code, stopped.evaluation) == (130, None)
    assert not (run / "evaluation.json").exists()
    plan = plan_evaluation(run, llm="fake", settings=QUICK, asking=one)
    assert 5 <= plan.answered < plan.questions
    done = evaluate_run(run, llm="fake", settings=QUICK, asking=one)
    assert done.evaluation is not None
    assert len(truthful.prompts) == len(set(truthful.prompts)), "what was answered is not asked again"


def test_a_budget_ends_it_and_a_larger_one_goes_on(run: Path, llm: Counting) -> None:
    small = evaluate_run(run, llm="fake", settings=QUICK, asking=AskSettings(max_tokens=3000, concurrency=1))
    assert (small.exit_code, small.budget, small.evaluation) == (1, "--max-tokens", None)
    before = llm.total
    assert before > 0
    evaluate_run(run, llm="fake", settings=QUICK)
    assert max(llm.asked.values()) == 1


def test_a_question_that_fails_is_counted_and_asked_again_the_next_time(run: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"match": "Topics such as sports", "status": 400, "times": 2}]))
    first = evaluate_run(run, llm=f"fake:{script}", settings=QUICK)
    judge = first.evaluation.header.llm
    assert (first.exit_code, judge.statuses["failed"]) == (1, 2)
    failed = [row for row in first.evaluation.judgments if row.llm_status == "failed"]
    assert {(row.head, row.llm) for row in failed} == {(Head(0, 1), None)}
    script.write_text("[]")
    again = evaluate_run(run, llm=f"fake:{script}", settings=QUICK)
    assert (again.exit_code, again.asked.totals.calls) == (0, 2)


def test_a_plan_counts_questions_and_asks_nobody(run: Path, llm: Counting) -> None:
    plan = plan_evaluation(run, llm="fake", settings=QUICK)
    assert llm.total == 0
    assert plan.items == 30
    assert plan.estimate.prompt_tokens > 1000
    assert not (run / "run.db-journal").exists()


def test_without_confidences_it_says_so(tmp_path: Path) -> None:
    head = Head(0, 0)
    run = made_run(tmp_path / "run", {head: described(SAID["copying"])}, {head: scores(copying=0.5)})
    (row,) = evaluate_run(run, settings=QUICK).evaluation.header.reliability
    assert "confidence" in (row.why_not or "")


def test_an_unfinished_run_is_evaluated_as_far_as_it_goes(tmp_path: Path) -> None:
    head = Head(0, 0)
    run = made_run(
        tmp_path / "run", {head: described("Copies.")}, {head: scores(copying=0.5)}, state="interrupted"
    )
    notes = evaluate_run(run, settings=QUICK).evaluation.header.notes
    assert any("not complete (interrupted)" in note for note in notes)


def test_what_cannot_be_evaluated_is_named(tmp_path: Path, run: Path) -> None:
    head = Head(0, 0)
    with pytest.raises(BadStore, match="not a run"):
        evaluate_run(tmp_path / "missing")
    bare = made_run(tmp_path / "bare", {head: described("Copies.")}, {})
    with pytest.raises(BadStore, match="no operation scores"):
        evaluate_run(bare)
    failed = made_run(tmp_path / "failed", {head: described(None, status="failed")}, {head: scores()})
    with pytest.raises(BadStore, match="no head of this run has an answer"):
        evaluate_run(failed)
    with pytest.raises(BadPrompt, match="no template for a judge"):
        evaluate_run(run, llm="fake", settings=QUICK.model_copy(update={"judge": "detect"}))
    with pytest.raises(BadPrompt, match="asks for no expressed"):
        evaluate_run(run, llm="fake", settings=QUICK.model_copy(update={"judge": "categorize"}))
    with pytest.raises(BadOption, match="asks nobody"):
        plan_evaluation(run, llm="rules")


def test_no_head_that_scores_leaves_the_llm_only_categories(tmp_path: Path, truthful: Truthful) -> None:
    heads = [Head(0, number) for number in range(3)]
    run = made_run(
        tmp_path / "run", dict.fromkeys(heads, described(SAID["copying"])), {head: scores() for head in heads}
    )
    found = evaluate_run(run, llm="fake", settings=QUICK).evaluation
    assert found.header.llm.items == 0
    assert len(truthful.prompts) == 1, "equal questions are asked once"
    assert {row.judge for row in found.metrics} == {"rules"}


def test_the_tables_read_as_documented_and_damage_is_named(run: Path) -> None:
    evaluate_run(run, settings=QUICK)
    assert pq.read_table(run / "judgments.parquet").num_rows == 19 * len(OPERATIONS)
    assert pq.read_table(run / "categories.parquet").num_rows == 18 * 25
    metrics = pq.read_table(run / "evaluation.parquet").to_pylist()
    assert {row["scope"] for row in metrics} == {"operation", "category", "overall"}
    good = (run / "judgments.parquet").read_bytes()
    for damaged in (good[:100], good.replace(b"copying", b"c0pying")):
        (run / "judgments.parquet").write_bytes(damaged)
        with pytest.raises(BadStore, match="does not belong to the evaluation"):
            read_judgments(run)
    (run / "judgments.parquet").unlink()
    with pytest.raises(BadStore, match="missing"):
        read_judgments(run)
    (run / "evaluation.json").write_text("{")
    with pytest.raises(BadStore, match=r"evaluation\.json is damaged"):
        read_evaluation(run)
    evaluate_run(run, settings=QUICK)
    assert read_judgments(run)


def test_the_report_shows_it_and_survives_damage(run: Path) -> None:
    opened = RunDir.open(run)
    assert evaluation_additions(opened) is None
    evaluate_run(run, settings=QUICK)
    added = evaluation_additions(opened)
    assert added.sections[0].figures
    assert "Scored, not expressed: country_to_capital 0.40." in added.notes[Head(0, 4)][0].text
    assert added.colours["agreement, rules judge"][Head(1, 1)] == 1.0
    (run / "judgments.parquet").write_bytes(b"")
    assert "cannot be shown" in evaluation_additions(opened).sections[0].lead


def test_a_report_says_that_descriptions_have_changed_since(run: Path, tmp_path: Path) -> None:
    evaluate_run(run, settings=QUICK)
    other = made_run(tmp_path / "other", {Head(0, 0): described("Else.")}, {Head(0, 0): scores()})
    (run / "descriptions.parquet").write_bytes((other / "descriptions.parquet").read_bytes())
    assert evaluation_additions(RunDir.open(run)).sections[0].lead.startswith("The descriptions have changed")


def test_a_run_that_somebody_writes_is_left_alone(run: Path) -> None:
    from headscribe.store.lock import RunLock

    lock = RunLock(run / ".lock")
    try:
        with pytest.raises(BadStore, match="in progress"):
            evaluate_run(run, settings=QUICK)
    finally:
        lock.release()
