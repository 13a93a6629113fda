"""``headscribe doctor``: whether this machine, a model and an LLM are fit for use."""

from __future__ import annotations

from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.show import left, print_json, print_table


def doctor(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Also check this model.")] = None,
    llm: o.Llm = None,
    revision: o.Revision = None,
    self_check: Annotated[
        bool,
        typer.Option(
            "--self-check",
            help="Also run the model, and compare what is read of every layer with what its own modules do.",
        ),
    ] = False,
    json: o.Json = False,
) -> None:
    """Check this machine and, if given, a model, its tokens, and an LLM."""
    from headscribe.pipeline import examine

    checks = examine(model=model, llm=llm, revision=revision, self_check=self_check)
    failed = sum(not check.ok for check in checks)
    if json:
        print_json({"checks": [check.as_json() for check in checks], "failed": failed})
    else:
        print_table(
            "",
            left("", "What", "Found"),
            [("ok" if check.ok else "FAIL", check.name, check.found) for check in checks],
        )
        typer.echo("Everything is ready." if not failed else f"{failed} of {len(checks)} checks failed.")
    raise typer.Exit(1 if failed else 0)
