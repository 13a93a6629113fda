"""The options that several commands share and that are no settings, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.core.end_scores import Scores
from headscribe.core.settings import ASKING, MAPPING, EngineName

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A hub id, a local folder, or 'demo'.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Head = Annotated[str, typer.Option("--head", metavar="L5H3", help="The head.")]
Heads = Annotated[
    str, typer.Option("--heads", help="all, L5H3, L5, L8-11, sample:50, or several with commas.")
]
Threshold = Annotated[
    float, typer.Option("--threshold", min=0.0, max=1.0, help="Score from which a head does an operation.")
]
ScoresOption = Annotated[
    Scores,
    typer.Option(
        "--scores",
        help="By which scores heads are compared: as they are counted (raw), or less the shuffled scores "
        "(beyond-shuffled). auto: raw in maps of the view paper, else beyond-shuffled.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Plots = Annotated[
    Path | None, typer.Option("--plots", metavar="DIR", help="Also write plots there, as PNG and SVG.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace what lies there and was made differently.")]
Revision = Annotated[
    str | None,
    typer.Option("--revision", help="Branch, tag or commit of a hub model.", rich_help_panel=MAPPING),
]
OperationPaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--operations",
        metavar="PATH",
        help="A JSON or CSV pair list, or a folder of them, instead of the built-in ones. May be repeated.",
        rich_help_panel=MAPPING,
    ),
]
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="LLM",
        envvar="HEADSCRIBE_LLM",
        help="rules (no LLM), fake[:FILE], openai:NAME, http://HOST:PORT/v1#NAME, vllm:MODEL or "
        "PROVIDER:NAME. Without it: rules. May be repeated for several servers of one model.",
        rich_help_panel=ASKING,
    ),
]
BatchFile = Annotated[
    tuple[str, Path] | None,
    typer.Option(
        "--batch",
        metavar="MODE FILE",
        help="Ask by a file in OpenAI's batch format. write: write what must be asked next; read: read a "
        "runner's output; submit: write, upload, wait and read, until all is answered.",
        rich_help_panel=ASKING,
    ),
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="Where to work: this process, or the nodes of a Ray cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Of the Ray cluster. Default: RAY_ADDRESS, or the one that runs on this machine (auto); "
        "local starts one here.",
    ),
]
