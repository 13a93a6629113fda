"""Settings records whose fields say how they are given on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Option:
    """What a field of a settings record says about itself as an option; it stands in the field's annotation.

    Name, type, default and bounds (``ge``, ``le``) are the field's own. A field without an ``Option`` is not
    for the command line.

    Attributes:
        help: one or a few sentences; the field's documentation, too.
        name: such as ``--prompts``; by default the field's name.
        metavar: stands for the value in the help, by default its type.
        panel: heading in the help, by default that of the record.
        read: makes the field's value of what was typed, and raises ``BadOption``. Bounds are then its own.
        typed: the type that ``read`` takes; by default the field's.
    """

    help: str
    name: str = ""
    metavar: str | None = None
    panel: str | None = None
    read: Callable[[Any], Any] | None = None
    typed: Any = None


class Settings(BaseModel):
    """A record of settings, validated, and fixed once made.

    ``panel`` is the heading of its options in a command's help, None for the options of the command itself.
    """

    # Built when first made: a help page needs the fields alone.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    panel: ClassVar[str | None] = None
