from __future__ import annotations

import json
from pathlib import Path

import pytest

from headscribe.core.errors import BadStore
from headscribe.core.settings import MapSettings
from headscribe.store.check.check_tables import ChecksHeader
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.evaluate.evaluation_header import EvaluationHeader
from headscribe.store.export.export_header import ExportHeader
from headscribe.store.headers import LARGEST, HeaderPart, header_text, read_header, write_header
from headscribe.store.lookups.lookups_header import LookupsHeader
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.map_header import MapHeader
from headscribe.store.people.keys import Key
from headscribe.store.tool import this_tool
from tests.store.samples import map_header, run_header

HEADERS: list[type[HeaderPart]] = [
    *(MapHeader, RunHeader, ChecksHeader, EvaluationHeader, LookupsHeader, ExportHeader, Key),
]


@pytest.mark.parametrize("header", [map_header(), run_header()], ids=["map", "run"])
def test_a_header_comes_back_as_it_was(tmp_path: Path, header: MapHeader | RunHeader) -> None:
    (tmp_path / "h.json").write_text(header_text(header))
    assert read_header(tmp_path / "h.json", type(header), "Make it again") == header


def test_fields_that_a_later_version_added_are_read_past(tmp_path: Path) -> None:
    value = json.loads(header_text(run_header())) | {"added_later": 1}
    (tmp_path / "run.json").write_text(json.dumps(value))
    assert read_header(tmp_path / "run.json", RunHeader, "Make it again") == run_header()


def test_a_map_from_before_there_were_views_is_the_paper_s(tmp_path: Path) -> None:
    value = json.loads(header_text(map_header(settings=MapSettings(view="parts"))))
    del value["settings"]["view"], value["settings"]["norms"]
    (tmp_path / "map.json").write_text(json.dumps(value))
    header = read_header(tmp_path / "map.json", MapHeader, "Make it again")
    assert header
    settings = header.settings
    assert (settings.view, settings.folding) == ("paper", "leave")


def test_a_newer_schema_is_an_error_that_says_to_upgrade(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"schema_version": 99, "whatever": []}))
    with pytest.raises(BadStore, match=r"newer version.*Upgrade"):
        read_header(tmp_path / "run.json", RunHeader, "Make it again")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema_version": 1}',
        '"x"',
        "[" * 100_000,
        "\x00",
        '{"kind": "\\ud800"}',
        "\udcff",
    ],
)
@pytest.mark.parametrize("kind", HEADERS)
def test_a_damaged_header_is_one_line_that_says_what_to_do(
    tmp_path: Path, text: str, kind: type[HeaderPart]
) -> None:
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadStore) as error:
        read_header(tmp_path / "run.json", kind, "Make it again")
    assert "\n" not in str(error.value)
    assert "run.json is damaged" in str(error.value)
    assert "Make it again" in str(error.value)


@pytest.mark.parametrize(("field", "value"), [("n_heads", 0), ("n_layers", 10**9), ("vocab_size", 10**12)])
def test_impossible_sizes_are_refused_before_anything_is_made_of_them(
    tmp_path: Path, field: str, value: int
) -> None:
    said = json.loads(header_text(map_header()))
    said["model"][field] = value
    (tmp_path / "map.json").write_text(json.dumps(said))
    with pytest.raises(BadStore, match=rf"map.json is damaged: model.{field} "):
        read_header(tmp_path / "map.json", MapHeader, "Make it again")


def test_a_file_that_is_no_header_by_its_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "run.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(BadStore, match="too large"):
        read_header(tmp_path / "run.json", RunHeader, "Make it again")


def test_where_there_is_no_header_there_is_none(tmp_path: Path) -> None:
    assert read_header(tmp_path / "none" / "map.json", MapHeader, "Make it again") is None


def test_a_map_is_no_run(tmp_path: Path) -> None:
    write_header(tmp_path / "run.json", map_header())
    with pytest.raises(BadStore, match="kind"):
        read_header(tmp_path / "run.json", RunHeader, "Make it again")
    with pytest.raises(BadStore, match="not a map"):
        MapDir.open(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        "headscribe describe m --llm http://user:S3cretS3cret@host/v1#n",
        "headscribe describe m --api-key S3cretS3cret",
        "headscribe describe m --llm 'https://h/v1?token=S3cretS3cret#n'",
        "OPENAI_API_KEY=S3cretS3cret headscribe describe m",
        "headscribe describe sk-S3cretS3cret",
        "headscribe describe hf_S3cretS3cret",
    ],
)
def test_a_typed_key_never_reaches_a_header(command: str) -> None:
    assert "S3cret" not in header_text(run_header(command=command))
    assert "S3cret" not in header_text(map_header(command=command))


def test_the_environments_keys_never_reach_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", "plainwords123")
    assert "plainwords123" not in header_text(run_header(command="headscribe --llm x:plainwords123"))


def test_a_hub_id_that_begins_like_a_key_is_kept() -> None:
    command = "headscribe describe hf-internal-testing/tiny-random-gpt2 --llm server:HF_HUB_OFFLINE"
    assert run_header(command=command).command == command


def test_the_tool_names_the_packages_behind_the_numbers() -> None:
    assert {"torch", "transformers", "tokenizers"} <= set(this_tool().packages)
