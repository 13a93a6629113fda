"""Many questions asked side by side: kept, resumed, ended by a budget, a fault or Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from headscribe.agent.asking import Asker
from headscribe.agent.llm.spec import parse_llm
from headscribe.core.chat import CallFailed, Message
from headscribe.core.errors import BudgetSpent, LLMUnavailable
from headscribe.core.prices import Price
from headscribe.core.progress import Silent
from headscribe.core.settings import AskSettings
from headscribe.pipeline.asking.asked import Asked
from headscribe.pipeline.asking.loop import Asking, ask_all
from headscribe.store.describe.journal import Journal

NUMBERS = list(range(12))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "run.db")
    yield opened
    opened.close()


class Questions:
    """Asks about numbers, and keeps the answers and the failures."""

    def __init__(self, journal: Journal, llm: str = "fake", **settings: object) -> None:
        self.asking = Asking(
            parse_llm(llm), AskSettings(**{"max_retries": 0, **settings}), Price(1.0, 1.0), journal, Silent()
        )
        self.answers: dict[int, str] = {}
        self.failures: dict[int, str] = {}

    async def answer(self, asker: Asker, number: int) -> None:
        try:
            reply = await asker.ask((Message("user", f"number {number};"),))
        except CallFailed as error:
            self.failures[number] = error.kind
        else:
            self.answers[number] = reply.text

    def run(self, numbers: list[int] = NUMBERS) -> Asked:
        return ask_all(self.asking, numbers, self.answer, stage="ask")


def script(tmp_path: Path, entries: list[object]) -> str:
    file = tmp_path / "script.json"
    file.write_text(json.dumps(entries))
    return f"fake:{file}"


def test_every_item_is_answered_and_paid_for_once(journal: Journal) -> None:
    first, again = Questions(journal), Questions(journal)
    asked, replayed = first.run(), again.run()
    assert sorted(first.answers) == NUMBERS
    assert (asked.done, asked.fault, asked.interrupted) == (len(NUMBERS), None, False)
    assert asked.totals.calls == len(NUMBERS)
    assert asked.totals.cost(Price(1.0, 1.0))
    assert (replayed.totals.calls, replayed.totals.replayed) == (0, len(NUMBERS))
    assert again.answers == first.answers


def test_no_items_open_no_llm(journal: Journal) -> None:
    assert Questions(journal, "openai:needs-a-key").run([]) == Asked(Price(1.0, 1.0))


def test_one_failure_is_the_items_own(journal: Journal, tmp_path: Path) -> None:
    questions = Questions(journal, script(tmp_path, [{"match": "number 3;", "status": 500}]))
    asked = questions.run()
    assert questions.failures == {3: "server"}
    assert sorted(questions.answers) == [number for number in NUMBERS if number != 3]
    assert asked.fault is None


def test_a_refused_key_ends_it_in_order(journal: Journal, tmp_path: Path) -> None:
    refused = script(tmp_path, [{"match": "number 5;", "status": 401, "message": "no such key"}])
    questions = Questions(journal, refused, concurrency=1)
    asked = questions.run()
    assert isinstance(asked.fault, LLMUnavailable)
    assert sorted(questions.answers) == [0, 1, 2, 3, 4]


def test_a_spent_budget_ends_it_and_a_larger_one_goes_on(journal: Journal) -> None:
    small = Questions(journal, concurrency=1, max_reply_tokens=100, max_tokens=130)
    stopped = small.run()
    assert isinstance(stopped.fault, BudgetSpent)
    assert 0 < len(small.answers) < len(NUMBERS)
    rest = Questions(journal, concurrency=1, max_reply_tokens=100).run()
    assert rest.totals.replayed == len(small.answers)
    assert rest.done == len(NUMBERS)


def test_ctrl_c_lets_what_is_in_flight_finish(journal: Journal, tmp_path: Path) -> None:
    slow = script(tmp_path, [{"match": "number", "latency": 0.2}])
    questions = Questions(journal, slow, concurrency=2)
    ask = questions.answer

    async def interrupting(asker: Asker, number: int) -> None:
        if number == 3:
            os.kill(os.getpid(), signal.SIGINT)
        await ask(asker, number)

    questions.answer = interrupting  # type: ignore[method-assign]
    asked = questions.run()
    assert asked.interrupted
    assert {0, 1} <= set(questions.answers) <= {0, 1, 2, 3}
    assert asked.done == len(questions.answers)
