"""How untrusted texts (tokens, replies, servers' words) are shown to people in plain text."""

from __future__ import annotations

import re

TOKEN_WIDTH = 40
"""Characters of a token that are shown; some vocabularies hold tokens of hundreds."""

_JOINERS = "\u200c\u200d"
_BYTE = re.compile("<0x[0-9A-F]{2}>")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "'": "\\'"}


def show_token(text: str, width: int = TOKEN_WIDTH) -> str:
    """A token between single quotes, on one line, with nothing invisible in it: ``' France'``, ``'\\n'``.

    Leading and trailing spaces show by the quotes. Control, format and unpaired surrogate characters are
    escaped as in Python, so no token can move the cursor, change the text's direction or break a table.

    Args:
        text: the token's text, as untrusted as its vocabulary.
        width: characters of the token that are shown before ``…``.
    """
    shown = text if len(text) <= width else text[: width - 1]
    if not shown.isprintable() or "\\" in shown or "'" in shown:
        shown = "".join(map(_visible, shown))
    return "'" + shown + ("…'" if len(text) > width else "'")


def text_of_bytes(raw: bytes) -> str:
    """The bytes as text, and each of those that are no UTF-8 as ``<0xED>``: ``龍<0xE5><0xA5>``.

    Some tokens hold a part of a character. Different bytes read differently, which U+FFFD would hide.
    """
    shown = ""
    while True:
        try:
            return shown + raw.decode()
        except UnicodeDecodeError as error:
            odd = raw[error.start : error.end]
            shown += raw[: error.start].decode() + "".join(f"<0x{byte:02X}>" for byte in odd)
            raw = raw[error.end :]


def has_byte_piece(text: str) -> bool:
    """Whether a token's text holds a byte, as ``text_of_bytes`` shows it."""
    return bool(_BYTE.search(text))


def plain_line(text: str, longest: int) -> str:
    """One line without control, format or unpaired surrogate characters, cut to ``longest`` of them."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _visible(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
