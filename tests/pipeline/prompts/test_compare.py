"""Comparing prompts finds planted differences, claims none where there is none, and pays nothing twice."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pandas
import pytest

from benchmarks.questions import read_question
from headscribe.agent.llm.fake import FakeClient
from headscribe.core.chat import ChatReply, ChatRequest
from headscribe.core.errors import BudgetSpent
from headscribe.core.prompt_comparison import PromptComparison
from headscribe.core.records import Usage
from headscribe.core.settings import DescribeSettings, EvaluateSettings, MapSettings
from headscribe.pipeline import map_model
from headscribe.pipeline.evaluate.evaluate import evaluate_run
from headscribe.pipeline.prompts.compare import compare_prompts
from headscribe.prompts import find_template
from headscribe.prompts.copying import copy_text
from headscribe.store.prompts.prompt_results import read_history
from tests.eval.evaluate.described import DESCRIBED
from tests.pipeline.conftest import N_HEADS, N_LAYERS, Counting

N = N_LAYERS * N_HEADS
MAPPING = MapSettings(view="paper", salient=18, targets=3)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    """Three templates that differ in one word each: ``poor``, ``good`` and ``same``."""
    folder = tmp_path / "drafts"
    folder.mkdir()
    for name in ("poor", "good", "same"):
        text = copy_text(find_template("describe@1"), name)
        (folder / f"{name}.toml").write_text(text.replace("Find out what it does.", f"Be {name}."))
    return folder


def compare(model: str, drafts: Path, *prompts: str, **options: object) -> PromptComparison:
    method = options.pop("method", "single")
    limits = {name: options.pop(name) for name in ("max_tokens", "max_cost", "price") if name in options}
    settings = DescribeSettings(
        method=method, concurrency=4, max_reply_tokens=64, prompt_folders=(str(drafts),), **limits
    )  # type: ignore[arg-type]
    given = {"llm": "fake", "heads": "all", "map_settings": MAPPING, "describe_settings": settings}
    return compare_prompts(prompts, model, drafts / "out", **(given | options))  # type: ignore[arg-type]


def script(drafts: Path, *entries: dict[str, object]) -> str:
    (drafts / "script.json").write_text(json.dumps(list(entries)))
    return f"fake:{drafts / 'script.json'}"


UNCLEAR = {"json": {"reasoning": "r", "inputs": "Unclear", "pattern": "Unclear", "description": "Unclear"}}
CAPITALS = {
    "json": {"reasoning": "r", "inputs": "Countries", "pattern": "Its capital", "description": "Capital."}
}


def test_a_template_that_describes_more_is_found_to_and_the_history_keeps_it(
    model: str, drafts: Path
) -> None:
    llm = script(drafts, {"match": "Be poor.", **UNCLEAR}, {"match": "Be good.", **CAPITALS})
    found = compare(model, drafts, "poor", "good", llm=llm)
    assert found.primary == "described"
    (verdict,) = found.verdicts
    assert verdict.startswith("good@1 is better than poor@1 by 1.00 [1.00, 1.00]")
    assert f"{N} heads" in verdict
    poor, good = found.prompts
    assert (poor.counts["unclear"], good.counts["ok"]) == (N, N)
    table = pandas.read_parquet(drafts / "out" / "comparison.parquet")
    assert len(table) == 2 * N == len(pandas.read_csv(drafts / "out" / "comparison.csv"))
    assert set(table["prompt"]) == {"poor@1", "good@1"}
    [entry] = read_history(drafts / "out")
    assert entry["verdicts"] == list(found.verdicts)
    assert [one["prompt_hash"] for one in entry["prompts"]] == [one.prompt_hash for one in found.prompts]


def test_equal_templates_show_no_difference(model: str, drafts: Path) -> None:
    found = compare(model, drafts, "poor", "same", llm=script(drafts, {"match": "Be ", **CAPITALS}))
    assert found.verdicts[0].startswith("no difference shown between same@1 and poor@1")
    assert "every head came out alike" in found.verdicts[0]


def test_agreement_looks_at_heads_with_an_operation_only_and_no_prompt_holds_a_score(
    model: str, drafts: Path, operations: Path, llm: Counting
) -> None:
    prompts: list[str] = []
    llm.before = lambda request: prompts.append(request.messages[-1].content)
    said = {"json": {"reasoning": "r", "inputs": "i", "pattern": "invented", "description": "Invented."}}
    spec = script(drafts, {"match": "Be good.", **said})
    found = compare(model, drafts, "poor", "good", llm=spec, operations=[operations], threshold=0.01)
    asked = [row for row in found.rows if row.operation]
    assert asked
    assert {row.operation for row in asked} == {"invented"}
    assert {row.agreement for row in asked if row.prompt == "good@1"} == {1.0}
    assert {row.agreement for row in asked if row.prompt == "poor@1"} == {0.0}
    assert all(row.agreement is None for row in found.rows if not row.operation)
    assert not any("invented" in prompt for prompt in prompts)


def test_agreement_is_that_of_evaluate_on_the_same_descriptions(
    drafts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = cycle([text for text, _ in DESCRIBED])

    async def send(client: FakeClient, request: ChatRequest) -> ChatReply:
        whole = {"reasoning": "r", "inputs": "i", "pattern": "It copies.", "description": next(said)}
        return ChatReply(json.dumps(whole), usage=Usage(100, 10))

    monkeypatch.setattr(FakeClient, "send", send)
    found = compare("demo", drafts, "poor", "good", threshold=0.1, map_settings=None)
    for prompt in ("poor@1", "good@1"):
        settings = EvaluateSettings(threshold=0.1, resamples=0, permutations=0)
        evaluated = evaluate_run(drafts / "out" / prompt, settings=settings).evaluation
        assert evaluated is not None
        agreement = [value for value in found.values(prompt, "agreement") if value is not None]
        assert (len(agreement), sum(agreement)) == evaluated.header.named["rules"]
        assert 0 < sum(agreement) < len(agreement)


def test_agreement_is_that_of_evaluate_with_operations_of_ones_own(
    model: str, drafts: Path, operations: Path
) -> None:
    pairs = [line.split(",") for line in (operations / "invented.csv").read_text().splitlines()[1:3]]
    examples = ", ".join(f"{source} → {target}" for source, target in pairs)
    said = [{"reasoning": "r", "inputs": "i", "pattern": text, "description": text} for text in
            ("Invented.", f"Pairs such as {examples}.", "Words.")]  # fmt: skip
    names = ("poor", "good", "same")
    spec = script(drafts, *({"match": f"Be {n}.", "json": one} for n, one in zip(names, said, strict=True)))
    found = compare(model, drafts, *names, llm=spec, operations=[operations], threshold=0.01)
    for name, share in zip(names, (1.0, 1.0, 0.0), strict=True):
        settings = EvaluateSettings(threshold=0.01, resamples=0, permutations=0)
        run = drafts / "out" / f"{name}@1"
        evaluated = evaluate_run(run, settings=settings, operations=[operations]).evaluation
        agreement = [value for value in found.values(f"{name}@1", "agreement") if value is not None]
        assert evaluated is not None
        assert (len(agreement), sum(agreement)) == evaluated.header.named["rules"]
        assert set(agreement) == {share}


def test_a_comparison_goes_on_where_it_was_and_adds_prompts(model: str, drafts: Path, llm: Counting) -> None:
    first = compare(model, drafts, "poor", "good", heads="L0-1")
    asked = llm.total
    assert asked == 4 * N_HEADS
    assert compare(model, drafts, "poor", "good", heads="L0-1").verdicts == first.verdicts
    assert llm.total == asked
    third = compare(model, drafts, "poor", "good", "same", heads="L0-1")
    assert llm.total == asked + 2 * N_HEADS
    assert (len(third.verdicts), third.level) == (2, 0.975)


def test_a_limit_holds_for_all_prompts_together(model: str, drafts: Path, llm: Counting) -> None:
    whole = compare(model, drafts, "poor", "good", heads="L0-1")
    tokens = sum(row.tokens or 0 for row in whole.rows)
    shutil.rmtree(drafts / "out")
    with pytest.raises(BudgetSpent, match="budget is used up while good@1 describes") as caught:
        compare(model, drafts, "poor", "good", heads="L0-1", max_tokens=int(tokens * 0.75))
    assert caught.value.exit_code == 1
    assert "larger --max-tokens" in str(caught.value)
    llm.asked.clear()
    compare(model, drafts, "poor", "good", heads="L0-1", max_tokens=10 * tokens)
    assert 0 < llm.total < 2 * N_HEADS, "what was answered is not paid for again"


class Reader:
    """A planted LLM: with ``Be good.`` it names the head, and as reader it then knows its rows."""

    def __init__(self, model: str, folder: Path) -> None:
        found = map_model(model, folder / "map", MAPPING)
        self.rows = {
            head_map.head.name: {
                (row.source.text, tuple(token.text for token in row.targets)) for row in head_map.mappings
            }
            for head_map in found.iter_head_maps()
        }

    def answer(self, prompt: str) -> dict[str, str] | str:
        known = re.search(r"rows of (L\d+H\d+)", prompt)
        rows = self.rows[known[1]] if known else set()
        if re.search("Answer with one (word|letter)", prompt):
            asked = read_question(prompt)
            fits = [(source, tuple(targets)) in rows or not known for source, targets in asked.rows]
            if asked.judged:
                return "yes" if fits[0] else "no"
            return "ABCDE"[fits.index(True)] if any(fits) else "A"
        first, *_ = prompt.partition("A reader who knows only")
        table = re.findall(r'^(".*") -> (\[.*\])$', first, re.MULTILINE)
        shown = [_row(source, targets) for source, targets in table]
        # Held-out words are left out of the lists that are shown.
        whose = next(
            name
            for name, rows in self.rows.items()
            if all(any(row[0] == one and set(few) <= set(row[1]) for row in rows) for one, few in shown)
        )
        said = f"rows of {whose}" if "Be good." in prompt else "related words"
        return {"reasoning": "r", "inputs": "i", "pattern": "p", "description": said}


def _row(source: str, targets: str) -> tuple[str, tuple[str, ...]]:
    return json.loads(source), tuple(json.loads(targets))


@pytest.fixture
def reader(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    planted = Reader(model, tmp_path)

    async def send(client: FakeClient, request: ChatRequest) -> ChatReply:
        answer = planted.answer("\n".join(message.content for message in request.messages))
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return ChatReply(text, usage=Usage(100, 10))

    monkeypatch.setattr(FakeClient, "send", send)
    return planted


def test_a_template_whose_descriptions_predict_better_wins_by_confidence(
    model: str, drafts: Path, reader: Reader
) -> None:
    found = compare(model, drafts, "poor", "good", method="verified", heads="L0-2")
    assert found.primary == "confidence"
    [difference] = [row for row in found.differences if row.measure == "confidence"]
    assert difference.shown
    assert difference.low > 0.3
    assert found.verdicts[0].startswith("good@1 is better than poor@1 by ")
    equal = compare(model, drafts, "poor", "same", method="verified", heads="L0-2")
    assert equal.verdicts[0].startswith("no difference shown")
