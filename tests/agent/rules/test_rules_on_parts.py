"""The rules on heads taken apart: the constant part and the specific part, said apart."""

from __future__ import annotations

import random

import pytest

from headscribe.agent.rules import describe_by_rules, find_patterns
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.core.parts import PartsMapping
from headscribe.operations import Operation
from tests.agent.parts_rows import constant_part, parts_row, tokens

WORDS = """
    meadow chapter logic vendor ruin quartz umbrella hazard jolly tribe nectar sphere kindly oxygen wagon
    plasma dozen yarn zebra fabric lemon copper igloo ghost essay bishop alloy method tunnel vivid walnut
    pocket dragon helmet lantern mustard orchard pigeon ribbon saddle timber velvet whisper
""".split()  # noqa: SIM905
SOURCES = """
    abbey basin camel diary eagle flute grove hinge ivory jacket kettle ladder magnet needle onion puzzle
    quiver rocket shovel turtle urchin violin wizard pillow carrot
""".split()  # noqa: SIM905
PRONOUNS = "he she they his her them"
NOTHING = constant_part("quartz tribe nectar jolly vendor ruin", "essay alloy vivid yarn hazard plasma")


def head(
    *planted: tuple[str, str], members: dict[str, str] | None = None, side: str = "promoted"
) -> Evidence:
    """Planted rows among twenty that follow nothing."""
    rng = random.Random(len(planted))
    rows: list[PartsMapping] = []
    for source, target in (*planted, *((word, "") for word in SOURCES[:20])):
        random_words = rng.sample(WORDS, 10)
        random_words[rng.randrange(5)] = target or random_words[0]
        up, down = (
            (random_words[:5], random_words[5:])
            if side == "promoted"
            else (random_words[5:], random_words[:5])
        )
        own = (members or {}).get(source, "")
        rows.append(
            parts_row(
                len(rows), source, " ".join(up), suppressed=" ".join(down), members=own, row_class=len(rows)
            )
        )
    return Evidence(tuple(rows), constant=NOTHING)


def described(evidence: Evidence, *operations: Operation) -> Outcome:
    return describe_by_rules(evidence, operations or None)


def test_an_operation_of_few_sources_is_named_with_how_many_of_them_follow_it() -> None:
    found = described(head(("France", "Paris"), ("Japan", "Tokyo"), ("Egypt", "Cairo"), ("Peru", "nectar")))
    assert found.status is Status.OK
    assert found.description is not None
    assert "Maps a country to its capital (3 of 4 such sources)" in found.description
    assert "Whatever the source" not in found.description
    assert (found.n_tests, round((found.confidence or 0) * found.n_tests)) == (24, 3)


def test_an_operation_that_most_of_its_sources_do_not_follow_is_not_named() -> None:
    found = described(head(("France", "Paris"), ("Japan", "nectar"), ("Egypt", "tribe"), ("Peru", "ruin")))
    assert found.status is Status.UNCLEAR


def test_targets_that_come_whatever_the_source_make_no_operation() -> None:
    """Every source promotes ``Paris``: that France does too is no rule."""
    rows = head(("France", "Paris"), ("Italy", "Rome")).mappings
    everywhere = tuple(
        parts_row(row.rank, row.source.text.strip(), "Paris Rome nectar", row_class=row.rank) for row in rows
    )
    assert described(Evidence(everywhere, constant=NOTHING)).status is Status.UNCLEAR


def test_a_suppressed_operation_counts_as_promotion_does() -> None:
    found = described(head(("France", "Paris"), ("Japan", "Tokyo"), ("Egypt", "Cairo"), side="suppressed"))
    assert "Suppresses, for a country, its capital (3 of 3 such sources)" in (found.description or "")


def test_sources_that_share_a_row_count_with_it() -> None:
    evidence = head(
        ("monday", "tuesday friday sunday saturday"), members={"monday": "tuesday friday sunday saturday"}
    )
    assert "Maps weekdays to other weekdays (5 of 5 such sources)" in (described(evidence).description or "")


def test_a_set_of_words_counts_on_the_suppressed_side_too() -> None:
    evidence = head(
        ("seven", "two five"), ("eight", "six ten"), members={"seven": "nine ten"}, side="suppressed"
    )
    sentence = "Suppresses, for number words, other number words (4 of 4 such sources)"
    assert sentence in (described(evidence).description or "")


def test_the_constant_part_and_the_specific_one_are_said_apart() -> None:
    evidence = head(("France", "Paris"), ("Japan", "Tokyo"), ("Egypt", "Cairo"))
    pronouns = constant_part(PRONOUNS, "quartz tribe nectar jolly vendor ruin")
    found = described(Evidence(evidence.mappings, constant=pronouns))
    assert (found.description or "").startswith(
        "Whatever the source: promotes pronouns, e.g. ' he', ' she', ' they'. Beyond that: Maps a country"
    )
    alone = described(Evidence(head().mappings, constant=pronouns))
    assert (alone.status, alone.confidence) == (Status.OK, 0.0)
    assert (alone.description or "").endswith("Beyond that no rule was found.")


@pytest.mark.parametrize(
    ("part", "common"),
    [
        pytest.param(NOTHING, "", id="tokens of no kind"),
        pytest.param(constant_part(PRONOUNS, share=0.05), "", id="a small share"),
        pytest.param(
            constant_part("he she they his her them"), "he she they his her them", id="common to many heads"
        ),
        pytest.param(constant_part("').| ']): (\\'{} ']). \\')) ''':"), "", id="marks of code"),
    ],
)
def test_whatever_the_source_is_not_claimed_from(part: object, common: str) -> None:
    ids = frozenset(token.id for token in tokens(common))
    evidence = Evidence(head().mappings, constant=part, common=ids)  # type: ignore[arg-type]
    assert described(evidence).status is Status.UNCLEAR


def test_tokens_that_many_sources_share_are_no_finding_of_the_specific_part() -> None:
    rows = tuple(parts_row(at, word, "nectar ruin tribe", row_class=at) for at, word in enumerate(SOURCES))
    assert describe_by_rules(Evidence(rows, constant=NOTHING)).status is Status.UNCLEAR


def test_a_class_of_similar_rows_is_named_by_its_sources_and_what_they_share() -> None:
    likenesses = [parts_row(at, word, f"monk hermit {WORDS[at]}") for at, word in enumerate(SOURCES[:4])]
    others = [
        parts_row(4 + at, word, " ".join(WORDS[5 * at % 30 : 5 * at % 30 + 4]), row_class=1 + at)
        for at, word in enumerate(SOURCES[4:16])
    ]
    evidence = Evidence((*likenesses, *others), constant=NOTHING)
    sentence = "For sources such as ' abbey', ' basin', ' camel', ' diary', promotes ' monk', ' hermit'"
    assert sentence in (described(evidence).description or "")
    marked = frozenset(token.id for token in tokens("monk hermit"))
    common = Evidence(evidence.mappings, constant=NOTHING, common=marked)
    assert sentence not in (described(common).description or "")


def test_spellings_of_the_source_are_told_apart() -> None:
    rows = [parts_row(at, word, f"{word} {WORDS[at]}", row_class=at) for at, word in enumerate(SOURCES[:8])]
    rows += [
        parts_row(8 + at, word, f"{WORDS[9 + at]} {word.capitalize()}", row_class=8 + at)
        for at, word in enumerate(SOURCES[8:13])
    ]
    found = described(Evidence(tuple(rows), constant=NOTHING)).description or ""
    assert "Copies the source: promotes the token itself (8 of 13 mappings)" in found
    assert "Maps a word to the same in title case (5 of 13 mappings)" in found


def test_heads_with_targets_of_other_sources_stay_unclear() -> None:
    rng = random.Random(3)
    pairs = [("France", "Paris"), ("Japan", "Tokyo"), ("two", "three"), ("big", "bigger"), ("walk", "walked")]
    for _ in range(200):
        sources, targets = [a for a, _ in pairs] + SOURCES[:15], [b for _, b in pairs] + WORDS
        rows = tuple(
            parts_row(at, rng.choice(sources), " ".join(rng.sample(targets, 6)), row_class=at)
            for at in range(30)
        )
        assert describe_by_rules(Evidence(rows, constant=NOTHING)).status is Status.UNCLEAR


def test_a_head_without_rows_is_unclear() -> None:
    assert describe_by_rules(Evidence((), constant=NOTHING)).status is Status.UNCLEAR
    assert find_patterns(Evidence((), constant=NOTHING)) == []


def test_a_set_of_words_that_one_row_shows_needs_several_of_its_sources() -> None:
    alone = head(("monday", "tuesday friday sunday saturday"), members={"monday": "tuesday"})
    assert described(alone).status is Status.UNCLEAR


def test_common_tokens_alone_show_no_set_of_words() -> None:
    evidence = head(("seven", "two five"), ("eight", "six ten"), members={"seven": "nine ten"})
    common = Evidence(
        evidence.mappings,
        constant=NOTHING,
        common=frozenset(token.id for token in tokens("two five six ten")),
    )
    assert "Maps number words to other number words (4 of 4" in (described(evidence).description or "")
    assert described(common).status is Status.UNCLEAR


def test_targets_of_one_set_are_said_with_the_sources_that_lead_to_them() -> None:
    words = ("woman", "heroine", "goddess", "princess", "actress")
    pronouns = ("she herself", "hers her", "herself her", "hers she", "her she")
    evidence = head(*zip(words, pronouns, strict=True))
    sentence = (
        "Promotes pronouns for some sources, such as ' woman', ' heroine', ' goddess', ' princess' (5 of 25"
    )
    assert sentence in (described(evidence).description or "")
    everywhere = tuple(
        parts_row(at, word, f"he they {' '.join(WORDS[at : at + 19 : 6])}", row_class=at)
        for at, word in enumerate(SOURCES)
    )
    assert described(Evidence(everywhere, constant=NOTHING)).status is Status.UNCLEAR


def test_similar_rows_that_share_no_two_targets_make_no_class() -> None:
    shared = ("monk hermit", "monk abbot", "abbot hermit", "nectar ruin", "monk tribe", "abbot vendor")
    rows = tuple(
        parts_row(at, SOURCES[at], f"{targets} {WORDS[20 + 2 * at]} {WORDS[21 + 2 * at]}", row_class=0)
        for at, targets in enumerate(shared)
    )
    assert describe_by_rules(Evidence(rows, constant=NOTHING)).status is Status.UNCLEAR


def test_copying_of_fewer_than_half_of_the_rows_is_said_to_be_of_some_sources() -> None:
    rows = [
        parts_row(at, word, f"{word if at < 5 else WORDS[at]} {WORDS[at + 12]}", row_class=at)
        for at, word in enumerate(SOURCES[:12])
    ]
    found = described(Evidence(tuple(rows), constant=NOTHING)).description or ""
    assert "Copies some sources: promotes the token itself (5 of 12 mappings)" in found
