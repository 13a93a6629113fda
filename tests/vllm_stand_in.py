"""A stand-in for vLLM that answers as the fake LLM does, in processes that nodes of a cluster can start."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

_SERVER = """
import hashlib, json, os, sys, time
from pathlib import Path
from benchmarks.chat_server import ChatServer, plausible_choice

host, port = (sys.argv[sys.argv.index(name) + 1] for name in ("--host", "--port"))
folder = Path(os.environ["STAND_IN"])
if host == os.environ.get("STAND_IN_DIES_ON"):
    print("ValueError: no such architecture")
    sys.exit(3)

def noted(body):
    with (folder / "requests").open("a") as notes:
        notes.write(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest() + "\\n")
    return plausible_choice(body)

key, latency = os.environ.get("VLLM_API_KEY", ""), float(os.environ.get("STAND_IN_LATENCY", 0))
with ChatServer(latency, reply=noted, host=host, port=int(port), key=key):
    (folder / f"{os.getpid()}.json").write_text(json.dumps([host, int(port)]))
    time.sleep(600)
"""


@dataclass(frozen=True)
class StandIn:
    """Stand-ins that are started with an environment, and what they note in a folder."""

    folder: Path

    @classmethod
    def written(cls, folder: Path) -> StandIn:
        """Write a package ``vllm`` and a model for it to serve."""
        package = folder / "lib" / "vllm" / "entrypoints" / "openai"
        package.mkdir(parents=True)
        for place in (package, package.parent, package.parent.parent):
            (place / "__init__.py").touch()
        (package / "api_server.py").write_text(_SERVER)
        (folder / "model").mkdir()
        (folder / "model" / "tokenizer_config.json").write_text("{}")
        return cls(folder)

    @property
    def llm(self) -> str:
        """What ``--llm`` says."""
        return f"vllm:{self.folder / 'model'}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes Headscribe start it in place of vLLM."""
        return {
            "HEADSCRIBE_VLLM_PYTHON": sys.executable,
            "PYTHONPATH": f"{self.folder / 'lib'}:{REPOSITORY}",
            "STAND_IN": str(self.folder),
        }

    def answered(self) -> Counter[str]:
        """Answers by request, of all stand-ins together."""
        notes = self.folder / "requests"
        return Counter(notes.read_text().split()) if notes.exists() else Counter()

    def forget(self) -> None:
        """Count from zero."""
        (self.folder / "requests").unlink(missing_ok=True)

    def places(self) -> dict[int, tuple[str, int]]:
        """Host and port of each that was started, by process."""
        return {int(note.stem): tuple(json.loads(note.read_text())) for note in self.folder.glob("*.json")}
