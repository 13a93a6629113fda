"""Heads with one rule, or of one value head, get one name, and each is told from the others."""

from __future__ import annotations

from headscribe.core.heads import Head
from headscribe.core.records import Mapping, Token
from headscribe.eval.head_families import COMMON, FamilyMember, head_families


def rows(pairs: dict[str, list[str]]) -> tuple[Mapping, ...]:
    def token(text: str) -> Token:
        return Token(sum(map(ord, text)), text)

    return tuple(
        Mapping(rank, token(source), 1.0, tuple(map(token, targets)), (1.0,) * len(targets))
        for rank, (source, targets) in enumerate(pairs.items())
    )


def member(
    name: tuple[int, int], pairs: dict[str, list[str]] | None = None, *operations: str, **more: object
) -> FamilyMember:
    made = rows(pairs or {f" s{name}": [f" t{name}"]})
    return FamilyMember(Head(*name), made, dict.fromkeys(operations, 0.5), **more)  # type: ignore[arg-type]


def names(members: list[FamilyMember], heads_per_value: int = 1) -> dict[str, str]:
    return {head.name: one.name for head, one in head_families(members, heads_per_value).items()}


WORDS = {f" word{n}": [f" rhyme{n}", f" near{n}"] for n in range(10)}
SPELLED = {source.upper(): [target.title() for target in targets] for source, targets in WORDS.items()}


def test_heads_with_most_operations_in_common_are_a_family_named_after_them():
    both = ("capital", "language")
    found = names(
        [
            member((0, 0), None, *both),
            member((2, 3), None, "language", "capital", "currency"),
            member((1, 1), None, "capital", "plural", "gerund"),
            member((4, 1), None),
        ]
    )
    assert found == {"L0H0": "capital, language", "L2H3": "capital, language"}


def test_a_name_takes_the_strongest_operations_and_counts_the_others():
    strong = FamilyMember(Head(0, 0), (), {"a": 0.2, "b": 0.9, "c": 0.4, "d": 0.3})
    weak = FamilyMember(Head(1, 0), (), dict.fromkeys("abcd", 0.1))
    assert set(names([strong, weak]).values()) == {"b, c and 2 more"}


def test_heads_whose_rows_are_alike_in_any_spelling_are_a_family_named_after_the_best_description():
    found = names(
        [
            member((0, 0), WORDS, description="Raises rhymes of a word.", confidence=0.9),
            member((3, 2), SPELLED, description="Something.", confidence=0.2),
            member((1, 1), {f" word{n}": [f" other{n}"] for n in range(10)}),
        ]
    )
    assert found == {"L0H0": "Raises rhymes of a word.", "L3H2": "Raises rhymes of a word."}


def test_without_a_description_the_first_head_gives_the_name_and_long_ones_are_cut():
    assert set(names([member((0, 5), WORDS), member((3, 2), SPELLED)]).values()) == {"like L0H5"}
    long = member((0, 5), WORDS, description="Raises the words " * 20, confidence=0.5)
    (name, *_) = names([long, member((3, 2), SPELLED)]).values()
    assert len(name) < 70
    assert name.endswith(" …")


def test_few_shared_pairs_and_pairs_that_every_head_has_join_nobody():
    few = dict(list(WORDS.items())[:2])
    assert names([member((0, 0), few), member((1, 0), few)]) == {}
    everywhere = [member((layer, 0), WORDS) for layer in range(COMMON + 1)]
    assert names(everywhere) == {}
    assert len(names(everywhere[:COMMON])) == COMMON


def test_heads_of_one_value_head_are_a_family_unless_a_rule_says_more():
    found = names(
        [
            member((5, 3)),
            member((5, 4)),
            member((5, 5), None, "capital"),
            member((5, 6)),
            member((6, 3), None, "capital"),
        ],
        heads_per_value=3,
    )
    assert found == {
        "L5H3": "value head 1 of layer 5",
        "L5H4": "value head 1 of layer 5",
        "L5H5": "capital",
        "L6H3": "capital",
    }


def test_equal_names_of_different_families_are_numbered():
    rhymes = {"description": "Rhymes.", "confidence": 0.5}
    other = {f" x{n}": [f" y{n}"] for n in range(9)}
    groups = [(WORDS, 0), (WORDS, 1), (other, 2), (other, 3)]
    found = names([member((layer, 0), pairs, **rhymes) for pairs, layer in groups])
    assert list(found.values()) == ["Rhymes.", "Rhymes.", "Rhymes. (2)", "Rhymes. (2)"]


def test_each_head_says_what_it_has_alone():
    more = WORDS | {" Spain": [" Madrid", " near1"], "\u202e": [" x"]}
    found = head_families(
        [member((0, 0), more, "a", "b", "c"), member((1, 0), WORDS, "a", "b", "c", "extra")], 1
    )
    assert found[Head(0, 0)].differs == (
        "alone has the sources ' Spain', '\\u202e'; has the targets ' Madrid', ' x'"
    )
    assert found[Head(1, 0)].differs == "alone implements extra"
    alike = head_families([member((0, 0), WORDS), member((1, 0), SPELLED)], 1)
    assert alike[Head(1, 0)].differs == "has no source and no target that the others lack"
