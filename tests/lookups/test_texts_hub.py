"""Texts of a dataset on the hub: streamed at one commit, and no code of it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.lookups.dataset_hub import COMMIT, serve

pytestmark = pytest.mark.outside

# The hub's address is read when its library is imported, so another process has to read.
READ = """
import json, sys
from headscribe.core.errors import HeadscribeError
from headscribe.lookups.text_opening import open_texts

texts = open_texts("nobody/stories", max_texts=5)
found = {part: [document.text for document in texts.documents(part)] for part in ("explain", "score")}
said = []
for other in ("nobody/absent", "nobody/numbers", "nobody/scripted"):
    try:
        next(open_texts(other).documents("explain"))
    except HeadscribeError as error:
        said.append(str(error))
print(json.dumps([texts.source.identity, found, said]))
"""


def test_a_dataset_is_streamed_at_one_commit_and_no_code_of_one_is_run(tmp_path: Path) -> None:
    names = ("stories", "numbers", "scripted")
    stories, numbers, scripted = (tmp_path / "hub" / "nobody" / name for name in names)
    for folder in (stories, numbers, scripted):
        folder.mkdir(parents=True)
    for split in ("train", "validation"):
        rows = (json.dumps({"text": f"{split} {number}"}) + "\n" for number in range(30))
        (stories / f"{split}.jsonl").write_text("".join(rows))
    (scripted / "scripted.py").write_text("raise SystemExit('code of the dataset ran')")
    (numbers / "train.jsonl").write_text('{"n": 1}\n')
    with serve(tmp_path / "hub") as (url, asked):
        environment = os.environ | {
            "HF_ENDPOINT": url,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(REPOSITORY),
        }
        done = subprocess.run(
            [sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    identity, found, said = json.loads(done.stdout)
    assert identity.startswith(f"nobody/stories:@{COMMIT}")
    assert found == {
        part: [f"{split} {number}" for number in range(5)]
        for part, split in (("explain", "train"), ("score", "validation"))
    }
    assert "the hub knows no such dataset (nobody/absent)" in said[0]
    assert "no text column was found (nobody/numbers)" in said[1]
    assert "datasets that need code of their own are not read" in said[2]
    fetched = [path for path in asked if "/resolve/" in path and path.endswith(".jsonl")]
    assert all(f"/resolve/{COMMIT}/" in path for path in fetched)
