"""What an export says of folders, servers and keys: nothing."""

from __future__ import annotations

import pytest

from headscribe.store.export.scrub import plain_command, plain_record, without_places


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/jane/models/llama", "llama"),
        ("/home/jane doe/my models/llama", "llama"),
        ("~/models/llama", "llama"),
        ("../secret/llama/", "llama"),
        ("C:\\Users\\jane\\llama", "llama"),
        ("vllm:/home/jane/llama", "vllm:llama"),
        ("huggingface:/home/jane doe/llama", "huggingface:llama"),
        ("see file:///home/jane/llama/a.txt", "see a.txt"),
        ("a file of the LLM's (/home/jane/a/b.json). Try again", "a file of the LLM's (b.json). Try again"),
        ("http://10.0.0.7:8000/v1#qwen", "http://HOST/v1#qwen"),
        ("no token: Bearer abcdef", "no token: Bearer ***"),
    ],
)
def test_paths_servers_and_keys_are_cut(text: str, left: str) -> None:
    assert without_places(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "openai-community/gpt2",
        "openai:gpt-4o-mini",
        "describe@1",
        "and/or",
        "https://a.org/b",
        "token id",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert without_places(text) == text


def test_a_typed_command_loses_the_folders_in_every_word() -> None:
    typed = (
        "headscribe describe '/home/jane doe/llama' --operations=/home/a.csv --llm http://h:1/v1#q -o runs/a"
    )
    assert plain_command(typed) == (
        "headscribe describe llama --operations=a.csv --llm 'http://HOST/v1#q' -o runs/a"
    )


def test_a_header_is_cleaned_to_its_leaves() -> None:
    header = {"model": {"name": "/home/jane/m"}, "command": "headscribe map /x/y/m", "n": [1, "/a/b"]}
    assert plain_record(header) == {"model": {"name": "m"}, "command": "headscribe map m", "n": [1, "b"]}
