"""Operation files: what is read, and which line is named when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headscribe.core.errors import BadOperations
from headscribe.operations import builtin_operations, load_operations

GOOD: dict[str, Any] = {"name": "opposite", "pairs": [["hot", "cold"], ["big", "small"]]}


def write_json(path: Path, **changes: Any) -> Path:
    content = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(BadOperations) as caught:
        load_operations([path])
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_no_path_means_the_built_in_operations():
    assert load_operations([]) == builtin_operations()
    assert len(builtin_operations()) >= 45


def test_built_in_operations_are_sorted_by_category_and_name():
    order = [(operation.category, operation.name) for operation in builtin_operations()]
    assert order == sorted(order)


def test_json_of_a_user_needs_only_name_and_pairs(tmp_path):
    [operation] = load_operations([write_json(tmp_path / "mine.json")])
    assert operation.name == "opposite"
    assert operation.pairs == (("hot", "cold"), ("big", "small"))
    assert (operation.category, operation.version, operation.k, operation.licence) == ("user", 1, None, "")


def test_json_may_set_category_and_k(tmp_path):
    [operation] = load_operations([write_json(tmp_path / "mine.json", category="chemistry", k=3)])
    assert (operation.category, operation.k) == ("chemistry", 3)


def test_csv_is_named_after_its_file(tmp_path):
    (tmp_path / "colour.csv").write_text("source,target\ngrass,green\nsnow,white\n")
    [operation] = load_operations([tmp_path / "colour.csv"])
    assert (operation.name, operation.category, operation.k) == ("colour", "user", None)
    assert operation.pairs == (("grass", "green"), ("snow", "white"))


def test_csv_with_bom_quotes_swapped_columns_windows_lines_and_blank_lines(tmp_path):
    text = '\ufefftarget,source\r\n"N\'Djamena",Chad\r\n\r\n"a ""b"", c",d\r\n'
    (tmp_path / "x.csv").write_bytes(text.encode("utf-8"))
    [operation] = load_operations([tmp_path / "x.csv"])
    assert operation.pairs == (("Chad", "N'Djamena"), ("d", 'a "b", c'))


def test_json_with_bom(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert load_operations([tmp_path / "x.json"])[0].name == "opposite"


def test_repeated_pairs_stay(tmp_path):
    path = write_json(tmp_path / "x.json", pairs=[["a", "b"], ["a", "b"]])
    assert load_operations([path])[0].pairs == (("a", "b"), ("a", "b"))


def test_a_folder_gives_its_json_and_csv_files_by_name(tmp_path):
    (tmp_path / "b.csv").write_text("source,target\nx,y\n")
    write_json(tmp_path / "a.json")
    (tmp_path / "readme.txt").write_text("not an operation")
    assert [operation.name for operation in load_operations([tmp_path])] == ["opposite", "b"]


def test_one_file_given_twice_is_read_once(tmp_path):
    path = write_json(tmp_path / "a.json")
    assert len(load_operations([tmp_path, path])) == 1


def test_two_operations_of_one_name_are_refused_with_both_files(tmp_path):
    write_json(tmp_path / "a.json")
    write_json(tmp_path / "b.json")
    line = refusal(tmp_path)
    assert "opposite" in line
    assert "a.json" in line
    assert "b.json" in line


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("source,target\na,b\nc\n", "x.csv:3", "1 values in a row of two columns"),
        ("source,target\na,b,c\n", "x.csv:2", "3 values"),
        ("source,target\na,b\n\nc,\n", "x.csv:4", "the target '' is empty"),
        ("source,target\n  ,b\n", "x.csv:2", "the source ' ' is empty"),
        ("source,target\na, b\n", "x.csv:2", "the target ' b' has spaces around it"),
        ("source,goal\na,b\n", "x.csv:1", "the columns are source, goal"),
        ("source,target,weight\na,b,1\n", "x.csv:1", "the columns are source, target, weight"),
        ("a,b\nc,d\n", "x.csv:1", "the columns are a, b"),
        ('source,target\na,"b"c\n', "x.csv:2", "not CSV"),
        ('source,target\na,"b\n', "x.csv:2", "not CSV"),
        ("source,target\n", "x.csv", "at least one pair"),
        ("", "x.csv", "the file is empty"),
        (" \n\n", "x.csv", "the file is empty"),
    ],
)
def test_a_bad_csv_is_named_by_line(tmp_path, text, where, what):
    (tmp_path / "x.csv").write_text(text)
    line = refusal(tmp_path / "x.csv")
    assert where in line
    assert what in line


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"name": ...}, "the key 'name' is missing"),
        ({"pairs": ...}, "the key 'pairs' is missing"),
        ({"pares": []}, "unknown key 'pares'"),
        ({"name": ""}, "'name' must be a non-empty string"),
        ({"name": "a\u001b[31m"}, "printable and on one line"),
        ({"name": 3}, "'name' must be"),
        ({"category": None}, "'category' must be"),
        ({"version": 0}, "'version' must be a whole number"),
        ({"k": 0}, "'k' must be null or a whole number from 1"),
        ({"k": -1}, "'k' must be"),
        ({"k": True}, "'k' must be"),
        ({"k": 2.5}, "'k' must be"),
        ({"licence": 1}, "'licence' must be a string"),
        ({"one_target": "yes"}, "'one_target' must be true or false"),
        ({"pairs": []}, "at least one pair"),
        ({"pairs": {"a": "b"}}, "'pairs' must be"),
        ({"pairs": [["a", "b"], ["c"]]}, "pair 2"),
        ({"pairs": [["a", "b"], "cd"]}, "pair 2"),
        ({"pairs": [["a", 1]]}, "pair 1"),
        ({"pairs": [["a", "b"], ["a ", "b"]]}, "pair 2"),
        ({"pairs": [["a", ""]]}, "the target '' is empty"),
        ({"pairs": [["a", "\ud800"]]}, "half a character"),
        ({"one_target": True, "pairs": [["a", "b"], ["c", "d"], ["a", "e"]]}, "'a' stands in pairs 1 and 3"),
    ],
)
def test_a_bad_json_is_named_by_key_or_pair(tmp_path, changes, what):
    line = refusal(write_json(tmp_path / "x.json", **changes))
    assert what in line
    assert "x.json" in line


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"name": "a",\n"pairs": [["a", "b"],]}', "x.json:2"),
        ("[]", "one JSON object"),
        ('{"name": "a", "pairs": [["a", "b"]], "pairs": []}', "'pairs' stands twice"),
        ("[" * 100_000, "not usable JSON"),
    ],
)
def test_text_that_is_not_an_operation(tmp_path, text, what):
    (tmp_path / "x.json").write_text(text)
    assert what in refusal(tmp_path / "x.json")


def test_a_file_that_is_not_utf8_is_named_by_line(tmp_path):
    (tmp_path / "x.csv").write_bytes("source,target\nEspaña,Madrid\n".encode("latin-1"))
    line = refusal(tmp_path / "x.csv")
    assert "not UTF-8" in line
    assert "x.csv:2" in line


def test_paths_that_hold_no_operation(tmp_path):
    assert "no such file" in refusal(tmp_path / "missing.json")
    assert "no .json or .csv file" in refusal(tmp_path)
    (tmp_path / "x.tsv").write_text("source\ttarget\n")
    assert "end in .json or .csv" in refusal(tmp_path / "x.tsv")


def test_importing_operations_loads_nothing_heavy():
    code = (
        "import sys, headscribe.operations\n"
        "print([m for m in ('torch', 'transformers', 'pyarrow', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
