"""Which tokens are spellings of one word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.core.spelling import spelling_family


@pytest.mark.parametrize(
    "spellings",
    [
        (" France", "france", "FRANCE,", "-France", "_france", "(France"),
        ("12", " 12", "12.", "#12"),
        ("don't", " dont", "don’t"),
        ("Straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("Ａｂｃ", "abc"),
        ("(", " (", "( "),
        ("的", " 的"),
        ("हिन्दी", " हिन्दी"),
        ("Ω", "ω", "\u2126"),
    ],
)
def test_case_space_and_punctuation_make_no_difference(spellings: tuple[str, ...]) -> None:
    assert len({spelling_family(text) for text in spellings}) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("façade", "facade"),
        ("1", "2", "12", "21"),
        ("x", "x1", "x2"),
        ("的", "地", "得"),
        ("क", "कि", "की"),
        ("(", ")", "((", "-", "--", "."),
        (" ", "  ", "\n", "\t", ""),
        ("<0xED>", "<0xEC>", "0xED", "<0xED><0x95>"),
        ("→", "←"),
        ("😀", "😁"),
    ],
)
def test_different_words_stay_apart(words: tuple[str, ...]) -> None:
    assert len({spelling_family(text) for text in words}) == len(words)


@given(st.text(max_size=12))
def test_a_family_is_its_own_spelling_and_every_text_has_one(text: str) -> None:
    family = spelling_family(text)
    assert spelling_family(family) == family
    assert bool(family) == bool(text)


@given(st.text("abcXYZéΣ09", min_size=1, max_size=8), st.sampled_from([" ", "", "_", "-", "."]))
def test_families_ignore_what_surrounds_a_word(word: str, around: str) -> None:
    assert spelling_family(around + word.upper() + around) == spelling_family(word.upper())
