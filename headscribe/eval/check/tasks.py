"""Task prompts: texts that a model continues with the target of an operation, if it can do it at all."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from headscribe.eval.check.prompts import SLOT
from headscribe.operations import Operation

_DATA = Path(__file__).with_name("data") / "task_prompts.json"
_SHOTS = 2


def task_templates(operation: Operation) -> tuple[str, ...]:
    """The templates that are tried for an operation; the one with the highest base accuracy is used.

    A built-in operation has its own sentences. Every operation, a user's own too, has one made of its first
    two pairs in the paper's arrow form, `` Spain-> Madrid; Peru-> Lima; {source}->``.
    """
    return (*_sentences().get(operation.name, ()), _examples(operation))


def _examples(operation: Operation) -> str:
    shown = [f" {source}-> {target};" for source, target in operation.pairs[:_SHOTS]]
    return "".join(part.replace(SLOT, "") for part in shown) + f" {SLOT}->"


@cache
def _sentences() -> dict[str, tuple[str, ...]]:
    content = json.loads(_DATA.read_text(encoding="utf-8"))
    return {name: tuple(templates) for name, templates in content.items()}
