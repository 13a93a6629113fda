"""A run's results for others, as folders and as datasets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from headscribe.core.errors import BadOption, BadStore
from headscribe.pipeline.export.export import To, export_run, find_tables
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.export.export_dir import ExportDir
from headscribe.store.export.hub_upload import Destination
from headscribe.store.map.mappings import MAPPINGS
from headscribe.store.map.operations import OPERATIONS
from headscribe.store.tables.rows import read_rows, write_rows
from tests.pipeline.export.exported_run import ODD, make_run
from tests.store.samples import MODEL

FORMATS: list[To] = ["parquet", "csv", "jsonl", "dataset"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return make_run(tmp_path_factory.mktemp("export") / "run")


def everything(folder: Path) -> str:
    return "".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("to", FORMATS)
def test_every_table_reads_back_as_the_run_holds_it(run: RunDir, tmp_path: Path, to: To) -> None:
    done = export_run(run.path, to, tmp_path / "out")
    assert done.tables == {"descriptions": 8, "mappings": 8, "operations": 8}
    export = ExportDir.open(tmp_path / "out")
    for name in ("mappings", "operations"):
        assert list(export.rows(name)) == list(read_rows(run.path / "map" / f"{name}.parquet"))
    texts = [row["source"] for row in export.rows("mappings")]
    assert texts == [text.replace("\ud83d", "\ufffd") for text in ODD]
    held = list(read_rows(run.path / "descriptions.parquet"))
    assert [row["description"] for row in export.rows("descriptions")] == [row["description"] for row in held]


@pytest.mark.parametrize("to", FORMATS)
def test_no_local_path_and_no_key_is_exported(
    run: RunDir, tmp_path: Path, to: To, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "tiny-secret-9")
    export_run(run.path, to, tmp_path / "out")
    text = everything(tmp_path / "out")
    assert "jane" not in text
    assert "/home" not in text
    assert str(run.path) not in text
    row = list(ExportDir.open(tmp_path / "out").rows("descriptions"))[-1]
    assert (row["llm"], row["error"]) == ("vllm:llm", "no file x.json")


@pytest.mark.parametrize("name", ["descriptions", "mappings", "operations"])
def test_a_dataset_is_loaded_by_its_folder_and_a_tables_name(run: RunDir, tmp_path: Path, name: str) -> None:
    datasets = pytest.importorskip("datasets")
    export_run(run.path, "dataset", tmp_path / "out")
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset(str(tmp_path / "out"), name, split="train", cache_dir=cache)
    assert loaded.to_list() == list(ExportDir.open(tmp_path / "out").rows(name))


def test_the_card_says_how_it_was_made_and_lists_every_column(run: RunDir, tmp_path: Path) -> None:
    export_run(run.path, "dataset", tmp_path / "out", licence="cc-by-4.0")
    card = (tmp_path / "out" / "README.md").read_text()
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["license"] == "cc-by-4.0"
    assert [one["config_name"] for one in header["configs"]] == ["descriptions", "mappings", "operations"]
    for said in (
        "tiny",
        "sha256:aa",
        "vllm:llm",
        "describe",
        "salient 30",
        "cannot tell",
        "2412.11965",
        "7 ok",
    ):
        assert said in card
    for column in (*DESCRIPTIONS.schema.names, *MAPPINGS.schema.names, *OPERATIONS.schema.names):
        assert re.search(rf"^\| {column} \| [\w ]+ \| \S.* \|$", card, re.MULTILINE), column


def test_a_models_name_cannot_write_into_the_card(tmp_path: Path) -> None:
    evil = 'a"\n---\nlicense: mit | <script>alert(1)</script> [x](http://y) `z`'
    make_run(tmp_path / "run", model=MODEL.model_copy(update={"name": evil}), llm=evil)
    export_run(tmp_path / "run", "dataset", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert yaml.safe_load(card.split("\n---\n")[0])["license"] == "other"
    assert "<script>" not in card.split("\n---\n", 1)[1]
    assert "[x](http" not in card.split("\n---\n", 1)[1]


def test_further_tables_of_a_run_are_exported_too_and_annotators_stay_nameless(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    schema = pa.schema([("annotator", pa.string()), ("comment", pa.string())])
    for name in ("people/labels", "people/rejected", "evaluation", "operations", ".hidden/x"):
        (run.path / name).parent.mkdir(exist_ok=True)
        rows = [{"annotator": who, "comment": "=1"} for who in ("jane", "joe", "jane")]
        write_rows(run.path / f"{name}.parquet", schema, rows)
    export_run(run.path, "parquet", run.path / "copy")
    names = ["descriptions", "mappings", "operations", "evaluation", "people_labels", "run_operations"]
    assert [source.name for source in find_tables(run)] == names, "an export in the run is not exported again"
    export_run(run.path, "csv", tmp_path / "out", tables=["people_labels"])
    labels = list(ExportDir.open(tmp_path / "out").rows("people_labels"))
    assert [row["annotator"] for row in labels] == ["annotator 1", "annotator 2", "annotator 1"]


def test_an_earlier_export_is_replaced_and_nothing_else(run: RunDir, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_run(run.path, "csv", out)
    export_run(run.path, "jsonl", out, tables=["descriptions"])
    assert sorted(path.name for path in out.iterdir()) == ["descriptions.jsonl", "export.json"]
    (out / "mine.txt").write_text("mine")
    with pytest.raises(BadStore, match="no export wrote: mine"):
        export_run(run.path, "csv", out)
    for other in (run.path, run.path / "map"):
        with pytest.raises(BadStore, match="not an export"):
            export_run(run.path, "csv", other)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadStore, match="a file"):
        export_run(run.path, "csv", tmp_path / "file")
    assert (out / "mine.txt").read_text() == "mine"


def test_a_failed_export_leaves_the_earlier_one(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    export_run(run.path, "csv", tmp_path / "out")
    before = everything(tmp_path / "out")
    (run.path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadStore, match="cannot be read"):
        export_run(run.path, "csv", tmp_path / "out")
    assert everything(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


def test_a_dry_run_writes_nothing(run: RunDir, tmp_path: Path) -> None:
    to = Destination("me/heads")
    plan = export_run(run.path, "hub", tmp_path / "out", push=to, dry_run=True)
    assert plan.files == ("README.md", "data/descriptions.parquet", "data/mappings.parquet",
                          "data/operations.parquet", "export.json")  # fmt: skip
    assert (plan.tables["mappings"], plan.repo, plan.commit) == (8, "me/heads", None)
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_fit_are_refused(run: RunDir, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="--repo ORG/NAME"):
        export_run(run.path, "hub")
    with pytest.raises(BadOption, match="takes no dataset"):
        export_run(run.path, "csv", tmp_path / "a", push=Destination("me/heads"))
    with pytest.raises(BadOption, match="-o PATH"):
        export_run(run.path, "csv")
    with pytest.raises(BadOption, match="has no table 'nothing'"):
        export_run(run.path, "csv", tmp_path / "a", tables=["nothing"])
    for wrong in ("", "my licence", "MIT\nx: y"):
        with pytest.raises(BadOption, match="licence"):
            export_run(run.path, "dataset", tmp_path / "a", licence=wrong)
    for wrong in ("heads", "a/b/c", "../x/y", "a b/c", ""):
        with pytest.raises(BadOption, match="no dataset's id"):
            Destination(wrong)
    with pytest.raises(BadStore, match="not a run"):
        export_run(tmp_path, "csv", tmp_path / "a")


def test_a_run_without_descriptions_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "descriptions.parquet").unlink()
    with pytest.raises(BadStore, match="no descriptions yet"):
        export_run(run.path, "csv", tmp_path / "out")


def test_a_folder_that_is_no_export_says_so(run: RunDir, tmp_path: Path) -> None:
    with pytest.raises(BadStore, match="not an exported folder"):
        ExportDir.open(tmp_path)
    export_run(run.path, "csv", tmp_path / "out")
    header = tmp_path / "out" / "export.json"
    with pytest.raises(BadOption, match="no table 'x'"):
        ExportDir.open(tmp_path / "out").rows("x")
    header.write_text(json.dumps(json.loads(header.read_text()) | {"schema_version": 99}))
    with pytest.raises(BadStore, match="newer"):
        ExportDir.open(tmp_path / "out")
    header.write_text("{")
    with pytest.raises(BadStore, match="damaged"):
        ExportDir.open(tmp_path / "out")
    with pytest.raises(BadStore, match="cannot be replaced"):
        export_run(run.path, "csv", tmp_path / "out")
