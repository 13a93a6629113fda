"""Held-out evidence: what the describer may see, and what tests its description."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headscribe.agent.splits import mentions, name, split_evidence
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token
from tests.agent.parts_rows import constant_part, parts_row, role

IDS: dict[str, int] = {}


def token(text: str) -> Token:
    return Token(IDS.setdefault(text, len(IDS)), text)


def row(rank: int, source: str, *targets: str) -> Mapping:
    shown = tuple(map(token, targets or (f"{source}-target",)))
    return Mapping(rank, token(source), 2.0, shown, (1.0,) * len(shown))


def rows(count: int) -> tuple[Mapping, ...]:
    return tuple(row(rank, f" word{rank}") for rank in range(count))


def sources(mappings: tuple[Mapping, ...]) -> list[str]:
    return [mapping.source.text for mapping in mappings]


def test_thirty_rows_are_divided_as_asked_for():
    split = split_evidence(Evidence(rows(30)), validation=8, test=8)
    assert (len(split.shown.mappings), len(split.validation), len(split.test)) == (14, 8, 8)
    parts = [*split.shown.mappings, *split.validation, *split.test]
    assert sorted(sources(tuple(parts))) == sorted(sources(rows(30)))
    ranks = [mapping.rank for mapping in split.shown.mappings]
    assert ranks == sorted(ranks), "the describer sees them by salience"


def test_few_rows_leave_at_least_a_third_to_be_shown():
    sizes = []
    for count in (1, 2, 3, 7, 12):
        split = split_evidence(Evidence(rows(count)))
        sizes.append((len(split.shown.mappings), len(split.validation), len(split.test)))
    assert sizes == [(1, 0, 0), (2, 0, 0), (1, 1, 1), (3, 2, 2), (4, 4, 4)]


def test_the_draw_follows_from_the_content_and_the_seed_and_from_nothing_else():
    evidence = Evidence(rows(30))
    turned = Evidence(tuple(reversed(evidence.mappings)))
    assert split_evidence(evidence) == split_evidence(turned)
    assert split_evidence(evidence).test != split_evidence(evidence, seed=1).test
    other = Evidence((*evidence.mappings[:-1], row(29, " changed")))
    assert split_evidence(evidence).test != split_evidence(other).test


def test_spellings_of_one_word_stay_together():
    spellings = [row(rank, text) for rank, text in enumerate([" France", "France", " france", " FRANCE"])]
    evidence = Evidence((*spellings, *(row(4 + i, f" w{i}") for i in range(26))))
    for seed in range(20):
        split = split_evidence(evidence, seed=seed)
        held = [{name(one.source) for one in part} for part in (split.validation, split.test)]
        shown = {name(one.source) for one in split.shown.mappings}
        assert not shown & held[0]
        assert not shown & held[1]
        assert not held[0] & held[1]


def test_a_held_out_source_is_left_out_of_the_rows_that_mention_it():
    years = tuple(row(rank, f" {1900 + rank}", f" {1901 + rank}") for rank in range(30))
    for seed in range(20):
        split = split_evidence(Evidence(years), seed=seed)
        assert len(split.shown.mappings) >= 4, "a row that is left without targets goes"
        assert len(split.test) == 10
        tested = {name(one.source) for one in split.test}
        seen = [*split.shown.mappings, *split.validation]
        assert not any(mentions(one, tested) for one in seen)


def test_rows_that_others_mention_are_held_out_as_often_as_any():
    common = tuple(row(rank, f" w{rank}", " the", " of", f" x{rank}") for rank in range(28))
    evidence = Evidence((*common, row(28, " the", " of"), row(29, " of", " the")))
    held = [" the" in sources(split_evidence(evidence, seed=seed).test) for seed in range(60)]
    assert 10 <= sum(held) <= 30
    for seed in range(60):
        split = split_evidence(evidence, seed=seed)
        for one in split.shown.mappings:
            assert len(one.logits) == len(one.targets) >= 1


def test_only_rows_as_strong_as_the_sharpest_are_held_out_of_a_head_taken_apart():
    sharp = [parts_row(rank, f"word{rank}", f"x{rank}", strength=8 - rank / 10) for rank in range(12)]
    salient = [
        parts_row(rank, f"other{rank}", f"y{rank}", ranking="salient", strength=strength)
        for rank, strength in enumerate([9.0, 4.0, 3.0, 2.0, 1.0, 7.5])
    ]
    tested = set()
    for seed in range(30):
        split = split_evidence(Evidence((*sharp, *salient), constant=constant_part("a")), seed=seed)
        assert (len(split.test), len(split.validation)) == (6, 6)
        tested |= {one.source.text.strip() for one in (*split.test, *split.validation)}
    assert tested == {f"word{rank}" for rank in range(12)} | {"other0", "other5"}


def test_the_test_may_have_more_rows_where_enough_are_left_to_be_shown():
    sizes = [len(split_evidence(Evidence(rows(count)), test=90).test) for count in (30, 60, 120)]
    assert sizes == [10, 34, 74]


def test_rows_of_other_heads_that_name_a_held_out_source_are_not_shown_either():
    contrast = (tuple(row(rank, f" other{rank}", f" word{rank}") for rank in range(30)),)
    split = split_evidence(Evidence(rows(30), contrast))
    held = {name(one.source) for one in (*split.test, *split.validation)}
    assert len(split.shown.contrast[0]) == 14
    assert not any(mentions(one, held) for one in split.shown.contrast[0])


def test_other_heads_to_test_against_are_not_part_of_what_is_shown():
    assert split_evidence(Evidence(rows(30), others=(rows(3),))).shown.others == ()


WORDS = st.sampled_from([" a", "A", "a", " b", "", " ", "\n", "ç", " the", "1"])


@given(st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=3)), max_size=24), st.integers(0, 3))
def test_no_split_ever_lets_a_test_source_through(table, seed):
    evidence = Evidence(tuple(row(rank, one, *targets) for rank, (one, targets) in enumerate(table)))
    split = split_evidence(evidence, seed=seed)
    tested = {name(one.source) for one in split.test}
    assert not any(mentions(one, tested) for one in (*split.shown.mappings, *split.validation))
    assert all(one.targets for one in split.shown.mappings)


def test_no_part_of_a_head_taken_apart_shows_a_held_out_word():
    words = [f"word{place}" for place in range(40)]
    beside = "one two three four five six"
    sharpest = [
        parts_row(rank, word, f"{beside} {word}x", members=" ".join(words[30:]))
        for rank, word in enumerate(words[:15])
    ]
    salient = [parts_row(rank, word, beside, ranking="salient") for rank, word in enumerate(words[15:30])]
    constant = constant_part(" ".join(words[:6]), " ".join(words[6:12]))
    roles = (
        role(0, " ".join(words[:6]), beside, " ".join(words[6:12]), beside),
        role(1, words[0], words[1], beside, beside),
    )
    evidence = Evidence((*salient, *sharpest), constant=constant, roles=roles)
    split = split_evidence(evidence)
    held = {name(mapping.source) for mapping in (*split.validation, *split.test)}
    assert len(held) == 16
    shown = split.shown
    assert shown.constant is not None
    seen = [
        *(
            token
            for mapping in shown.mappings
            for token in (mapping.source, *mapping.targets, *mapping.members)
        ),
        *shown.constant.promoted,
        *shown.constant.suppressed,
        *(token for one in shown.roles for token in (*one.sources, *one.targets)),
        *(token for one in shown.roles for token in (*one.far_sources, *one.far_targets)),
    ]
    assert not held & {name(one) for one in seen}
    assert len(shown.constant.promoted) == len(shown.constant.strengths)
    rankings = [(mapping.ranking, mapping.rank) for mapping in shown.mappings]
    assert rankings == sorted(rankings, key=lambda one: (one[0] == "salient", one[1])), (
        "the sharpest come first"
    )
