"""Token texts, and the one rule for a word's form inside running text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from headscribe.core.tokens import has_byte_piece
from headscribe.mapping.files import LocalFolder
from headscribe.mapping.vocabulary import Vocabulary, open_vocabulary
from tests.mapping.tiny_models import save_tokenizer


def vocabulary(tokenizer: Tokenizer, size: int | None = None) -> Vocabulary:
    size = tokenizer.get_vocab_size() if size is None else size
    return Vocabulary(tokenizer, size, hash="", where="here")


def byte_level(*tokens: str) -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    ids = {token: id for id, token in enumerate([*alphabet, *tokens])}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def sentencepiece(*tokens: str, prefix: bool) -> Tokenizer:
    """Tokenizers as Llama 2 (which puts a space in front) and Gemma (which does not) have them."""
    pieces = ["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdehlotw", *tokens]
    ids = {token: id for id, token in enumerate(pieces)}
    tokenizer = Tokenizer(
        models.BPE(vocab=ids, merges=[], unk_token="<unk>", byte_fallback=True, ignore_merges=True)
    )
    replace = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace]) if prefix else replace
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if prefix else steps)
    tokenizer.add_special_tokens(["<unk>", "<s>"])
    return tokenizer


def word_level(*words: str) -> Tokenizer:
    ids = {word: id for id, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def test_a_byte_level_word_is_the_token_with_a_leading_space() -> None:
    tokenizer = byte_level("Ġlove", "hate", "Ġhate", "Ġa")
    tokens = vocabulary(tokenizer)
    assert tokens.word_id("love") == tokenizer.token_to_id("Ġlove")
    assert tokens.word_id("hate") == tokenizer.token_to_id("Ġhate")
    assert tokens.word_id("lovely") is None
    assert tokens.word_id("") is None
    assert tokens.word_id("\ud800") is None
    assert tokens.text(tokenizer.token_to_id("Ġlove")) == " love"
    assert tokens.text(tokenizer.token_to_id("hate")) == "hate"


@pytest.mark.parametrize("prefix", [True, False])
def test_a_sentencepiece_word_is_its_form_inside_running_text(prefix: bool) -> None:
    tokenizer = sentencepiece("▁hello", "world", "▁world", "▁a", prefix=prefix)
    tokens = vocabulary(tokenizer)
    assert tokens.word_id("hello") == tokenizer.token_to_id("▁hello")
    assert tokens.word_id("world") == tokenizer.token_to_id("▁world")
    assert tokens.word_id("tow") is None
    assert tokens.texts([tokenizer.token_to_id(piece) for piece in ("▁world", "world", "▁")]) == [
        " world",
        "world",
        " ",
    ]


def test_metaspace_tokenizers_follow_the_same_rule() -> None:
    tokenizer = sentencepiece("▁hello", "▁a", prefix=False)
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokens = vocabulary(tokenizer)
    assert tokens.word_id("hello") == tokenizer.token_to_id("▁hello")
    assert tokens.text(tokenizer.token_to_id("▁hello")) == " hello"


def test_the_token_for_unknown_text_is_no_word() -> None:
    tokens = vocabulary(word_level("a", "love"))
    assert tokens.word_id("love") == 2
    assert tokens.word_id("hate") is None
    assert tokens.text(2) == "love"


def test_a_special_token_is_no_word() -> None:
    tokenizer = byte_level("Ġlove", "Ġ<end>")
    tokenizer.add_special_tokens([AddedToken(" <end>", special=True)])
    assert vocabulary(tokenizer).word_id("<end>") is None


def test_begin_tokens_that_a_tokenizer_adds_do_not_count(shared: Path) -> None:
    with_begin = open_vocabulary(LocalFolder(shared / "oracle" / "llama_gqa"), 858)
    without = open_vocabulary(LocalFolder(shared / "oracle" / "gpt2"), 858)
    assert with_begin.word_id("love") == without.word_id("love") is not None


def test_bytes_read_as_characters_where_they_are_whole_ones() -> None:
    tokens = vocabulary(sentencepiece("▁a", prefix=True))
    first = 2  # behind <unk> and <s>
    assert tokens.text(first + 0x0A) == "\n"
    assert tokens.text(first + 0x41) == "A"
    assert tokens.text(first + 0xE2) == "<0xE2>"
    tokenizer = byte_level("Ġâ", "âĢ", "é¾įåĩ")
    tokens = vocabulary(tokenizer)
    for token, text in (
        ("Ċ", "\n"), ("â", "<0xE2>"), ("Ġâ", " <0xE2>"), ("âĢ", "<0xE2><0x80>"), ("é¾įåĩ", "龍<0xE5><0x87>"),
    ):  # fmt: skip
        assert tokens.text(tokenizer.token_to_id(token)) == text


def test_a_byte_beside_its_character_s_own_token_reads_as_a_byte() -> None:
    tokens = vocabulary(sentencepiece("▁a", prefix=False))
    first = 2
    assert tokens.text(first + ord("a")) == "<0x61>"
    assert tokens.text(first + ord(" ")) == "<0x20>"
    assert tokens.text(first + ord("A")) == "A"  # which only this byte stands for


@pytest.mark.parametrize("where", ["tokenizers/gpt2", "oracle/llama_gqa", "oracle/stories260K"])
def test_no_two_tokens_of_a_real_tokenizer_read_the_same(shared: Path, where: str) -> None:
    tokens = vocabulary(Tokenizer.from_file(str(shared / where / "tokenizer.json")))
    texts = tokens.texts(range(tokens.size))
    assert len(set(texts)) == tokens.size
    pieces = {id for id, text in enumerate(texts) if has_byte_piece(text)}
    assert pieces == tokens.byte_pieces
    assert len(pieces) > 100


def test_tokens_that_are_no_text_are_known() -> None:
    tokenizer = byte_level("Ġlove", "âĢ")
    tokenizer.add_special_tokens(["<end>"])
    tokenizer.add_tokens(["<tool_call>", "    ", "palaeography", "été"])
    tokens = vocabulary(tokenizer)
    assert {tokens.text(id) for id in tokens.controls} == {"<end>", "<tool_call>"}
    assert tokens.text(tokenizer.token_to_id("été")) == "été"  # though é is the alphabet's for a byte
    assert tokens.texts(sorted(tokens.never_in_text)) == ["<0xC0>", "<0xC1>", "<0xF5>", "<0xF6>", "<0xF7>",
        "<0xF8>", "<0xF9>", "<0xFA>", "<0xFB>", "<0xFC>", "<0xFD>", "<0xFE>", "<0xFF>"]  # fmt: skip
    assert tokens.never_in_text < tokens.byte_pieces
    assert tokenizer.token_to_id("âĢ") in tokens.byte_pieces


def test_a_vocabulary_of_words_has_no_bytes() -> None:
    tokens = vocabulary(word_level("a", "â", "<0xE2>"))
    assert tokens.texts(range(4)) == ["[UNK]", "a", "â", "<0xE2>"]
    assert tokens.byte_pieces == tokens.never_in_text == frozenset()
    assert tokens.controls == {0}


def test_rows_beyond_the_tokenizer_and_gaps_are_padded_and_read_as_nothing() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "love": 4}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens = vocabulary(tokenizer, size=7)
    assert tokens.size == 7
    assert tokens.padded == (2, 3, 5, 6)
    assert tokens.texts([2, 6, 7, -1, 10**9]) == [""] * 5


def test_added_tokens_without_a_row_are_ignored() -> None:
    tokenizer = byte_level("Ġlove")
    rows = tokenizer.get_vocab_size()
    tokenizer.add_tokens(["extra"])
    tokens = vocabulary(tokenizer, size=rows)
    assert tokens.padded == ()
    assert tokens.text(rows) == ""


def test_a_tokenizer_that_cuts_texts_off_does_so_no_longer() -> None:
    tokenizer = byte_level("Ġlove")
    tokenizer.enable_truncation(1)
    tokenizer.enable_padding(length=5)
    assert vocabulary(tokenizer).word_id("lovelove") is None
    assert vocabulary(tokenizer).word_id("love") is not None


def test_the_hash_follows_the_tokenizer(tmp_path: Path) -> None:
    size = save_tokenizer(tmp_path, ("one", "two"))
    first = open_vocabulary(LocalFolder(tmp_path), size).hash
    assert open_vocabulary(LocalFolder(tmp_path), size).hash == first
    save_tokenizer(tmp_path, ("one", "six"))
    assert open_vocabulary(LocalFolder(tmp_path), size).hash != first


def test_the_older_files_of_a_tokenizer_are_converted(tmp_path: Path) -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    ids = {token: id for id, token in enumerate([*alphabet, "Ġa", "Ġan", "<|endoftext|>"])}
    (tmp_path / "vocab.json").write_text(json.dumps(ids))
    (tmp_path / "merges.txt").write_text("#version: 0.2\nĠ a\nĠa n\n")
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    tokens = open_vocabulary(LocalFolder(tmp_path), len(ids))
    assert tokens.word_id("an") == ids["Ġan"]
    assert tokens.text(ids["Ġan"]) == " an"


@pytest.mark.parametrize("name", ["gpt2", "gpt_neox", "llama_gqa", "stories260K"])
def test_exactly_the_reference_s_pairs_are_kept(shared: Path, name: str) -> None:
    folder = shared / "oracle" / name
    tokens = open_vocabulary(
        LocalFolder(folder), json.loads((folder / "config.json").read_text())["vocab_size"]
    )
    expected = json.loads((folder / "expected.json").read_text())
    for relation, kept in (expected.get("pairs") or expected["pairs_add_leading_space_true"]).items():
        pairs = json.loads((shared / "published" / "maps_operations" / f"{relation}.json").read_text())
        ours = [pair for pair in pairs if None not in map(tokens.word_id, pair)]
        assert len(ours) == kept["kept"], relation
        assert ours == kept.get("pairs", ours), relation
        for side, ids in ((0, "src_ids"), (1, "dst_ids")):
            found = [tokens.word_id(pair[side]) for pair in ours]
            assert found == kept.get(ids, found), relation


def test_the_published_pairs_that_fit_gpt2_are_counted_as_published(shared: Path) -> None:
    tokens = open_vocabulary(LocalFolder(shared / "tokenizers" / "gpt2"), 50257)
    kept = 0
    for file in (shared / "published" / "maps_operations").glob("*.json"):
        kept += sum(None not in map(tokens.word_id, pair) for pair in json.loads(file.read_text()))
    assert kept == 2262
    assert tokens.padded == ()
