"""The commands, and the edge where errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from headscribe.cli import (
    check,
    compare,
    describe,
    doctor,
    evaluate,
    export,
    lookups,
    map_,
    pairs,
    people,
    probe,
    prompts,
    report,
    runs,
    score,
    steer,
)
from headscribe.cli.commands import Commands, Interrupted
from headscribe.cli.paths import check_paths
from headscribe.core.errors import HeadscribeError
from headscribe.core.secrets import hide_keys, hide_known_keys
from headscribe.core.tokens import plain_line

_USAGE_ERROR = typer.BadParameter.__mro__[1]
"""Typer names its subclasses only, and brings a click of its own from which to import them no more."""

MAIN, WEIGHTS, LOOK = "Describe", "Read the weights", "Look"

app = typer.Typer(
    name="headscribe",
    cls=Commands,
    help="What every attention head of a language model does, read from its weights and described in words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
app.command("describe", rich_help_panel=MAIN)(describe.describe)
app.command("lookups", rich_help_panel=MAIN)(lookups.lookups)
app.command("map", rich_help_panel=WEIGHTS)(map_.map_)
app.command("score", rich_help_panel=WEIGHTS)(score.score)
app.command("probe", rich_help_panel=WEIGHTS)(probe.probe)
app.command("pairs", rich_help_panel=WEIGHTS)(pairs.pairs)
app.command("check", rich_help_panel=WEIGHTS)(check.check)
app.command("evaluate", rich_help_panel=LOOK)(evaluate.evaluate)
app.command("steer", rich_help_panel=LOOK)(steer.steer)
app.command("compare", rich_help_panel=LOOK)(compare.compare)
app.command("report", rich_help_panel=LOOK)(report.report)
app.command("export", rich_help_panel=LOOK)(export.export)
app.add_typer(people.app, name="people", rich_help_panel=LOOK)
app.add_typer(prompts.app, name="prompts", rich_help_panel=LOOK)
app.add_typer(runs.app, name="runs", rich_help_panel=LOOK)
app.command("doctor", rich_help_panel=LOOK)(doctor.doctor)
check_paths(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"headscribe {version('headscribe')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def run() -> int:
    """Run what was typed; the exit code."""
    # OpenMP's threads spin while they wait for each other. Where other jobs share the cores, waiting asleep
    # halves the time of `describe demo`; it must be said before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        code = app(prog_name="headscribe", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing more to say, and nothing went wrong.
        sys.stderr.close()
        return 0
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            raise
        line, code = _last_words(error)
        sys.stderr.write(line)
        return code


def _last_words(error: Exception) -> tuple[str, int]:
    """The line that an error ends with, and the exit code."""
    match error:
        case HeadscribeError():
            return f"error: {hide_known_keys(str(error), '[key]')}\n", error.exit_code
        case Interrupted() | typer.Abort():
            return "interrupted\n", 130
        case _ if isinstance(error, _USAGE_ERROR):
            return _usage(error), 2
        case _:
            return f"error: {_unforeseen(error)}\n", 2


def _usage(error: Any) -> str:
    """What was typed wrongly, in the form of every other error; nothing where the help has said it all."""
    said = plain_line(error.format_message(), 300).replace("Value error, ", "")
    command = error.ctx.command_path if error.ctx else "headscribe"
    return f"error: {said.rstrip('.?')}. See {command} --help\n" if said else ""


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and not error.filename:
        # Files have errors of their own, which name them: this is stdout, on a full disk for instance.
        return (
            f"cannot write: {error.strerror.lower()} (the output). Free space, or send the output elsewhere"
        )
    return (
        f"{type(error).__name__}: {plain_line(hide_keys(str(error), '[key]'), 300)}. This is a fault in "
        "Headscribe, or an unusual input. Run `headscribe --debug …` and report the traceback"
    )
