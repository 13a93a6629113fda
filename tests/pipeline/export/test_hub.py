"""Pushing a dataset, against a stand-in for the hub; in other processes, as its address is read on import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headscribe.store.describe.run_dir import RunDir
from tests.conftest import REPOSITORY
from tests.pipeline.export.exported_run import make_run
from tests.store.export.hub_writes import COMMIT, TOKEN, HeldDataset, WritableHub, writable_hub

pytestmark = pytest.mark.outside

_PUSH = """
import json, os, sys
from headscribe.core.errors import HeadscribeError
from headscribe.pipeline.export.export import export_run
from headscribe.store.export.hub_upload import Destination
for call in json.loads(sys.argv[1]):
    push = Destination(**call.pop("push"))
    os.environ["HF_TOKEN"] = call.pop("token")
    try:
        done = export_run(to="hub", push=push, **call)
        report = {"commit": done.commit, "path": str(done.path)}
    except HeadscribeError as error:
        report = {"error": type(error).__name__, "line": str(error)}
    print(json.dumps(report))
"""


def pushed(home: Path, endpoint: str, *calls: dict[str, Any], **environment: str) -> list[dict[str, Any]]:
    """What pushing in another process reports."""
    clean = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _PUSH, json.dumps(calls)],
        env={**clean, **settings, "TMPDIR": str(home), **environment},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert TOKEN not in done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def call(
    run: RunDir, repo: str, out: Path | None = None, token: str = TOKEN, **push: object
) -> dict[str, Any]:
    """One push for ``pushed``."""
    return {"run": str(run.path), "push": {"repo": repo, **push}, "out": out and str(out), "token": token}


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@dataclass
class Pushes:
    """What a hub holds after many pushes, and what each reported."""

    folder: Path
    hub: WritableHub
    reports: dict[str, dict[str, Any]]


FOREIGN = {".gitattributes": b"", "data/train.parquet": b"mine"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return make_run(tmp_path_factory.mktemp("hub") / "run")


@pytest.fixture(scope="module")
def pushes(run: RunDir, tmp_path_factory: pytest.TempPathFactory) -> Pushes:
    folder = tmp_path_factory.mktemp("pushes")
    (folder / "token").write_text("hf_of_a_login" * 3)
    out = folder / "out"
    calls = {
        "new": call(run, "me/heads", out, private=True),
        "again": call(run, "me/heads", out) | {"tables": ["descriptions"]},
        "branch": call(run, "me/drafts", revision="draft", message="First"),
        "foreign": call(run, "me/photos"),
        "public": call(run, "me/public", private=True),
        "others": call(run, "others/heads"),
        "failing": call(run, "me/failing"),
        "no token": call(run, "me/heads", token=""),
        "bad token": call(run, "me/heads", token="hf_" + "bad" * 9),
    }
    with writable_hub() as hub:
        hub.datasets["me/photos"] = HeldDataset(branches={"main": dict(FOREIGN)})
        hub.datasets["me/public"] = HeldDataset()
        reports = pushed(folder, hub.url, *calls.values())
    return Pushes(folder, hub, dict(zip(calls, reports, strict=True)))


def test_the_hub_gets_the_bytes_of_the_folder_in_one_commit(pushes: Pushes) -> None:
    out = pushes.folder / "out"
    commit = f"{pushes.hub.url}/datasets/me/heads/commit/{COMMIT}"
    assert pushes.reports["new"] == pushes.reports["again"] == {"commit": commit, "path": str(out)}
    assert pushes.hub.commits[:2] == ["Attention heads of tiny, by Headscribe"] * 2
    dataset = pushes.hub.datasets["me/heads"]
    assert dataset.private
    held = {name: content for name, content in dataset.branches["main"].items() if name != ".gitattributes"}
    assert held == files(out)
    assert sorted(held) == ["README.md", "data/descriptions.parquet", "export.json"], "older tables are gone"


def test_a_branch_is_made_and_a_folder_is_not_needed(pushes: Pushes) -> None:
    assert pushes.reports["branch"]["path"] == "None"
    assert pushes.hub.commits[2] == "First"
    branches = pushes.hub.datasets["me/drafts"].branches
    assert set(branches["main"]) == {".gitattributes"}
    assert b'load_dataset("me/drafts", "descriptions"' in branches["draft"]["README.md"]
    assert not list(pushes.folder.glob("headscribe-export-*")), "nothing stays behind"


def test_what_is_not_ours_is_left_alone(pushes: Pushes) -> None:
    assert pushes.hub.datasets["me/photos"].branches["main"] == FOREIGN
    assert "no export of Headscribe" in pushes.reports["foreign"]["line"]
    assert "is public" in pushes.reports["public"]["line"]
    assert len(pushes.hub.commits) == 3


def test_a_refusal_and_a_failure_are_said_with_the_hubs_words(pushes: Pushes) -> None:
    refused, failed = pushes.reports["others"], pushes.reports["failing"]
    assert {refused["error"], failed["error"]} == {"HubUnavailable"}
    assert "refuses the push: You don't have the rights" in refused["line"]
    assert "the hub answered 500: the disk is full" in failed["line"]


def test_the_token_comes_from_the_environment_alone(pushes: Pushes) -> None:
    assert "Set HF_TOKEN" in pushes.reports["no token"]["line"]
    assert "refuses the push" in pushes.reports["bad token"]["line"]
    assert not [token for token in pushes.hub.tokens if token and "login" in token]


def test_offline_and_without_an_answer_one_line_says_so_and_the_folder_is_kept(
    run: RunDir, tmp_path: Path
) -> None:
    with writable_hub() as hub:
        pass
    (offline,) = pushed(tmp_path, hub.url, call(run, "me/heads"), HF_HUB_OFFLINE="1")
    (gone,) = pushed(tmp_path, hub.url, call(run, "me/heads", tmp_path / "out"))
    assert {offline["error"], gone["error"]} == {"HubUnavailable"}
    assert "HF_HUB_OFFLINE" in offline["line"]
    assert "cannot be reached" in gone["line"]
    assert "README.md" in files(tmp_path / "out")
