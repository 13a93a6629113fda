"""A run with odd texts, and with paths of somebody's home in it."""

from __future__ import annotations

from pathlib import Path

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, Token
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.map.map_dir import MapDir
from tests.store.samples import MODEL, map_header, run_header, score

ODD = [
    " France",
    "=cmd|' /C calc'!A0",
    "\t@x",
    "a\x00\r\nb",
    "\ud83d",
    "</td><script>alert(1)</script>",
    "'",
    "",
]


def make_run(folder: Path, texts: list[str] = ODD, **header: object) -> RunDir:
    """A run of one head per text; its model lies in somebody's home."""
    heads = [
        HeadMap(
            Head(0, i), (Mapping(0, Token(i, text), 1.25, (Token(1, text), Token(2, " b")), (0.5, -0.1)),)
        )
        for i, text in enumerate(texts)
    ]
    scores = [score(0, i) for i in range(len(texts))]
    model = MODEL.model_copy(update={"name": "/home/jane/models/tiny", "n_heads": len(texts)})
    asked = {"method": "single", "llm": "vllm:/home/jane/llm"}
    said = [
        Description(Head(0, i), Outcome(Status.OK, text, text, text), **asked) for i, text in enumerate(texts)
    ]
    failed = Outcome(Status.FAILED, error="no file /home/jane/llm/x.json")
    said[-1] = Description(Head(0, len(texts) - 1), failed, **asked)
    typed = "headscribe describe /home/jane/models/tiny --llm vllm:/home/jane/llm"
    with RunWriter(folder) as writer:
        made = MapDir.write(folder / "map", map_header(model=model, command=typed), heads, scores)
        values = {"model": model, "command": typed, "counts": {"ok": 7, "failed": 1}, **asked}
        values["map"] = {"path": "map", "content_hash": made.content_hash}
        writer.write_header(run_header(**(values | header)))
        writer.write_descriptions(said)
    return RunDir.open(folder)
