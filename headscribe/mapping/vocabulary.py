"""A model's tokens: their texts, and the one rule for a word's form inside running text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import BadTokenizer
from headscribe.mapping.byte_tokens import ByteTokens
from headscribe.mapping.files import CheckpointFiles
from headscribe.mapping.hashes import hash_texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_OTHER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_OLDER_FORMATS = (("tokenizer.model",), ("vocab.json", "merges.txt"))
_NEUTRAL = ("a", "the", "x", "0", "A")


class Vocabulary:
    """The rows of a model's embedding as tokens.

    Ids are rows of the embedding; those for which the tokenizer has no token, at the end or in between, are
    ``padded``. Tokens that the tokenizer adds beyond the last row are unknown to the model and ignored.

    Attributes:
        size: rows of the embedding.
        padded: ids of the rows without a token, in order.
        hash: identifies the tokenizer's files.
    """

    def __init__(self, tokenizer: Tokenizer, size: int, *, hash: str, where: str) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer, self.size, self.hash = tokenizer, size, hash
        largest = max(tokenizer.get_vocab(with_added_tokens=False).values(), default=-1)
        added = tokenizer.get_added_tokens_decoder()
        if largest >= size and largest not in added:
            raise BadTokenizer(
                f"the tokenizer has {largest + 1} tokens, the embedding only {size} rows",
                where=where,
                do="Give the tokenizer that belongs to these weights",
            )
        known = set(tokenizer.get_vocab(with_added_tokens=True).values())
        self.padded = tuple(id for id in range(size) if id not in known)
        self._added = {id: token.content for id, token in added.items()}
        self._special = {id for id, token in added.items() if token.special} | self._unknown_ids()
        self._bytes = ByteTokens(tokenizer)
        self._neutral = self._neutral_word()
        self._anchor, self._before = self._decoding_anchor()

    def text(self, id: int) -> str:
        """The token as it reads inside running text, a leading space included.

        Bytes that are no character by themselves read ``<0xED>``; a row without a token reads "".
        """
        return self.texts([id])[0]

    def texts(self, ids: Iterable[int]) -> list[str]:
        """``text`` of several ids."""
        return [self._text(int(id)) for id in ids]

    def word_id(self, word: str) -> int | None:
        """The token that is the whole word inside running text, None unless it is exactly one.

        The word-initial form (definitions section 2): ``" " + word`` without special tokens; for tokenizers
        that put a space in front by themselves, what follows a neutral word. Special tokens, and the one for
        unknown text, are no words.
        """
        if not word or any("\ud800" <= char <= "\udfff" for char in word):
            return None  # half a surrogate pair is no text, and the tokenizer would not take it
        before, neutral = self._neutral
        ids = self._encode(f"{neutral} {word}")
        if len(ids) != len(before) + 1 or ids[:-1] != before:
            return None
        return None if ids[-1] in self._special or ids[-1] >= self.size else ids[-1]

    def encode(self, text: str, special: bool) -> tuple[list[int], list[tuple[int, int]]]:
        """A text as the model is given it: its ids, and the span of characters behind each.

        Args:
            text: any text.
            special: whether to add the tokens that the tokenizer puts around a text, such as ``<s>``.
        """
        found = self._tokenizer.encode(text, add_special_tokens=special)
        return list(found.ids), list(found.offsets)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids in a row, special tokens included."""
        return self._tokenizer.decode(list(ids), skip_special_tokens=False)

    @cached_property
    def controls(self) -> frozenset[int]:
        """Ids of tokens that are no text: special ones, and others that were added and hold punctuation.

        Added words and runs of white space are text; markers such as ``<tool_call>`` or ``[PAD]`` are not.
        """
        words = {
            id for id, text in self._added.items() if text.strip().strip("▁").isalpha() or text.isspace()
        }
        return frozenset(id for id in self._special | self._added.keys() - words if id < self.size)

    @cached_property
    def byte_pieces(self) -> frozenset[int]:
        """Ids of tokens that are parts of characters, or bytes beside a character's own token."""
        own = self._tokenizer.get_vocab(with_added_tokens=False).items()
        pieces = (id for token, id in own if id not in self._added and self._bytes.piece(token) is not None)
        return frozenset(id for id in pieces if id < self.size)

    @cached_property
    def never_in_text(self) -> frozenset[int]:
        """Ids of tokens for bytes that UTF-8 never uses: no training text can hold them."""
        return frozenset(id for id in self._bytes.never_in_text() if id < self.size)

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def _neutral_word(self) -> tuple[list[int], str]:
        """A word's ids and itself, if the tokenizer puts a space in front by itself; else nothing.

        Decided by behaviour: the first of a lone word and of the word after a space are then the same token.
        """
        for word in _NEUTRAL:
            ids = self._encode(word)
            if ids and not set(ids) & self._special:
                adds_space = self._encode(f"{word} {word}") == ids + ids
                return (ids, word) if adds_space else ([], "")
        return [], ""

    def _unknown_ids(self) -> set[int]:
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        found = self._tokenizer.token_to_id(unknown) if isinstance(unknown, str) else None
        return set() if found is None else {found}

    def _decoding_anchor(self) -> tuple[int | None, str]:
        """An ordinary token and its text; decoded behind it, a token keeps its leading space."""
        if self._tokenizer.decoder is None:
            return None, ""
        for word in _NEUTRAL:
            ids = self._encode(word)
            if len(ids) == 1 and ids[0] not in self._special:
                return ids[0], self._tokenizer.decode(ids)
        return None, ""

    def _text(self, id: int) -> str:
        token = self._tokenizer.id_to_token(id) if 0 <= id < self.size else None
        if token is None:
            return ""
        if id not in self._added and (piece := self._bytes.piece(token)) is not None:
            return piece
        if self._anchor is None:
            return token
        decoded = self._tokenizer.decode([self._anchor, id], skip_special_tokens=False)
        if not decoded.startswith(self._before) or ("\ufffd" in decoded and id in self._added):
            return token  # a decoder may take an added word's letters for bytes
        return decoded[len(self._before) :]


def open_vocabulary(files: CheckpointFiles, size: int) -> Vocabulary:
    """The vocabulary of a checkpoint with ``size`` embedding rows.

    Reads ``tokenizer.json`` where there is one; older formats are converted by transformers. No code that a
    checkpoint brings is ever run.

    Raises:
        BadTokenizer: there is no tokenizer, it cannot be read, or it has more tokens than the embedding rows.
    """
    path = files.get("tokenizer.json")
    if path is not None:
        tokenizer, used = _read_fast(path), [path]
    else:
        tokenizer, used = _convert(files)
    identity = hash_texts((file.name, file.read_bytes()) for file in used)
    return Vocabulary(tokenizer, size, hash=identity, where=files.where)


def _read_fast(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_buffer(path.read_bytes())
    except Exception as error:  # the library raises bare Exception, whatever is wrong
        raise BadTokenizer(
            f"tokenizer.json cannot be read: {error}", where=path, do="Download it again"
        ) from error


def _convert(files: CheckpointFiles) -> tuple[Tokenizer, list[Path]]:
    for names in _OLDER_FORMATS:
        used = [path for name in names if (path := files.get(name))]
        if len(used) == len(names):
            break
    else:
        raise BadTokenizer(
            "there is no tokenizer.json, tokenizer.model or vocab.json with merges.txt",
            where=files.where,
            do="Save the model's tokenizer beside its weights",
        )
    for name in _OTHER_FILES:
        files.get(name)  # the conversion reads them from the folder
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(
            str(files.folder()), trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, RuntimeError) as error:
        raise BadTokenizer(
            f"transformers cannot convert the tokenizer: {error}",
            where=files.where,
            do="Save it as tokenizer.json with transformers",
        ) from error
    backend: Tokenizer | None = getattr(loaded, "backend_tokenizer", None)
    if backend is None:
        raise BadTokenizer(
            "the tokenizer has no fast form",
            where=files.where,
            do="Save it as tokenizer.json with transformers",
        )
    return backend, used
