"""Context look-ups end to end: a planted head and context, stages that are gone on with, bad input."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from headscribe.agent.llm.fake import FakeClient
from headscribe.core.chat import ChatReply, ChatRequest
from headscribe.core.errors import BadOption, BadStore, BadTexts
from headscribe.core.settings import AskSettings, LookupSettings, MapSettings, TextSettings
from headscribe.pipeline import describe_model, look_up, plan_lookups
from headscribe.pipeline.lookups import text_pass
from headscribe.pipeline.lookups.model_stages import ModelStages
from headscribe.pipeline.lookups.request import read_request
from headscribe.pipeline.lookups.results import LookupsSummary
from headscribe.store.lookups.lookup_dir import LookupDir
from tests.conftest import REPOSITORY
from tests.pipeline.conftest import Listening
from tests.planted.lookups import CONTEXT, HEAD, NEURON, TARGET, planted_texts, save_planted_lookup

SETTINGS = LookupSettings(neurons_per_layer=2, explain_prompts=20, score_prompts=60)
QUICK = LookupSettings(
    neurons_per_layer=1, explain_prompts=20, score_prompts=20, ablate=False, baseline="none"
)
PLANTED = {"layer": HEAD.layer, "head": HEAD.head, "neuron_layer": NEURON.layer, "neuron": NEURON.neuron}
SAID = f"The head is active when {CONTEXT} stands before."


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("planted") / "model"
    save_planted_lookup(folder)
    return str(folder)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Texts that explain and texts that score; in half of those that make the neuron fire, the head helps."""
    folder = tmp_path_factory.mktemp("texts")
    for name, number in (("train", 10), ("validation", 30)):
        lines = [one.text for one in planted_texts(number, seed=number)]
        random.Random(number).shuffle(lines)
        (folder / f"{name}.txt").write_text("\n".join(lines))
    return str(folder)


@pytest.fixture(scope="module")
def by_rules(planted: str, texts: str, tmp_path_factory: pytest.TempPathFactory) -> LookupsSummary:
    """A run without an LLM; tests read it only."""
    return look_up(planted, tmp_path_factory.mktemp("rules"), texts=texts, llm="rules", settings=SETTINGS)


@pytest.fixture(scope="module")
def stopped(planted: str, texts: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which nothing was explained yet."""
    run = tmp_path_factory.mktemp("stopped")
    look_up(planted, run, texts=texts, llm="rules", settings=SETTINGS, stop_after="ablation")
    return run


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it, to go on with."""
    shutil.copytree(stopped, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(("bos", "prefix"), [("auto", (0,)), ("tokenizer", ())])
def test_the_models_beginning_of_text_stands_where_the_tokenizer_puts_nothing(
    model: str, texts: str, tmp_path: Path, bos: str, prefix: tuple[int, ...]
) -> None:
    wanted = read_request(model, tmp_path, texts=texts, settings=LookupSettings(layers="L1", bos=bos))
    assert ModelStages(wanted, LookupDir(tmp_path)).reading.prefix == prefix


def rows(run: Path, table: str, **wanted: Any) -> list[dict[str, Any]]:
    found = pq.read_table(run / "lookups" / f"{table}.parquet").to_pylist()
    return [row for row in found if wanted.items() <= row.items()]


def recognises(prompt: dict[str, str], accuracy: float) -> bool:
    """Whether the fake reader sees that the context stands in a prompt: in the share ``accuracy`` of them."""
    return CONTEXT in prompt["before"] and random.Random(str(prompt)).random() < accuracy


def answering(monkeypatch: pytest.MonkeyPatch, accuracy: float = 1.0) -> list[str]:
    """A fake LLM that explains the planted context and judges prompts by it.

    Of the prompts in which the context stands it recognises the share ``accuracy``, of the others all: these
    are cut to the trigger alone, so that there is only one question to ask.
    """
    prompts: list[str] = []

    async def send(client: FakeClient, request: ChatRequest) -> ChatReply:
        prompt = request.messages[-1].content
        prompts.append(prompt)
        if "Explanation: " not in prompt:
            said = f"{SAID} (Explanation {zlib.crc32(prompt.encode())}.)"
            return ChatReply(json.dumps({"reasoning": "It stands there.", "description": said}))
        shown = re.search(r"^Prompt: (.*)$", prompt, re.MULTILINE)
        assert shown is not None
        active = recognises(json.loads(shown[1]), accuracy)
        return ChatReply(json.dumps({"reason": "r", "active": "yes" if active else "no"}))

    monkeypatch.setattr(FakeClient, "send", send)
    return prompts


def test_the_planted_neuron_head_and_context_are_found(by_rules: LookupsSummary) -> None:
    run = by_rules.run
    [neuron] = rows(run, "neurons", neuron_layer=NEURON.layer, neuron=NEURON.neuron)
    assert (neuron["arm"], neuron["token"]) == ("next-token", f" {TARGET}")
    [pair] = rows(run, "heads", **PLANTED)
    assert pair["explained"]
    for row in rows(run, "prompt_heads", neuron=NEURON.neuron):
        [prompt] = rows(run, "prompts", neuron=NEURON.neuron, split=row["split"], rank=row["rank"])
        heads = list(zip(row["active_layers"], row["active_heads"], strict=True))
        assert (HEAD in heads) == (f" {CONTEXT}" in prompt["tokens"])


def test_the_rules_name_the_planted_context_and_tell_unseen_prompts_by_it(by_rules: LookupsSummary) -> None:
    [said] = rows(by_rules.run, "explanations", **PLANTED)
    assert (said["status"], said["llm"]) == ("ok", "rules")
    assert f'" {CONTEXT}"' in said["explanation"]
    [score] = rows(by_rules.run, "scores", **PLANTED)
    assert score["score"] == 1.0


def test_ablating_the_planted_head_costs_the_token_probability_where_it_is_active(
    by_rules: LookupsSummary,
) -> None:
    found = rows(by_rules.run, "ablation", removed="head", **PLANTED)
    for row in found:
        change = row["after"] - row["before"]
        assert change < -0.2 if row["active"] else abs(change) < 0.1
    assert {row["active"] for row in found} == {True, False}


@pytest.mark.parametrize("accuracy", [1.0, 0.8, 0.6])
def test_a_readers_known_accuracy_is_recovered_within_the_scores_interval(
    planted: str, texts: str, run: Path, monkeypatch: pytest.MonkeyPatch, accuracy: float
) -> None:
    answering(monkeypatch, accuracy)
    summary = look_up(planted, run, texts=texts, llm="fake", settings=SETTINGS)
    [score] = rows(summary.run, "scores", **PLANTED)
    assert (score["n_active"], score["n_inactive"]) == (30, 30)
    assert score["low"] <= (accuracy + 1) / 2 <= score["high"]
    prompts = [
        {"before": row["before"], "last": row["last"]}
        for row in rows(run, "prompts", split="score", neuron=NEURON.neuron)
        if f" {CONTEXT}" in row["tokens"]
    ]
    rate = sum(recognises(prompt, accuracy) for prompt in prompts) / 30
    assert (score["true_positive_rate"], score["true_negative_rate"]) == (pytest.approx(rate), 1.0)
    [said] = rows(summary.run, "explanations", **PLANTED)
    assert (said["explanation"].startswith(SAID), said["llm"]) == (True, "fake")


def test_describer_and_reader_see_what_they_should_and_no_more(
    planted: str, texts: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = answering(monkeypatch)
    look_up(planted, run, texts=texts, llm="fake", settings=SETTINGS)
    asked = [prompt for prompt in prompts if SAID in prompt]
    explained = [prompt for prompt in prompts if f'" {TARGET}"' in prompt]
    assert explained
    assert all(f'" {TARGET}"' not in prompt for prompt in asked)
    for prompt in prompts:
        assert not re.search(rf"{HEAD.name}|{NEURON.name}|L\dH\d|L\dN\d|attribution|congruence", prompt)


def test_a_second_call_makes_nothing_again_and_asks_nobody(
    planted: str, texts: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = answering(monkeypatch)
    first = look_up(planted, run, texts=texts, llm="fake", settings=SETTINGS)
    asked = len(prompts)
    again = look_up(planted, run, texts=texts, llm="fake", settings=SETTINGS)
    assert (first.calls, again.calls, len(prompts)) == (asked, 0, asked)
    assert (first.made, again.made) == (["explanations", "scores"], [])
    assert first.found == again.found


def test_each_stage_can_be_the_last_and_the_next_starts_from_it(
    planted: str, texts: str, tmp_path: Path
) -> None:
    whole: list[str] = []
    quick = QUICK.model_copy(update={"ablate": True})
    for stage in ("neurons", "prompts", "heads", "ablation", "explanations", "scores"):
        found = look_up(planted, tmp_path, texts=texts, llm="rules", settings=quick, stop_after=stage)
        assert found.made == [stage]
        whole.append(stage)
        assert list(found.stages) == whole
        assert found.page is not None
        assert found.page.is_file()


def test_a_run_goes_on_without_its_texts_once_it_has_its_prompts(planted: str, run: Path) -> None:
    found = look_up(planted, run, llm="rules", settings=SETTINGS)
    assert found.made == ["explanations", "scores"]
    other = SETTINGS.model_copy(update={"explain_prompts": 5})
    with pytest.raises(BadStore, match="explain prompts 20, not 5"):
        look_up(planted, run, llm="rules", settings=other)
    with pytest.raises(BadOption, match="there are no texts"):
        look_up(planted, run, llm="rules", settings=other, force=True)


def test_another_llm_replaces_what_it_answers_and_says_so(
    planted: str, texts: str, run: Path, monkeypatch: pytest.MonkeyPatch, listening: Listening
) -> None:
    look_up(planted, run, texts=texts, llm="rules", settings=SETTINGS)
    answering(monkeypatch)
    found = look_up(planted, run, texts=texts, llm="fake", settings=SETTINGS, progress=listening)
    assert found.made == ["explanations", "scores"]
    assert len([line for line in listening.lines if "llm rules, not fake" in line]) == 1
    look_up(planted, run, texts=texts, llm="rules", settings=SETTINGS, stop_after="heads")
    header = LookupDir.open(run).header
    assert header is not None
    assert (header.llm, "explanations" in header.stages) == ("fake", True)


def test_what_took_the_models_time_is_replaced_only_by_force(planted: str, texts: str, run: Path) -> None:
    before = (run / "lookups" / "prompts.parquet").read_bytes()
    other = SETTINGS.model_copy(update={"max_texts": 30})
    with pytest.raises(BadStore, match="max texts 10000, not 30"):
        look_up(planted, run, texts=texts, llm="rules", settings=other)
    assert (run / "lookups" / "prompts.parquet").read_bytes() == before
    found = look_up(planted, run, texts=texts, llm="rules", settings=other, force=True, stop_after="prompts")
    assert (found.made, list(found.stages)) == (["prompts"], ["neurons", "prompts"])
    assert not (run / "lookups" / "heads.parquet").exists()


def test_a_failed_question_is_counted_and_asked_again(planted: str, texts: str, run: Path) -> None:
    script = run.parent / "script.json"
    script.write_text(json.dumps([{"match": "Active prompts", "status": 400}]))
    found = look_up(planted, run, texts=texts, llm=f"fake:{script}", settings=SETTINGS)
    assert found.exit_code == 1
    assert found.unanswered > 0
    [score] = rows(run, "scores", **PLANTED)
    assert score["left_out"] == "explanation failed"
    script.write_text("[]")
    found = look_up(planted, run, texts=texts, llm=f"fake:{script}", settings=SETTINGS)
    assert (found.exit_code, found.made) == (0, ["explanations", "scores"])


def test_a_spent_budget_stops_and_a_larger_one_goes_on(planted: str, texts: str, run: Path) -> None:
    options: dict[str, Any] = {"texts": texts, "llm": "fake", "settings": SETTINGS}
    found = look_up(planted, run, ask_settings=AskSettings(max_tokens=4000), **options)
    assert (found.exit_code, found.budget) == (1, "--max-tokens")
    assert "scores" not in found.stages
    found = look_up(planted, run, **options)
    assert found.exit_code == 0
    assert found.replayed > 0


def test_a_dry_run_counts_the_calls_and_writes_nothing(
    planted: str, texts: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"texts": texts, "llm": "fake", "settings": SETTINGS}
    plan = plan_lookups(planted, run.parent / "new", **options)
    assert (plan.estimate, plan.neurons) == (None, 4)
    assert not (run.parent / "new").exists()
    plan = plan_lookups(planted, run, **options)
    prompts = answering(monkeypatch)
    look_up(planted, run, **options)
    assert plan.estimate.calls == len(prompts)


SITTING = """
import sys
from headscribe.core.settings import LookupSettings
from headscribe.pipeline.lookups import text_pass
from headscribe.pipeline import look_up

text_pass.CHUNK, text_pass.SAVE_SECONDS = 5, 0.0
settings = LookupSettings.model_validate_json(sys.argv[4])
look_up(sys.argv[1], sys.argv[2], texts=sys.argv[3], llm="rules", settings=settings)
"""


@pytest.mark.outside
def test_a_kill_loses_no_more_than_the_texts_at_work(
    planted: str, texts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listening: Listening
) -> None:
    monkeypatch.setattr(text_pass, "CHUNK", 5)
    whole = look_up(planted, tmp_path / "whole", texts=texts, llm="rules", settings=QUICK)
    run = tmp_path / "killed"
    command = [sys.executable, "-c", SITTING, planted, str(run), texts, QUICK.model_dump_json()]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    sitting = subprocess.Popen(command, env=environment)
    deadline = time.monotonic() + 120
    saved = run / "lookups" / "prompts.partial.json"
    while not saved.exists() and sitting.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    sitting.send_signal(signal.SIGKILL)
    assert sitting.wait() == -signal.SIGKILL
    found = look_up(planted, run, texts=texts, llm="rules", settings=QUICK, progress=listening)
    assert any(line.startswith("Going on after ") for line in listening.lines)
    assert found.found == whole.found
    for table in ("neurons", "prompts", "heads", "explanations", "scores", "verdicts"):
        assert rows(run, table) == rows(whole.run, table)


def test_ctrl_c_keeps_the_texts_read_so_far_and_says_how_to_go_on(
    planted: str, texts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listening: Listening
) -> None:
    monkeypatch.setattr(text_pass, "CHUNK", 20)
    monkeypatch.setattr(text_pass, "SAVE_SECONDS", 0.0)
    write = text_pass.write_text

    def interrupted(*saved: Any) -> None:
        write(*saved)
        raise KeyboardInterrupt

    monkeypatch.setattr(text_pass, "write_text", interrupted)
    found = look_up(planted, tmp_path, texts=texts, llm="rules", settings=QUICK)
    assert (found.exit_code, found.made) == (130, ["neurons"])
    assert found.resume.startswith("headscribe lookups ")
    monkeypatch.setattr(text_pass, "write_text", write)
    found = look_up(planted, tmp_path, texts=texts, llm="rules", settings=QUICK, progress=listening)
    assert "Going on after 20 texts (explain)" in listening.lines
    assert found.exit_code == 0
    assert found.stages["prompts"]["counts"]["explain texts"] == 30


SMALL = MapSettings(salient=4, targets=3)


def test_descriptions_by_weights_stand_beside_contexts(planted: str, texts: str, run: Path) -> None:
    described = describe_model(planted, run, llm="rules", map_settings=SMALL)
    assert described.exit_code == 0  # a describe may follow in the folder of look-ups
    found = look_up(planted, run, texts=texts, llm="rules", settings=SETTINGS)
    joined = pq.read_table(run / "heads_in_context.parquet").to_pylist()
    [row] = [row for row in joined if PLANTED.items() <= row.items()]
    assert CONTEXT in row["explanation"]
    assert row["score"] == 1.0
    assert row["in_words"].endswith(f"Feeds ' {TARGET}' in these contexts: {row['explanation']}")
    table = pq.read_table(run / "descriptions.parquet").to_pylist()
    by_weights = {(row["layer"], row["head"]): row["description"] for row in table if row["status"] == "ok"}
    assert by_weights
    assert {
        (row["layer"], row["head"]): row["description"] for row in joined if row["description"]
    } == by_weights
    assert found.report is not None
    page = found.report.read_text()
    assert "Heads in context" in page
    assert CONTEXT in page


def test_another_run_may_lend_its_descriptions_but_not_that_of_another_model(
    planted: str, texts: str, model: str, run: Path, tmp_path: Path
) -> None:
    describe_model(planted, tmp_path / "same", llm="rules", map_settings=SMALL)
    describe_model(model, tmp_path / "other", llm="rules", map_settings=SMALL, heads="L0H1")
    options: dict[str, Any] = {"texts": texts, "llm": "rules", "settings": SETTINGS}
    look_up(planted, run, describe_run=tmp_path / "same", **options)
    joined = pq.read_table(run / "heads_in_context.parquet").to_pylist()
    assert any(row["description"] for row in joined)
    with pytest.raises(BadStore, match="describes another model"):
        look_up(planted, run, describe_run=tmp_path / "other", **options)
    with pytest.raises(BadStore, match="describes another model"):
        look_up(planted, tmp_path / "other", **options)


def test_short_texts_and_silent_neurons_are_counted(planted: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.txt"
    odd.write_text("\n".join([" the", " old", *(one.text for one in planted_texts(3))]))
    found = look_up(planted, tmp_path / "run", texts=str(odd), llm="rules", settings=QUICK)
    left_out = found.stages["prompts"]["left_out"]
    assert left_out["shorter than 2 tokens"] == 2
    assert sum(row["count"] for row in rows(found.run, "left_out")) == sum(left_out.values())
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"texts": None}, BadOption, "there are no texts"),
        ({"texts": "nowhere.txt/x/y"}, BadTexts, "there are no such texts"),
        ({"settings": LookupSettings(layers="L7")}, BadOption, "no layer 7"),
        ({"settings": LookupSettings(layers="L0")}, BadOption, "no earlier layer"),
        ({"split": "tset"}, BadTexts, "no split 'tset'"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    planted: str,
    texts: str,
    tmp_path: Path,
    options: dict[str, Any],
    error: type[Exception],
    says: str,
) -> None:
    read = TextSettings(texts=texts, score_split=options.get("split"))
    given = {name: value for name, value in options.items() if name != "split"}
    wanted = {"texts": read, "llm": "rules", "settings": SETTINGS} | given
    with pytest.raises(error, match=says) as caught:
        look_up(planted, tmp_path / "run", **wanted)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_damaged_header_is_one_line(by_rules: LookupsSummary, tmp_path: Path) -> None:
    (tmp_path / "lookups.json").write_text("{")
    with pytest.raises(BadStore, match=r"lookups\.json is damaged"):
        LookupDir.open(tmp_path)
    with pytest.raises(BadStore, match="no look-ups lie here"):
        LookupDir.open(by_rules.run / "lookups")
