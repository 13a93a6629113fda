"""What the group of all commands does beyond Typer's: ``--llm`` may be repeated, and Ctrl-C is told."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from typer.core import TyperGroup

from headscribe.agent.llm.spec import BETWEEN_SERVERS
from headscribe.core.errors import BadOption

_OPTION = "--llm"


class Interrupted(Exception):
    """Ctrl-C that no command has dealt with."""


class Commands(TyperGroup):
    """The group of all commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a command line.

        An empty word behind an option, as of a variable that is not set, would name the current folder.
        Each command takes one text for its LLM, as with one server; ``parse_llm`` takes it apart again.
        """
        for option, value in pairwise(args):
            if option.startswith("-") and not value:
                raise BadOption("nothing stands behind it", where=option, do="Give a value, or leave it out")
        return super().parse_args(ctx, join_repeated(args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            Interrupted: by Ctrl-C, of which Typer would make an exit code without a word.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted from error


def join_repeated(args: list[str]) -> list[str]:
    """The words with one ``--llm`` in place of several; others are left alone."""
    joined: list[str] = []
    values: list[str] = []
    place = 0
    words = iter(args)
    for word in words:
        value = next(words, None) if word == _OPTION else word.partition(f"{_OPTION}=")[2]
        if word == "--":
            joined += [word, *words]
        elif not value:
            joined.append(word)
        else:
            place = place if values else len(joined)
            values.append(value)
    if values:
        joined[place:place] = [_OPTION, BETWEEN_SERVERS.join(values)]
    return joined
