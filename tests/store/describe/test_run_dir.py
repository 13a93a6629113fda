from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headscribe.core.errors import BadStore
from headscribe.store.describe.run_dir import RunDir, runs_in
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.map.map_dir import MapDir
from tests.store.samples import description, head_map, map_header, run_header


def test_a_run_is_read_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with RunWriter(run) as writer:
        made = MapDir.write(run / "map", map_header(), [head_map(0, 1)])
        header = run_header(map={"path": "map", "content_hash": made.content_hash})
        writer.write_header(header)
        with pytest.raises(BadStore, match="no descriptions"):
            RunDir.open(run).descriptions()
        writer.write_descriptions([description(0, 1)])
    opened = RunDir.open(run)
    assert opened.header == header
    assert opened.descriptions() == [description(0, 1)]
    assert opened.map().head_maps()[0].head == (0, 1)


def test_a_map_that_changed_since_is_noticed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with RunWriter(run) as writer:
        made = MapDir.write(run / "map", map_header(), [head_map(0, 1)])
        writer.write_header(run_header(map={"path": "map", "content_hash": made.content_hash}))
        MapDir.write(run / "map", map_header(), [head_map(0, 2)])
    with pytest.raises(BadStore, match="changed"):
        RunDir.open(run).map()


def test_only_one_process_writes_a_run(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from headscribe.core.errors import BadStore\n"
        "from headscribe.store.describe.run_writer import RunWriter\n"
        "try: RunWriter(Path(sys.argv[1]))\n"
        "except BadStore as error: print(error)\n"
    )
    with RunWriter(tmp_path / "run"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "run")], capture_output=True, text=True, check=True
        )
        assert "a run is in progress here, by process" in done.stdout
        with pytest.raises(BadStore, match="in progress"):
            RunWriter(tmp_path / "run")
    RunWriter(tmp_path / "run").close()


def test_a_folder_in_which_nothing_was_done_is_removed_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunWriter(tmp_path / "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_run_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for place in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(BadStore, match="not a run"):
            RunWriter(place)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_runs_are_listed_newest_first_and_others_passed_over(tmp_path: Path) -> None:
    for name, year in (("a", 2023), ("b", 2025), ("c", 2024)):
        with RunWriter(tmp_path / name) as writer:
            writer.write_header(run_header(started_at=f"{year}-01-01T00:00:00+00:00"))
    (tmp_path / "other").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    assert [run.path.name for run in runs_in(tmp_path)] == ["b", "c", "a"]
    assert [run.path.name for run in runs_in(tmp_path / "a")] == ["a"]
    with pytest.raises(BadStore, match="no such folder"):
        runs_in(tmp_path / "none")
