"""Drafts, candidates and a critic on planted heads, with an LLM that goes by what its experiments bring."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext

import pytest

from benchmarks.simulated import family_of, half_right, planted_evidence, planted_head, right, wrong
from headscribe.agent.describers import open_describer
from headscribe.agent.drafts import PATIENCE
from headscribe.agent.llm.spec import parse_llm
from headscribe.agent.rehearsal import rehearse
from headscribe.agent.splits import split_evidence
from headscribe.core.chat import ChatReply
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.core.progress import Silent
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.core.settings import CANDIDATE_TEMPERATURE, DescribeSettings
from tests.agent.list_journal import ListJournal
from tests.agent.operation_head import OperationHead, Researcher

EVIDENCE = planted_evidence(3)
FAMILY = family_of(EVIDENCE)
LIMITS = {"prompt": "describe@1", "max_retries": 0, "intruders": 0, "max_items": 18}


def describe(
    llm: Researcher,
    *,
    evidence: Evidence = EVIDENCE,
    head: OperationHead | None = None,
    journal: ListJournal | None = None,
    **settings: object,
) -> tuple[Outcome, int]:
    """The outcome, and the calls that were paid for."""

    async def run() -> tuple[Outcome, int]:
        chosen = DescribeSettings(**{**LIMITS, **settings})  # type: ignore[arg-type]
        async with open_describer(
            parse_llm("fake"),
            chosen,
            journal or ListJournal(),
            Silent(),
            open_llm=lambda *_: nullcontext(llm),  # type: ignore[arg-type, return-value]
        ) as describer:
            outcome = await describer.describe(evidence, experiments=head or OperationHead(FAMILY))
            return outcome, describer.totals.calls

    return asyncio.run(run())


def asked(llm: Researcher, field: str) -> list[object]:
    """The requests whose replies have a field."""
    return [request for request in llm.sent if request.schema and field in request.schema["properties"]]


# drafts of the method agent


def test_the_agent_tests_drafts_on_validation_rows_and_keeps_the_one_that_the_reader_needs():
    llm = Researcher(FAMILY)
    outcome, calls = describe(llm, method="agent")
    assert (outcome.status, outcome.description, outcome.confidence) == (Status.OK, right(FAMILY), 1.0)
    assert outcome.transcript is not None
    tools = [one.tool for one in outcome.transcript.experiments]
    assert tools == ["map_tokens"] + ["test_description"] * 3
    lifts = [json.loads(one.answer)["lift"] for one in outcome.transcript.experiments[1:]]
    assert lifts[2] <= 0 < lifts[0] < lifts[1] == 1
    assert calls == len(llm.sent), "the reader's calls are counted like all others"


def test_drafts_never_see_the_test_rows():
    llm = Researcher(FAMILY)
    describe(llm, method="agent")
    split = split_evidence(EVIDENCE, validation=6, test=20)
    tested = [place for place, request in enumerate(llm.sent) if request.tools]
    before = "\n".join(message.content for request in llm.sent[: tested[-1]] for message in request.messages)
    assert any(row.source.text in before for row in split.validation)
    assert not [row for row in split.test if f'"{row.source.text}"' in before]


def test_experiments_end_when_the_lift_no_longer_rises_and_the_best_draft_is_named():
    llm = Researcher(
        FAMILY, drafts=lambda family: (half_right(family), *(wrong(family + n) for n in range(9)))
    )
    outcome, _ = describe(llm, method="agent")
    assert outcome.transcript is not None
    assert len(outcome.transcript.experiments) == 1 + 1 + PATIENCE
    last = [request for request in llm.sent if request.tools][-1]
    assert last.tool_choice == "none"
    assert json.dumps(half_right(FAMILY)) in last.messages[-1].content
    assert outcome.description == half_right(FAMILY)


def test_a_draft_that_was_tested_before_is_answered_without_asking_and_counts_once():
    llm = Researcher(FAMILY, drafts=lambda family: (right(family),) * 5)
    outcome, _ = describe(llm, method="agent")
    assert outcome.transcript is not None
    assert len(outcome.transcript.experiments) == 6
    once = Researcher(FAMILY, drafts=lambda family: (right(family),))
    describe(once, method="agent")
    assert len(llm.sent) == len(once.sent) + 4


# candidates


def texts(*candidates: str, refined: str = ""):
    return lambda sample, round: refined if round else candidates[sample]


def test_the_best_of_several_candidates_is_kept_and_refined():
    llm = Researcher(
        FAMILY, answers=texts(wrong(FAMILY), half_right(FAMILY), "Unclear", refined=right(FAMILY))
    )
    outcome, calls = describe(llm, candidates=3)
    assert (outcome.description, outcome.confidence, outcome.rounds) == (right(FAMILY), 1.0, 4)
    assert outcome.transcript is not None
    rounds = outcome.transcript.rounds
    assert [one.candidate for one in rounds] == [1, 2, 3, None]
    assert [one.kept for one in rounds] == [False, False, False, True]
    first, second, third, refining = asked(llm, "description")
    assert [one.sampling.temperature for one in (first, second, third)] == [
        0.0,
        CANDIDATE_TEMPERATURE,
        CANDIDATE_TEMPERATURE,
    ]
    assert len({one.identity() for one in (first, second, third)}) == 3
    assert first.messages == second.messages == third.messages
    assert half_right(FAMILY) in refining.messages[-2].content, "the best one is refined, not the first"
    assert calls == len(llm.sent)


def test_equal_candidates_are_read_once_and_one_that_is_no_answer_is_passed_over():
    llm = Researcher(
        FAMILY, answers=texts("Unclear", half_right(FAMILY), half_right(FAMILY), refined="Unclear")
    )
    outcome, _ = describe(llm, candidates=3, rounds=0)
    assert outcome.description == half_right(FAMILY)
    alone = Researcher(FAMILY, answers=texts(half_right(FAMILY)))
    describe(alone, rounds=0)
    assert len(llm.sent) == len(alone.sent) + 2


def test_one_candidate_is_what_it_always_was():
    once, plain = (Researcher(FAMILY, answers=texts(right(FAMILY))) for _ in range(2))
    assert describe(once, candidates=1) == describe(plain)
    assert [request.identity() for request in once.sent] == [request.identity() for request in plain.sent]


# the critic

EVEN = Evidence(
    tuple(row for row in planted_head(FAMILY, 3, rows=80) if int(row.source.text.split("x")[1]) % 2 == 0)[
        :30
    ],
    others=EVIDENCE.others,
)
"""Rows of a head that acts on even sources alone: no held-out row tells that it leaves out the odd ones."""
ODD = range(1, 60, 2)


def test_a_description_that_the_heads_rows_bear_out_is_narrowed_by_the_critics_counterexamples():
    head = OperationHead(FAMILY, half=True)
    llm = Researcher(FAMILY, answers=texts(right(FAMILY), refined=half_right(FAMILY)), predicts=ODD)
    plain, _ = describe(llm, evidence=EVEN, head=head)
    assert (plain.description, head.asked) == (right(FAMILY), []), "without a critic nothing is wrong with it"
    before = len(llm.sent)
    outcome, calls = describe(llm, evidence=EVEN, head=head, critic=True)
    assert outcome.description == half_right(FAMILY)
    assert outcome.transcript is not None
    first, second, *_ = outcome.transcript.rounds
    assert (first.predictions, first.refuted, first.kept) == (8, 8, False)
    assert second.kept
    told = asked(llm, "description")[-1].messages[-1].content
    assert f'" s{FAMILY}x1" -> [" t99x0y0"' in told, "what the head raises instead is told"
    assert calls == len(llm.sent) - before


def test_a_critic_whose_predictions_come_true_changes_nothing():
    llm = Researcher(FAMILY, answers=texts(right(FAMILY)), predicts=range(1, 60))
    outcome, _ = describe(llm, critic=True)
    assert (outcome.description, outcome.rounds) == (right(FAMILY), 1)
    assert outcome.transcript is not None
    assert (outcome.transcript.rounds[0].predictions, outcome.transcript.rounds[0].refuted) == (8, 0)


def test_the_critic_can_neither_try_nor_tell_held_out_words():
    split = split_evidence(EVIDENCE, validation=6, test=20)
    held = [row.source.text for row in (*split.validation, *split.test)]
    head = OperationHead(FAMILY)
    llm = Researcher(
        FAMILY, answers=texts(right(FAMILY)), predicts=[int(text.split("x")[1]) for text in held]
    )
    outcome, _ = describe(llm, head=head, critic=True)
    assert head.asked == []
    assert outcome.transcript is not None
    assert outcome.transcript.rounds[0].predictions == 0


@pytest.mark.parametrize(
    "reply", ["", "no JSON", '{"predictions": 3}', '{"predictions": [3, {"source": []}]}']
)
def test_a_critic_without_predictions_refutes_nothing(reply: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Researcher, "criticise", lambda *_: ChatReply(reply))
    outcome, _ = describe(Researcher(FAMILY, answers=texts(right(FAMILY))), critic=True)
    assert (outcome.status, outcome.rounds) == (Status.OK, 1)


# resuming and costs

WAYS = [
    {"method": "agent"},
    {"candidates": 3},
    {"critic": True},
    {"candidates": 2, "critic": True},
]


def made(**more: object) -> Researcher:
    answers = texts(wrong(FAMILY), half_right(FAMILY), wrong(FAMILY + 1), refined=right(FAMILY))
    return Researcher(FAMILY, answers=answers, predicts=range(1, 9), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("stop_after", [1, 2, 7, 25])
def test_a_head_that_was_cut_short_goes_on_and_asks_nothing_twice(way: dict[str, object], stop_after: int):
    whole = made()
    expected, _ = describe(whole, **way)
    journal, first = ListJournal(), made(stop_after=stop_after)
    with pytest.raises(asyncio.CancelledError):
        describe(first, journal=journal, concurrency=1, **way)
    rest = made()
    outcome, _ = describe(rest, journal=journal, **way)
    assert outcome == expected
    assert len(first.sent) + len(rest.sent) == len(whole.sent)
    again, calls = describe(made(stop_after=0), journal=journal, **way)
    assert (again, calls) == (expected, 0)


def test_a_plan_counts_candidates_critics_and_drafts():
    def calls(**settings: object) -> int:
        chosen = DescribeSettings(**{**LIMITS, **settings})  # type: ignore[arg-type]
        return asyncio.run(rehearse(parse_llm("fake"), chosen, [EVIDENCE], ReplyLengths())).calls

    plain = calls()
    assert calls(candidates=4) >= plain + 3 * (1 + 6), "each is put to the reader"
    assert calls(critic=True) > plain
    tools = DescribeSettings().max_tool_calls
    assert calls(method="agent") > tools + 10, "drafts are read"
