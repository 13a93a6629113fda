"""Each method describes eight heads with a real vLLM server; what it takes is told at the end."""

import sqlite3

import pyarrow.parquet as pq
import pytest

from headscribe.agent.llm.vllm_metrics import read_prefix_cache
from headscribe.agent.tool_list import offered
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, describe_model

pytestmark = pytest.mark.vllm

N = 8
FEW_ROWS = MapSettings(salient=12)
SETTINGS = DescribeSettings(
    temperature=1.0, max_reply_tokens=512, rounds=1, validation=3, test=3, max_items=8, intruders=2
)
LIMITS = {"max_tool_calls": 2, "tool_choice": "required", "max_reply_tokens": 2048}
"""With room for a long list of random calls: one that is cut is no call."""


@pytest.fixture
def describe(served, tmp_path, measured):
    """Describes the heads of a layer of the bundled model by one method."""

    def run(method, **changes):
        hits, queries = read_prefix_cache(served.port) or (0, 0)
        summary = describe_model(
            "demo",
            tmp_path / "run",
            llm=served.llm,
            heads="L1",
            map_settings=FEW_ROWS,
            describe_settings=SETTINGS.model_copy(update={"method": method, **changes}),
        )
        with sqlite3.connect(summary.run / "run.db") as journal:
            calls, errors, seconds, sent, received = journal.execute(
                "select count(reply), count(error), sum(seconds), sum(prompt_tokens), sum(completion_tokens)"
                " from calls"
            ).fetchone()
        again = sum(summary.retried.values())
        assert (calls, errors) == (summary.calls, again), "the journal has every attempt"
        assert (sent, received) == (summary.prompt_tokens, summary.completion_tokens)
        more_hits, more_queries = read_prefix_cache(served.port)
        cached = (more_hits - hits) / (more_queries - queries)
        measured(
            f"{method}: {N} heads in {summary.seconds:.1f} s, {calls} calls of {seconds / calls:.2f} s; "
            f"{sent:,} tokens sent ({cached:.0%} in vLLM's prefix cache), {received:,} received"
        )
        return summary

    return run


def rows_of(summary, *, calls_per_head):
    """The descriptions, after what holds for every method."""
    assert (summary.heads, summary.left, summary.counts["failed"]) == (N, 0, 0)
    assert summary.calls >= N * calls_per_head
    rows = RunDir.open(summary.run).descriptions()
    assert [row.head.name for row in rows] == [f"L1H{number}" for number in range(N)]
    assert all(row.prompt_tokens and row.completion_tokens and row.seconds > 0 for row in rows)
    answered = [row for row in rows if row.outcome.status in {"ok", "unclear"}]
    assert len(answered) >= N - 2, "a random sentence is rarely no sentence"
    return rows, answered


def is_tested(row):
    outcome = row.outcome
    if outcome.confidence is not None:  # there is none where the null reader makes no mistake
        assert outcome.confidence_low <= outcome.confidence <= outcome.confidence_high <= 1
    # a random word is rarely yes, no or a letter, so that all items of a head may go without an answer
    return outcome.n_tests > 0 or outcome.unanswered is not None


def test_single_asks_once_per_head(describe):
    summary = describe("single")
    rows, _ = rows_of(summary, calls_per_head=1)
    assert N <= summary.calls <= 2 * N, "a reply that was cut is asked for once more"
    assert all(row.outcome.confidence is None and not row.outcome.n_tests for row in rows)


def test_verified_tests_every_description_and_asks_again(describe):
    summary = describe("verified")
    rows, answered = rows_of(summary, calls_per_head=4)
    assert {row.method for row in rows} == {"verified"}
    assert all(map(is_tested, answered))
    rounds = pq.read_table(summary.run / "rounds.parquet").to_pylist()
    assert {row["round"] for row in rounds} <= {1, 2}
    tests = pq.read_table(summary.run / "tests.parquet").to_pylist()
    assert {"validation", "test"} <= {row["part"] for row in tests}
    assert {row["answer"] for row in tests} - {None} <= {"yes", "no", *"ABCDE"}


def test_agent_calls_tools_as_often_as_it_may(describe):
    summary = describe("agent", **LIMITS)
    rows, answered = rows_of(summary, calls_per_head=3)
    assert {row.method for row in rows} == {"agent"}, "the server has tool calling"
    assert all(map(is_tested, answered))
    experiments = pq.read_table(summary.run / "experiments.parquet").to_pylist()
    counts = [sum(row["head"] == number for row in experiments) for number in range(N)]
    assert set(counts) <= {*range(LIMITS["max_tool_calls"] + 1)}
    assert counts.count(LIMITS["max_tool_calls"]) >= N - 2, "a random call is rarely cut at the reply's limit"
    assert {row["tool"] for row in experiments} <= {tool.name for tool in offered(parts=True, running=False)}
