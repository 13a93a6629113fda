"""The options of describing, with their types: what the command, the plan and Python give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from headscribe.core.descriptions import Status
from headscribe.core.progress import Progress
from headscribe.core.settings import DescribeSettings, MapSettings


class DescribeOptions(TypedDict, total=False):
    """Keyword arguments of ``describe_model`` and ``plan_run``; each may be left out.

    Attributes:
        llm: who describes, such as ``openai:NAME``; None for ``HEADSCRIBE_LLM`` or else the built-in rules.
        heads: a selection such as ``all`` (the default) or ``L5H3,L8-11``.
        map_path: a map folder to use, which is only read; None for the run's own.
        map_settings: how to map.
        describe_settings: how the LLM is asked.
        operations: files or folders of operations to score; None for the built-in ones.
        retry: statuses beside ``failed`` to ask again about, without the replies that the journal has.
        revision: branch, tag or commit of a hub model.
        force: replace the run's map if it is of another model or settings.
        command: what was typed, for the header.
        progress: told how far it is.
    """

    llm: str | None
    heads: str
    map_path: Path | str | None
    map_settings: MapSettings | None
    describe_settings: DescribeSettings | None
    operations: Sequence[Path] | None
    retry: frozenset[Status]
    revision: str | None
    force: bool
    command: str
    progress: Progress | None
