"""Showing untrusted tokens in plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.core.tokens import TOKEN_WIDTH, has_byte_piece, show_token, text_of_bytes


@pytest.mark.parametrize(
    ("text", "shown"),
    [(" France", "' France'"), ("\n\t", "'\\n\\t'"), ("it's", "'it\\'s'"), ("\\n", "'\\\\n'"), ("", "''"),
     ("\x1b[2J", "'\\x1b[2J'"), ("\u202e", "'\\u202e'"), ("\ud800", "'\\ud800'"), ("日本", "'日本'")],
)  # fmt: skip
def test_spaces_show_by_quotes_and_invisible_characters_by_escapes(text, shown):
    assert show_token(text) == shown


def test_a_long_token_is_cut_with_an_ellipsis():
    assert show_token("-" * 500) == "'" + "-" * (TOKEN_WIDTH - 1) + "…'"
    assert "…" not in show_token("-" * TOKEN_WIDTH)


@given(st.text())
def test_any_token_is_one_printable_line(text):
    assert show_token(text).isprintable()


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), ("é €".encode(), "é €"), (b"\xed", "<0xED>"), (b" \xe2\x80", " <0xE2><0x80>"),
     ("龍".encode() + b"\xe5\xa5", "龍<0xE5><0xA5>"), (b"\x80a\xff", "<0x80>a<0xFF>"),
     ("\ufffd".encode(), "\ufffd")],
)  # fmt: skip
def test_bytes_that_are_no_text_read_as_bytes(raw, text):
    assert text_of_bytes(raw) == text
    assert has_byte_piece(text) == ("<0x" in text)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_different_bytes_read_differently(one, other):
    assert (text_of_bytes(one) == text_of_bytes(other)) == (one == other)


@given(st.text())
def test_bytes_of_text_read_as_the_text(text):
    whole = text.encode("utf-8", "replace")
    assert text_of_bytes(whole) == whole.decode()
