"""Tokens that stand for bytes: how a tokenizer spells them, and which hold no whole characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from headscribe.core.tokens import has_byte_piece, text_of_bytes

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_NEVER_IN_UTF8 = (0xC0, 0xC1, *range(0xF5, 0x100))
_ONE_BYTE = re.compile("<0x([0-9A-F]{2})>")


class ByteTokens:
    """How a tokenizer spells bytes: by GPT-2's alphabet of 256 characters, as ``<0xED>``, or not at all.

    Decided by what its decoder makes of them, which holds for whatever a conversion wrote.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        decode = tokenizer.decoder.decode if tokenizer.decoder else "".join
        self._id = tokenizer.token_to_id
        self._alphabet = _gpt2_alphabet() if decode(["xĠx"]) == "x x" else {}
        self._beyond_ascii = {char for char, byte in self._alphabet.items() if byte > 0x7F}
        self._falls_back = decode(["x", "<0x41>"]) == "xA"

    def piece(self, token: str) -> str | None:
        """The text of a token of the vocabulary that is no text by itself; None for all others.

        That is a part of a character, and a single byte whose character has a token of its own beside it.
        """
        if not self._beyond_ascii.isdisjoint(token):
            if not self._alphabet.keys() >= set(token):
                return None  # added as it reads
            text = text_of_bytes(bytes(self._alphabet[char] for char in token))
            return text if has_byte_piece(text) else None
        match = _ONE_BYTE.fullmatch(token) if self._falls_back else None
        if match is None:
            return None
        text = text_of_bytes(bytes.fromhex(match[1]))
        if has_byte_piece(text):
            return text
        return token if self._id(text.replace(" ", "▁")) is not None else None

    def never_in_text(self) -> Iterator[int]:
        """Ids of tokens for bytes that no text in UTF-8 holds (RFC 3629, section 1)."""
        spelling = {byte: char for char, byte in self._alphabet.items()}
        for byte in _NEVER_IN_UTF8:
            token = spelling.get(byte, f"<0x{byte:02X}>" if self._falls_back else "")
            if (id := self._id(token)) is not None:
                yield id


def _gpt2_alphabet() -> dict[str, int]:
    """Each character of the alphabet with its byte: printable Latin-1 is itself, the rest is U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + i): byte for i, byte in enumerate(others)}
