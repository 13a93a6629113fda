"""Models of the hub, against a stand-in server; in other processes, as its address is read on import."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from headscribe.core.heads import select_heads
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from tests.conftest import REPOSITORY
from tests.mapping.hub_server import COMMIT, plain, stand_in_hub
from tests.mapping.tiny_models import save_tiny

pytestmark = pytest.mark.outside

FIRST_BYTES = 8_192
"""What is fetched of every weight file first, instead of the 32 KB that would cover a tiny one."""

_OPEN = f"""
import json, sys
from headscribe.core.errors import HeadscribeError
from headscribe.core.heads import select_heads
from headscribe.core.settings import MapSettings
from headscribe.mapping import hub_parts, hub_safetensors
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.fetching import fetching
from headscribe.mapping.head_maps import map_heads
from tests.mapping.hub_server import plain
class Watcher:
    def __init__(self): self.told = []
    def say(self, line): self.told.append(line)
    def start(self, stage, total): self.told.append([stage, total])
    def advance(self, stage, steps=1, note=""): self.told.append(steps)
    def finish(self, stage): self.told.append("finish")
hub_parts.FIRST_WAIT, hub_safetensors.FIRST_BYTES = 0.01, {FIRST_BYTES}
for model, revision in json.loads(sys.argv[1]):
    try:
        found = open_checkpoint(model, revision)
        facts = found.facts
        heads = select_heads("all", facts.n_layers, facts.n_heads)
        watcher = Watcher()
        with fetching(found, MapSettings(), heads, watcher):
            maps = plain(map_heads(found, MapSettings(), heads))
        report = {{"revision": found.revision, "weights": found.weights_hash, "path": str(found.path),
                  "tokenizer": found.tokenizer_hash, "name": found.name, "maps": maps, "told": watcher.told}}
        if "whole" in sys.argv:
            found.whole_folder()
    except HeadscribeError as error:
        report = {{"error": type(error).__name__, "line": str(error)}}
    print(json.dumps(report))
"""


def start(
    home: Path, endpoint: str, models: tuple[tuple[str, str | None], ...], *more: str, **environment: str
) -> subprocess.Popen[str]:
    """Another process that opens and maps models of the hub, and reports each as a line of JSON."""
    clean = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        # sums are divided between threads, so equal results need as many of them
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
    }
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN, json.dumps(models), *more],
        env={**clean, **settings, **environment},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def opened(
    home: Path, endpoint: str, *models: tuple[str, str | None], more: str = "", **environment: str
) -> list[dict[str, Any]]:
    """What opening and mapping the models in another process reports."""
    process = start(home, endpoint, models, more, **environment)
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    save_tiny("gpt2", folder / "tiny" / "whole")
    save_tiny("llama", folder / "tiny" / "shards", shard_size="20KB")
    save_tiny("llama", folder / "tiny" / "pickled")
    weights = folder / "tiny" / "pickled" / "model.safetensors"
    torch.save(load_file(weights), folder / "tiny" / "pickled" / "pytorch_model.bin")
    weights.unlink()
    for extra in ("flax_model.msgpack", "README.md", "modeling_own.py"):
        (folder / "tiny" / "whole" / extra).write_text("not needed")
    return folder


def test_a_model_is_fetched_at_its_commit_and_then_found_without_a_network(
    folder: Path, tmp_path: Path
) -> None:
    with stand_in_hub(folder) as hub:
        (found,) = opened(tmp_path, hub.url, ("tiny/whole", None))
        assert sorted(hub.fetched) == ["config.json", "tokenizer.json"]
        assert {name for name, _, _ in hub.ranges} == {"model.safetensors"}
        _assert_equals_local(found, folder / "tiny" / "whole")
    for environment in ({"HF_HUB_OFFLINE": "1"}, {}):
        again, pinned, other = opened(
            tmp_path,
            hub.url,
            ("tiny/whole", None),
            ("tiny/whole", COMMIT),
            ("tiny/shards", None),
            **environment,
        )
        assert again.pop("told") == pinned.pop("told") == []
        assert again == pinned == {key: value for key, value in found.items() if key != "told"}
        assert other["error"] == "HubUnavailable"


def test_without_a_network_a_half_fetched_model_says_that_the_hub_is_missing(
    folder: Path, tmp_path: Path
) -> None:
    with stand_in_hub(folder) as hub:
        opened(tmp_path, hub.url, ("tiny/whole", None))
    largest = max((tmp_path / "headscribe").rglob("*-*"), key=lambda part: part.stat().st_size)
    largest.unlink()
    (found,) = opened(tmp_path, hub.url, ("tiny/whole", None))
    assert "the hub cannot be reached" in found["line"]
    assert "model.safetensors" in found["line"]


def test_only_the_tensors_that_are_needed_are_fetched_whatever_breaks(folder: Path, tmp_path: Path) -> None:
    with stand_in_hub(folder) as hub:
        hub.faults = ["fine", "drop", "503", "fine", "truncate"]
        (found,) = opened(tmp_path, hub.url, ("tiny/shards", "main"))
    _assert_equals_local(found, folder / "tiny" / "shards")
    assert not [name for name in hub.fetched if name.endswith(".safetensors")]
    needed, headers = _needed(folder / "tiny" / "shards")
    small = sum((folder / "tiny" / "shards" / name).stat().st_size for name in hub.fetched)
    assert hub.sent == needed + headers + small
    assert "GB of the model's" in found["told"][0]
    assert found["told"][1][0] == "fetch MB"
    assert found["told"][-1] == "finish"


def test_a_process_that_is_killed_leaves_what_the_next_one_continues(folder: Path, tmp_path: Path) -> None:
    with stand_in_hub(folder) as hub:
        hub.faults = [*["fine"] * 20, "hang"]
        process = start(tmp_path, hub.url, (("tiny/shards", None),))
        while hub.faults and process.poll() is None:
            time.sleep(0.02)
        parts = tmp_path / "headscribe"
        # what has come may still be in the process's own buffer, so there need be no file of it
        until = time.monotonic() + 1
        while not _begun(parts) and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
        process.communicate()
        (found,) = opened(tmp_path, hub.url, ("tiny/shards", None))
    _assert_equals_local(found, folder / "tiny" / "shards")
    assert not list(parts.rglob("*.incomplete"))
    needed, headers = _needed(folder / "tiny" / "shards")
    small = sum((folder / "tiny" / "shards" / name).stat().st_size for name in hub.fetched)
    largest = max(part.stat().st_size for part in parts.rglob("*-*"))
    again = hub.sent - (needed + headers + small)
    assert 0 <= again < largest, "of one part, what was sent and not yet written is sent again"


def _begun(parts: Path) -> bool:
    """Whether some of a part is there, but not all of it."""
    try:
        return any(file.stat().st_size for file in parts.rglob("*.incomplete"))
    except FileNotFoundError:
        return False  # it became whole while we looked


def test_whole_files_are_fetched_where_parts_cannot_be_and_preferred_where_they_lie(
    folder: Path, tmp_path: Path
) -> None:
    with stand_in_hub(folder) as hub:
        (pickled,) = opened(tmp_path, hub.url, ("tiny/pickled", None))
        hub.knows_ranges = False
        (found,) = opened(tmp_path, hub.url, ("tiny/whole", None))
        hub.knows_ranges = True
        (shards,) = opened(tmp_path, hub.url, ("tiny/shards", None), more="whole")
        asked = list(hub.ranges)
        (again,) = opened(tmp_path, hub.url, ("tiny/shards", None))
    _assert_equals_local(pickled, folder / "tiny" / "pickled")
    _assert_equals_local(found, folder / "tiny" / "whole")
    all_shards = {file.name for file in (folder / "tiny" / "shards").glob("*.safetensors")}
    assert all_shards <= set(hub.fetched)
    _assert_same_maps(again["maps"], shards["maps"])
    assert hub.ranges == asked


def test_what_the_hub_refuses_is_said_in_one_line(folder: Path, tmp_path: Path) -> None:
    with stand_in_hub(folder) as hub:
        unknown, single, revision, gated = opened(
            tmp_path,
            hub.url,
            ("tiny/unknown", None),
            ("gpt7", None),
            ("tiny/whole", "v9"),
            ("tiny/gated", None),
        )
    assert unknown["error"] == single["error"] == "ModelNotFound"
    assert "tiny/unknown" in unknown["line"]
    assert revision["error"] == "ModelNotFound"
    assert "v9" in revision["line"]
    assert gated["error"] == "HubUnavailable"
    assert "terms" in gated["line"]


def _assert_equals_local(found: dict[str, Any], folder: Path) -> None:
    local = open_checkpoint(str(folder))
    assert found["revision"] == COMMIT
    assert Path(found["path"]).name == COMMIT
    assert found["weights"] == local.weights_hash
    assert found["tokenizer"] == local.tokenizer_hash
    heads = select_heads("all", local.facts.n_layers, local.facts.n_heads)
    _assert_same_maps(found["maps"], plain(map_heads(local, MapSettings(), heads)))


def _assert_same_maps(found: dict[str, Any], expected: dict[str, Any]) -> None:
    # the same bytes lie elsewhere in memory, which decides how products are rounded
    assert found["tokens"] == expected["tokens"]
    assert found["numbers"] == pytest.approx(expected["numbers"], rel=1e-4, abs=1e-4)


def _needed(folder: Path) -> tuple[int, int]:
    """Bytes of a Llama's tensors that a map needs, its norms included, and of what is fetched first of their
    files; opening a model looks at these."""
    weight_map = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    needed = re.compile(
        r"embed_tokens|lm_head|self_attn\.[vo]_proj|layers\.0\.(mlp|post_attention_layernorm)"
        r"|input_layernorm|model\.norm"
    )
    chosen = {name: file for name, file in weight_map.items() if needed.search(name)}
    tensors = sum(load_file(folder / file)[name].nbytes for name, file in chosen.items())
    files = {folder / file for file in chosen.values()}
    return tensors, sum(min(FIRST_BYTES, file.stat().st_size) for file in files)
