"""The questions that test a description, how answers are read, and what they are worth."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.simulated import planted_evidence
from headscribe.agent.splits import mentions, name
from headscribe.agent.verification import (
    CHOICES,
    NULL,
    Answer,
    Judge,
    Pair,
    ReaderItem,
    Reading,
    intruders_of,
    make_intruders,
    make_items,
    measure,
)
from headscribe.agent.verification.judging import read_answer
from headscribe.agent.verification.lift import auroc
from headscribe.agent.verification.looks import look_of
from headscribe.core.chat import CallFailed, ChatReply, FailureKind
from headscribe.core.records import Mapping, Token
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


def between(found: tuple[ReaderItem, ...]) -> list[ReaderItem]:
    return [item for item in found if item.kind != "within"]


def test_every_row_is_judged_beside_a_false_one_picked_and_asked_about_within_the_head():
    found = items()
    kinds = Counter(item.kind for item in found)
    assert (kinds["true"], kinds["pick"], kinds["within"]) == (10, 10, 10)
    assert kinds["other-row"] == 8, "most false rows are another head's own"
    assert kinds["other-targets"] == kinds["random"] == 1
    judged = Counter(item.right for item in found if item.right in {"yes", "no"})
    assert judged["yes"] == judged["no"] == 10
    for kind in ("true", "pick", "within"):
        asked = [item.source.text for item in found if item.kind == kind]
        assert sorted(asked) == sorted(row.source.text for row in ROWS)


def test_validation_asks_about_each_row_once():
    found = items(part="validation")
    asked = [item.source.text for item in found if item.kind in {"true", "pick"}]
    assert sorted(asked) == sorted(row.source.text for row in ROWS)
    assert not any(item.kind == "within" for item in found)


def test_validation_and_test_show_other_rows_of_other_heads():
    shown = [
        {source for item in items(part=part) for source in (item.sources or (item.source,))}
        for part in ("validation", "test")
    ]
    own = {row.source for row in EVIDENCE.mappings}
    assert shown[0] & shown[1] <= own


def test_rows_that_the_describer_saw_are_in_no_item():
    seen = [row for rows in EVIDENCE.others for row in rows[:8]]
    shown = {source for item in items(seen=seen) for source in (*item.sources, item.source)}
    assert not shown & {row.source for row in seen}


def test_false_rows_come_from_other_heads_and_hard_ones_have_a_true_source():
    own = {row.source for row in EVIDENCE.mappings}
    others = {row.targets for rows in EVIDENCE.others for row in rows}
    for item in items():
        if item.kind == "other-row":
            assert item.source not in own
        else:
            assert item.source in own
        if item.right == "no" and item.kind != "random":
            assert item.choices[0] in others


def test_random_lists_are_of_tokens_that_no_target_of_the_row_is():
    found = next(item for item in items() if item.kind == "random")
    true = {row.source: row.targets for row in ROWS}[found.source]
    (shown,) = found.choices
    assert len(shown) == len(true)
    assert not {name(token) for token in shown} & {name(token) for token in true}
    known = {token for rows in EVIDENCE.others for row in rows for token in row.targets}
    assert set(shown) <= known


def test_a_pick_shows_the_true_row_among_rows_of_other_heads():
    true = {row.source: row.targets for row in ROWS}
    for item in items():
        if item.kind == "pick":
            place = CHOICES.index(item.right)
            assert (item.sources[place], item.choices[place]) == (item.source, true[item.source])
            assert sum(source in true for source in item.sources) == 1


def test_within_the_head_all_lists_are_the_heads_and_share_no_token():
    true = {row.source: row.targets for row in ROWS}
    for item in items():
        if item.kind == "within":
            assert item.choices[CHOICES.index(item.right)] == true[item.source]
            assert set(item.choices) <= set(true.values())
            tokens = [name(token) for targets in item.choices for token in targets]
            assert len(tokens) == len(set(tokens))


def test_right_answers_stand_in_every_place_equally_often():
    rights: Counter[str] = Counter()
    for head in range(12):
        evidence = planted_evidence(head)
        found = make_items(evidence.mappings[:8], evidence.others)
        rights.update(item.right for item in found if item.kind in {"pick", "within"})
    assert rights == dict.fromkeys(CHOICES, 12 * 4)


def spelled(source: str, *targets: str) -> Mapping:
    shown = tuple(Token(hash(text) % 10**6, text) for text in targets)
    return Mapping(0, Token(hash(source) % 10**6, source), 1.0, shown, (1.0,) * len(shown))


def test_a_false_row_looks_like_the_true_one_it_stands_beside():
    looks = {
        "copied": [(f" {word}", f"{word}", f" {word}s") for word in ("Ape", "Bee", "Cow", "Dog", "Eel")],
        "lower": [(f" {word}", " x", " y") for word in ("ant", "bat", "cat", "doe", "elk")],
        "upper": [(word, " X", " Y") for word in ("AB", "CD", "EF", "GH", "IJ")],
    }
    other = tuple(spelled(*row) for rows in looks.values() for row in rows)
    for true in (spelled(" France", "France", " Frances"), spelled(" oak", " z", " w"), spelled("KL", " Z")):
        found = make_items([true], (other, other))
        beside = [item for item in found if item.kind == "other-row"]
        rows = {row.source: row for row in other}
        assert beside
        assert all(look_of(rows[item.source]) == look_of(true) for item in beside)


def test_order_and_draw_follow_from_the_content_and_the_seed():
    assert items() == make_items(ROWS[::-1], EVIDENCE.others, own=EVIDENCE.mappings)
    assert items() != items(seed=1)


def test_another_heads_targets_for_the_very_source_make_a_choice():
    assert not any(item.kind == "choice" for item in items()), "no other head has one of the sources"
    same = [replace(EVIDENCE.others[0][3 + place], source=row.source) for place, row in enumerate(ROWS)]
    hard = make_items(ROWS, (*EVIDENCE.others, tuple(same)), own=EVIDENCE.mappings)
    chosen = [item for item in hard if item.kind == "choice"]
    assert chosen
    for item in chosen:
        assert any(row.targets in item.choices for row in same if row.source == item.source)
        tokens = [name(token) for targets in item.choices for token in targets]
        assert len(tokens) == len(set(tokens))


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
    rights = Counter(item.right for item in found if item.kind in {"true", "other-row", "other-targets"})
    assert 0 < len(between(found)) < 30
    assert rights["yes"] >= rights["no"] > 0


def test_an_intruder_stands_among_four_rows_of_the_head():
    found = make_intruders(EVIDENCE.mappings[:16], EVIDENCE.others, own=EVIDENCE.mappings)
    own = {row.source for row in EVIDENCE.mappings}
    assert len(found) == 8
    for item in found:
        assert sum(source in own for source in item.sources) == 4
        assert item.sources["ABCDE".index(item.right)] not in own
    uses = Counter(source for item in found for source in item.sources if source in own)
    assert max(uses.values()) <= 2
    assert make_intruders(EVIDENCE.mappings[:3], EVIDENCE.others) == ()


WRONG = {"yes": "no", "no": "yes", "A": "B"}


def pairs(item: ReaderItem, both: int = 0, told: int = 0, null: int = 0, neither: int = 0) -> list[Pair]:
    """So many items that both readers, the told one alone, the null reader alone and none get right."""
    found = []
    for number, (a, b) in zip(
        (both, told, null, neither), ((True, True), (True, False), (False, True), (False, False)), strict=True
    ):
        said = [item.right if one else WRONG[item.right] for one in (a, b)]
        found += [Pair(*(Answer(item, one) for one in said))] * number
    return found


def test_the_lift_is_what_the_description_adds_to_what_is_answered_without_it():
    found = measure([*pairs(yes_or_no("yes"), 5, 4, 0, 1), *pairs(yes_or_no("no"), 5, 3, 1, 1)])
    assert (found.tested.accuracy, found.tested.null_accuracy) == pytest.approx((17 / 20, 11 / 20))
    assert found.value == pytest.approx((17 / 20 - 11 / 20) / (1 - 11 / 20))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high < 1
    assert measure(pairs(choice("A"), 6, 6)).value == 1
    assert measure(pairs(choice("A"), 6, 0, 0, 6)).value == 0
    assert measure(pairs(choice("A"), 6, 0, 3, 3)).value == pytest.approx(-1)


def test_equal_answers_have_a_lift_of_0_and_a_narrow_interval():
    found = measure([*pairs(yes_or_no("yes"), 12), *pairs(yes_or_no("no"), 0, 0, 0, 12)])
    assert found.value == 0
    assert found.width is not None
    assert found.width < 0.15


def test_items_that_the_null_reader_always_gets_right_say_nothing_of_a_description():
    found = measure(pairs(choice("A"), 20))
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 20)
    assert (found.tested.accuracy, found.tested.null_accuracy) == (1, 1)


def test_items_that_hang_on_one_row_count_as_fewer():
    alone = measure(pairs(choice("A"), 8, 16, 0, 8))
    rows = [replace(choice("A"), unit=f"row {number}") for number in range(8)]
    of_rows = [
        pair
        for number, row in enumerate(rows)
        for pair in pairs(row, **{("both", "told", "told", "neither")[number % 4]: 4})
    ]
    together = measure(of_rows)
    assert together.value == alone.value
    assert together.width is not None
    assert alone.width is not None
    assert together.width > 1.5 * alone.width


def test_what_is_answered_within_the_head_has_a_lift_of_its_own():
    within = replace(choice("A"), kind="within")
    found = measure([*pairs(choice("A"), 2, 5, 0, 1), *pairs(within, 3, 0, 0, 4)])
    assert (found.tested.lift_within, found.tested.n_within) == (0, 7)
    assert found.value == pytest.approx(5 / 6)
    assert found.n == 8


def test_items_without_an_answer_are_left_out_and_told():
    answered = [*pairs(yes_or_no("yes"), 4), *pairs(yes_or_no("no"), 0, 0, 0, 2)]
    silent = [Pair(Answer(yes_or_no("no"), None), Answer(yes_or_no("no"), "no"))] * 2
    found = measure([*answered, *silent])
    assert found.n == 6
    assert found.unanswered == 0.25
    assert found.tested.accuracy == 0.5, "always yes is a half, however many of the others are answered"
    assert measure([*pairs(yes_or_no("yes"), 4), *silent]).value is None
    assert measure([]).unanswered is None


def test_intruders_are_scored_from_guessing_to_always():
    rows = replace(choice("A"), kind="intruder", choices=choice("A").choices * 2)
    item = replace(rows, choices=rows.choices[:5])
    found = intruders_of([*[Answer(item, "A")] * 6, *[Answer(item, "B")] * 4, Answer(item, None)])
    assert (found.value, found.n) == (pytest.approx((0.6 - 0.2) / 0.8), 10)
    assert found.low is not None
    assert found.low < 0.5
    assert intruders_of([]).value is None


@pytest.mark.parametrize(
    ("text", "item", "said"),
    [
        ("yes", yes_or_no("yes"), "yes"),
        ("**B**", choice("A"), "B"),
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
    assert read_answer(ChatReply(text), item, JUDGE.template_of(item)).said == said


def test_where_a_server_gives_probabilities_they_decide_and_are_kept():
    places = (
        (("**", -0.1), (" A", -2.0)),
        ((" C", -0.5), (" c", -1.5), ("A", -2.0), (" the", -3.0)),
        (("**.", -0.1),),
    )
    answer = read_answer(ChatReply("**C**.", logprobs=places), choice("A"), JUDGE.predict)
    c, a = math.exp(-0.5) + math.exp(-1.5), math.exp(-2.0)
    assert answer.chances == pytest.approx((a / (a + c), 0, c / (a + c), 0))
    assert (answer.said, answer.right_chance) == ("C", pytest.approx(a / (a + c)))
    assert read_answer(ChatReply("C"), choice("A"), JUDGE.predict).chances == ()


def test_probabilities_of_yes_order_true_rows_before_false_ones():
    answers = [
        Answer(yes_or_no(right), "yes", chances=(chance, 1 - chance))
        for right, chance in (("yes", 0.9), ("yes", 0.6), ("no", 0.7), ("no", 0.1))
    ]
    assert auroc(answers) == 0.75
    assert auroc([Answer(yes_or_no("yes"), "yes"), Answer(yes_or_no("no"), "no")]) is None


def test_a_refusal_is_no_answer():
    assert read_answer(ChatReply("no", refusal="I cannot."), yes_or_no("yes"), JUDGE.detect).said is None


def asked_by(items: tuple[ReaderItem, ...]) -> list[str]:
    """The prompts of both readers, as text."""
    prompts = []

    async def call(messages, schema):
        (message,) = messages
        prompts.append(message.content)
        return ChatReply("yes" if "yes or no" in message.content else "A")

    found = asyncio.run(Reading(JUDGE, call).pairs("It does X.", items))
    assert [pair.told.item for pair in found] == [pair.null.item for pair in found] == list(items)
    return prompts


def test_a_reader_gets_one_item_and_the_description_and_nothing_else():
    found = items()
    prompts = asked_by(found)[: len(found)]
    for item, prompt in zip(found, prompts, strict=True):
        assert prompt.count('"It does X."') == 1
        assert json.dumps(item.source.text) in prompt
        if item.kind != "within":
            strangers = [row.source.text for row in EVIDENCE.mappings if row.source != item.source]
            assert not any(json.dumps(text) in prompt for text in strangers)


def test_the_null_readers_prompt_differs_in_the_description_alone():
    found = items()
    prompts = asked_by(found)
    assert len(prompts) == 2 * len(found)
    for told, null in zip(prompts[: len(found)], prompts[len(found) :], strict=True):
        assert null == told.replace("It does X.", NULL)


def test_items_are_asked_in_batches_until_the_interval_is_narrow_enough():
    async def call(messages, schema):
        text = messages[0].content
        yes = "It does X." in text and re.search(r'^Row: " s15x', text, re.MULTILINE)
        return ChatReply(("yes" if yes else "no") if "yes or no" in text else "A")

    found = items()
    for interval, asked in ((5.0, 24), (1e-9, len(found))):
        pairs = asyncio.run(Reading(JUDGE, call).until_narrow("It does X.", found, interval))
        assert len(pairs) == asked


def test_the_description_stands_before_the_item_so_that_servers_can_reuse_the_beginning():
    for template, item in ((JUDGE.detect, "source"), (JUDGE.predict, "source"), (JUDGE.pick, "rows")):
        assert template.user.index("{{ description") < template.user.index("{{ " + item)


@pytest.mark.parametrize("kind", ["bad-request", "too-long", "bad-reply"])
def test_an_item_that_the_server_will_not_answer_is_one_without_an_answer(kind):
    async def call(messages, schema):
        raise CallFailed(FailureKind(kind), "no")

    answers = asyncio.run(JUDGE.ask([("It does X.", item) for item in items()], call))
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
            await JUDGE.ask([("It does X.", item) for item in items()], call)
        assert running == 0

    asyncio.run(ask())


def test_judge_templates_cannot_describe_and_describe_templates_cannot_judge():
    assert load_template("describe").describes
    assert not any(
        load_template(name).describes for name in ("detect", "pick", "predict", "refine", "intruder")
    )
