"""Comparisons of prompts are kept, and shown again."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadStore
from headscribe.core.places import user_data
from headscribe.core.progress import Progress
from headscribe.core.prompt_comparison import PromptComparison
from headscribe.store.headers import now
from headscribe.store.prompts.prompt_results import append_history, read_history
from headscribe.store.text import without_keys


def remember(found: PromptComparison, folder: Path, command: str, progress: Progress) -> None:
    """Keep the result, without the heads' rows, with the results and in the person's own history."""
    entry = {"at": now(), "folder": str(folder.resolve()), "command": without_keys(command)}
    entry |= {name: value for name, value in asdict(replace(found, rows=())).items() if name != "rows"}
    append_history(folder, entry)
    try:
        append_history(user_data() / "prompts", entry)
    except BadStore as problem:
        progress.say(f"Not kept in your own history: {problem}")


def earlier_comparisons(folder: Path | None = None) -> list[dict[str, Any]]:
    """What was kept, oldest first.

    Args:
        folder: a folder of ``compare_prompts``; None for all that this person made.

    Raises:
        BadStore: there is no such folder.
    """
    if folder is not None and not folder.is_dir():
        raise BadStore("no such folder", where=folder, do="Give the folder that prompts compare wrote")
    return read_history(folder or user_data() / "prompts")
