"""The options of context look-ups, with their types."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings, LookupSettings, Stage, TextSettings


class LookupOptions(TypedDict, total=False):
    """Keyword arguments of ``look_up`` and ``plan_lookups``; each may be left out.

    Attributes:
        texts: ``demo``, a file or folder, or a ``datasets`` id, and how to read it; None is ``demo`` for that
            model, and for a run that holds prompts already, these.
        settings: what determines neurons, prompts and heads.
        llm: who explains and classifies; None for ``HEADSCRIBE_LLM`` or else the built-in rules.
        ask_settings: how the LLM is asked.
        stop_after: the last stage to make; None for all.
        describe_run: a run of ``describe`` whose descriptions stand beside the explanations.
        revision: branch, tag or commit of a hub model.
        force: make again what lies there and was made otherwise.
        command: what was typed, for the header.
        progress: told how far it is.
    """

    texts: str | TextSettings | None
    settings: LookupSettings | None
    llm: str | None
    ask_settings: AskSettings | None
    stop_after: Stage | None
    describe_run: Path | None
    revision: str | None
    force: bool
    command: str
    progress: Progress | None
