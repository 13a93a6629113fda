"""How descriptions are tried in the running model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from headscribe.core.options import Option, Settings


class SteerSettings(Settings):
    """How descriptions are tried in the running model."""

    sources: Annotated[
        int, Field(ge=1, le=100), Option("Sources tried of each description at most.", name="--sources")
    ] = 8
    texts: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        Option(
            "A text after which a next token is looked at, instead of the default ones. May be repeated.",
            name="--text",
            metavar="TEXT",
        ),
    ] = ("The", "I think that", "There was a", "They said it is the", "In the end, he saw")
    seed: Annotated[int, Field(ge=0), Option("Draws the pairs of named operations.", name="--seed")] = 0
