"""The questions that test a description, how answers are read, and what they are worth."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.simulated import planted_evidence
from headscribe.agent.splits import mentions, name
from headscribe.agent.verification import CHOICES, Answer, Judge, ReaderItem, make_items, measure
from headscribe.agent.verification.judging import read_answer
from headscribe.core.chat import CallFailed, ChatReply, FailureKind
from headscribe.core.records import Token
from headscribe.core.statistics import wilson
from headscribe.prompts import load_template

EVIDENCE = planted_evidence(3)
ROWS = EVIDENCE.mappings[:10]
JUDGE = Judge.shipped()


def items(**options: object) -> tuple[ReaderItem, ...]:
    return make_items(ROWS, EVIDENCE.others, own=EVIDENCE.mappings, **options)  # type: ignore[arg-type]


def yes_or_no(right: str) -> ReaderItem:
    return ReaderItem("true" if right == "yes" else "other-row", Token(1, " a"), ((Token(2, " b"),),), right)


def choice(right: str) -> ReaderItem:
    return ReaderItem("choice", Token(1, " a"), tuple((Token(i, f" {i}"),) for i in range(4)), right)


def test_every_true_row_is_asked_about_once_and_has_a_false_one_beside_it():
    found = items()
    assert Counter(item.kind for item in found) == {
        "true": 6, "other-row": 3, "other-targets": 3, "choice": 4,
    }  # fmt: skip
    assert Counter(item.right for item in found if item.kind != "choice") == {"yes": 6, "no": 6}
    asked = [item.source.text for item in found if item.kind in {"true", "choice"}]
    assert sorted(asked) == sorted(row.source.text for row in ROWS)


def test_false_rows_come_from_other_heads_and_hard_ones_have_a_true_source():
    own = {row.source for row in EVIDENCE.mappings}
    others = {row.targets for rows in EVIDENCE.others for row in rows}
    for item in items():
        if item.kind == "other-row":
            assert item.source not in own
        else:
            assert item.source in own
        if item.right == "no":
            assert item.choices[0] in others


def test_a_choice_shows_the_true_list_among_lists_that_share_no_token_with_it():
    true = {row.source: row.targets for row in ROWS}
    for item in items():
        if item.kind == "choice":
            assert item.choices[CHOICES.index(item.right)] == true[item.source]
            tokens = [name(token) for targets in item.choices for token in targets]
            assert len(tokens) == len(set(tokens))


def test_right_answers_stand_in_every_place_equally_often():
    rights: Counter[str] = Counter()
    for head in range(12):
        evidence = planted_evidence(head)
        found = make_items(evidence.mappings[:10], evidence.others)
        rights.update(item.right for item in found if item.kind == "choice")
    assert rights == dict.fromkeys(CHOICES, 12)


def test_order_and_draw_follow_from_the_content_and_the_seed():
    assert items() == make_items(ROWS[::-1], EVIDENCE.others, own=EVIDENCE.mappings)
    assert items() != items(seed=1)


def test_another_heads_targets_for_the_same_source_are_preferred_as_they_are_the_hardest():
    same = replace(EVIDENCE.others[5][0], source=ROWS[0].source)
    others = (*EVIDENCE.others, (same,))
    found = make_items(ROWS[:1], others, own=EVIDENCE.mappings)
    assert all(item.source != same.source or item.right == "yes" for item in found), "no easy row has it"
    hard = make_items(ROWS[:5], (*EVIDENCE.others, *(((replace(same, source=row.source)),) for row in ROWS)))
    shown = [item.choices for item in hard if item.kind in {"choice", "other-targets"}]
    assert all(same.targets in choices for choices in shown)


def test_rows_that_name_tokens_held_out_for_another_test_are_not_used():
    banned = [replace(ROWS[0], source=row.source) for row in EVIDENCE.others[0]]
    found = items(banned=banned)
    secret = {name(row.source) for row in banned}
    assert all(not mentions(replace(ROWS[0], source=item.source), secret) for item in found)


@pytest.mark.parametrize("others", [(), ((),)])
def test_without_other_heads_there_is_nothing_to_ask(others):
    assert make_items(ROWS, others) == ()


def test_too_few_other_rows_make_fewer_items_and_keep_the_balance():
    found = make_items(ROWS, (EVIDENCE.others[0][:5],), own=EVIDENCE.mappings)
    rights = Counter(item.right for item in found if item.kind != "choice")
    assert 0 < len(found) < 16
    assert rights["yes"] == rights["no"]


def answered(right: int, wrong: int, item: ReaderItem) -> list[Answer]:
    others = {"yes": "no", "no": "yes", "A": "B"}
    return [Answer(item, item.right)] * right + [Answer(item, others[item.right])] * wrong


def test_guessing_is_0_and_no_mistake_is_1():
    guessed = [
        *answered(6, 0, yes_or_no("yes")),
        *answered(0, 6, yes_or_no("no")),
        *answered(1, 3, choice("A")),
    ]
    assert measure(guessed).value == pytest.approx(0)
    faultless = [*answered(6, 0, yes_or_no("yes")), *answered(6, 0, yes_or_no("no"))]
    assert measure(faultless).value == 1


def test_the_interval_is_wilsons_on_the_same_scale():
    answers = [
        *answered(5, 1, yes_or_no("yes")),
        *answered(6, 0, yes_or_no("no")),
        *answered(3, 1, choice("A")),
    ]
    chance = (12 * 0.5 + 4 * 0.25) / 16
    low, high = wilson(14, 16)
    found = measure(answers)
    assert found.value == pytest.approx((14 / 16 - chance) / (1 - chance))
    assert (found.low, found.high) == pytest.approx([(end - chance) / (1 - chance) for end in (low, high)])
    assert (found.n, found.unanswered) == (16, 0.0)


def test_items_without_an_answer_are_left_out_and_told():
    answers = [*answered(4, 0, yes_or_no("yes")), *answered(0, 2, yes_or_no("no"))]
    silent = [Answer(yes_or_no("no"), None)] * 2
    found = measure([*answers, *silent])
    assert found.n == 6
    assert found.unanswered == 0.25
    assert found.value == pytest.approx(0), "always yes is chance, however many of the others are answered"
    assert measure([*answered(4, 0, yes_or_no("yes")), *silent]).value is None
    assert measure([]).unanswered is None


@pytest.mark.parametrize(
    ("text", "item", "said"),
    [
        ('{"reason": "It fits.", "belongs": "yes"}', yes_or_no("yes"), "yes"),
        ('```json\n{"belongs": "No"}\n```', yes_or_no("yes"), "no"),
        ('{"belongs": true}', yes_or_no("yes"), "yes"),
        ("<think>hm</think>No.", yes_or_no("yes"), "no"),
        ("Reason: none\nBelongs: yes", yes_or_no("yes"), "yes"),
        ('{"reason": "yes", "belongs": "perhaps"}', yes_or_no("yes"), None),
        ('{"reason": "", "list": "C"}', choice("A"), "C"),
        ('{"list": "c."}', choice("A"), "C"),
        ("D", choice("A"), "D"),
        ('{"list": "E"}', choice("A"), None),
        ("I would rather not say which.", choice("A"), None),
        ('{"reason": "cut o', choice("A"), None),
        ("", yes_or_no("yes"), None),
    ],
)
def test_answers_are_read_from_what_models_write(text, item, said):
    template = JUDGE.predict if item.kind == "choice" else JUDGE.detect
    assert read_answer(ChatReply(text), item, template).said == said


def test_a_refusal_is_no_answer():
    assert read_answer(ChatReply("no", refusal="I cannot."), yes_or_no("yes"), JUDGE.detect).said is None


def test_a_reader_gets_one_item_and_the_description_and_nothing_else():
    prompts = []

    async def call(messages, schema):
        prompts.append(messages)
        return ChatReply(json.dumps({"reason": "", "belongs": "yes", "list": "A"}))

    found = items()
    answers = asyncio.run(JUDGE.ask("It does X.", found, call))
    assert [answer.item for answer in answers] == list(found)
    assert len(prompts) == len(found)
    for item, messages in zip(found, prompts, strict=True):
        (message,) = messages
        assert message.content.count('"It does X."') == 1
        assert json.dumps(item.source.text) in message.content
        strangers = [row.source.text for row in EVIDENCE.mappings if row.source != item.source]
        assert not any(json.dumps(text) in message.content for text in strangers)


def test_the_description_stands_before_the_item_so_that_servers_can_reuse_the_beginning():
    for template in (JUDGE.detect, JUDGE.predict):
        assert template.user.index("{{ description") < template.user.index("{{ source")


@pytest.mark.parametrize("kind", ["bad-request", "too-long", "bad-reply"])
def test_an_item_that_the_server_will_not_answer_is_one_without_an_answer(kind):
    async def call(messages, schema):
        raise CallFailed(FailureKind(kind), "no")

    answers = asyncio.run(JUDGE.ask("It does X.", items(), call))
    assert {answer.said for answer in answers} == {None}


def test_a_server_that_fails_fails_the_head_once_all_calls_have_ended():
    running = 0

    async def call(messages, schema):
        nonlocal running
        running += 1
        await asyncio.sleep(0.001 * running)
        running -= 1
        raise CallFailed(FailureKind.SERVER, "500")

    async def ask():
        with pytest.raises(CallFailed):
            await JUDGE.ask("It does X.", items(), call)
        assert running == 0

    asyncio.run(ask())


def test_judge_templates_cannot_describe_and_describe_templates_cannot_judge():
    assert load_template("describe").describes
    assert not any(load_template(name).describes for name in ("detect", "predict", "refine"))
