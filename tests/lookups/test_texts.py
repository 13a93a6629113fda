"""Texts for look-ups: formats, columns, splits and halves, and what is wrong with bad ones."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headscribe.core.errors import BadOption, BadTexts, HubUnavailable
from headscribe.demo.texts import demo_texts
from headscribe.lookups.text_opening import open_texts
from headscribe.lookups.texts import Texts

LINES = [f"document number {number} says something" for number in range(200)]


def read(texts: Texts, part: str) -> list[str]:
    return [document.text for document in texts.documents(part)]  # type: ignore[arg-type]


def json_lines(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(LINES))
    return path


def test_one_split_is_divided_into_halves_that_share_no_document(lines: Path) -> None:
    texts = open_texts(str(lines))
    explain, score = read(texts, "explain"), read(texts, "score")
    assert not set(explain) & set(score)
    assert sorted(explain + score) == sorted(LINES)
    assert 60 < len(explain) < 140


def test_equal_documents_fall_into_one_half(tmp_path: Path) -> None:
    path = tmp_path / "twice.txt"
    path.write_text("\n".join([*LINES, *LINES]))
    texts = open_texts(str(path))
    assert not set(read(texts, "explain")) & set(read(texts, "score"))


def test_the_seed_decides_the_halves(lines: Path) -> None:
    first, second = open_texts(str(lines), seed=1), open_texts(str(lines), seed=2)
    assert read(first, "explain") == read(open_texts(str(lines), seed=1), "explain")
    assert read(first, "explain") != read(second, "explain")


def test_a_document_keeps_its_place_in_its_split(lines: Path) -> None:
    for document in open_texts(str(lines)).documents("score"):
        assert LINES[document.index] == document.text


def test_max_texts_holds_per_part(lines: Path) -> None:
    texts = open_texts(str(lines), max_texts=7)
    assert len(read(texts, "explain")) == len(read(texts, "score")) == 7


@pytest.mark.parametrize("name", ["t.txt", "t.jsonl", "t.jsonl.gz", "t.parquet"])
def test_every_format_gives_the_same_documents(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = "".join(json.dumps({"id": "x", "text": line}) + "\n" for line in LINES)
    if name == "t.txt":
        path.write_text("\n".join(LINES))
    elif name == "t.parquet":
        pq.write_table(pa.table({"id": ["x"] * len(LINES), "text": LINES}), path)
    elif name.endswith("gz"):
        path.write_bytes(gzip.compress(rows.encode()))
    else:
        path.write_text(rows)
    texts = open_texts(str(path))
    assert sorted(read(texts, "explain") + read(texts, "score")) == sorted(LINES)


def test_a_folders_files_make_its_splits(tmp_path: Path) -> None:
    (tmp_path / "train-00000.txt").write_text("one to explain")
    (tmp_path / "validation.txt").write_text("one to score")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "part.txt").write_text("another to score")
    texts = open_texts(str(tmp_path))
    assert read(texts, "explain") == ["one to explain"]
    assert read(texts, "score") == ["one to score"]
    assert read(open_texts(str(tmp_path), score_split="test"), "score") == ["another to score"]
    with pytest.raises(BadTexts, match="no split 'tset'") as error:
        open_texts(str(tmp_path), score_split="tset")
    assert "test, train, validation" in str(error.value)


def test_explaining_and_scoring_with_one_named_split_divides_it(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("not these")
    (tmp_path / "test.txt").write_text("\n".join(LINES))
    texts = open_texts(str(tmp_path), explain_split="test", score_split="test")
    assert sorted(read(texts, "explain") + read(texts, "score")) == sorted(LINES)


def test_the_text_column_is_found_or_named(tmp_path: Path) -> None:
    only = json_lines(
        tmp_path / "a.jsonl", [{"n": number, "story": line} for number, line in enumerate(LINES)]
    )
    assert read(open_texts(str(only)), "explain")
    two = json_lines(tmp_path / "b.jsonl", [{"title": "t", "story": line} for line in LINES])
    with pytest.raises(BadTexts, match="no text column was found") as error:
        open_texts(str(two))
    assert "--text-column; columns of text: title, story" in str(error.value)
    assert set(read(open_texts(str(two), column="story"), "explain")) <= set(LINES)
    with pytest.raises(BadTexts, match="no text column 'body'"):
        open_texts(str(two), column="body")


def test_a_table_without_text_is_refused_before_anything_runs(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "t.parquet")
    with pytest.raises(BadTexts, match=r"no text column was found.*columns of text: none"):
        open_texts(str(tmp_path / "t.parquet"))


def test_unusable_documents_are_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    good = "".join(json.dumps({"text": line}) + "\n" for line in LINES)
    path.write_bytes(good.encode() + b'{"text": "caf\xe9"}\n{"text": 3}\n[1]\n{"text": "  "}\n')
    texts = open_texts(str(path))
    read(texts, "score")
    assert texts.excluded["score"] == {
        "not UTF-8": 1,
        "without a text": 1,
        "not a JSON object": 1,
        "empty": 1,
    }
    read(texts, "score")
    assert sum(texts.excluded["score"].values()) == 4


def test_a_split_without_a_usable_text_says_why(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes("ähm\n".encode("utf-16") * 3)
    with pytest.raises(BadTexts, match=r"holds no text to explain with, .* not UTF-8"):
        read(open_texts(str(tmp_path / "t.txt")), "explain")
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(BadTexts, match="split 'train' holds no text to explain with"):
        read(open_texts(str(tmp_path / "empty.txt")), "explain")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.parquet", b"PAR1 is all", "cannot be read"),
        ("t.jsonl.gz", b"no gzip", "cannot be read"),
        ("t.docx", b"", "'.docx' is not a format of texts"),
    ],
)
def test_damaged_and_foreign_files_are_one_line(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadTexts, match=says):
        read(open_texts(str(tmp_path / name)), "explain")


def test_texts_that_are_nowhere_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadTexts, match="there are no such texts"):
        open_texts(str(tmp_path / "absent.txt"))
    with pytest.raises(BadTexts, match="the folder holds no texts"):
        open_texts(str(tmp_path))
    with pytest.raises(HubUnavailable, match=r"the dataset cannot be fetched: .*offline"):
        open_texts("nobody/nothing")
    with pytest.raises(BadOption, match="no revisions"):
        open_texts("demo", revision="main")


def test_identity_changes_with_the_texts_and_not_with_their_place(lines: Path, tmp_path: Path) -> None:
    before = open_texts(str(lines)).source.identity
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "lines.txt"
    copy.write_bytes(lines.read_bytes())
    assert open_texts(str(copy)).source.identity == before
    copy.write_text("others")
    assert open_texts(str(copy)).source.identity != before


def test_memory_does_not_grow_with_the_number_of_texts(tmp_path: Path) -> None:
    def peak(documents: int) -> int:
        path = tmp_path / f"{documents}.txt"
        path.write_text("a line of words that goes on for a while\n" * documents)
        texts = open_texts(str(path), max_texts=documents)
        texts.splits["score"] = "none"  # not halved: equal lines would all fall on one side
        tracemalloc.start()
        for _ in texts.documents("explain"):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(20_000) < peak(1_000) + 200_000


def test_a_line_without_end_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(("ä" * 3_000_000).encode())
    texts = open_texts(str(path))
    texts.splits["score"] = "none"  # not halved
    found = read(texts, "explain")
    assert len(found) == 1
    assert set(found[0]) == {"ä"}


def test_the_bundled_texts_are_what_the_generator_draws() -> None:
    texts = open_texts("demo")
    texts.splits["score"] = "none"
    found = (document.text for document in texts.documents("explain"))
    assert list(islice(found, 100)) == list(demo_texts(100))
