"""The predefined operations as the rules see them: look-up of pairs, and how each is put in words."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from headscribe.core.tokens import show_token
from headscribe.operations import Operation, is_copying

_SAID = tomllib.loads(
    files("headscribe.agent.rules").joinpath("operation_words.toml").read_text(encoding="utf-8")
)
_WORDS: dict[str, tuple[str, str]] = _SAID["words"]
_SOURCES: dict[str, str] = _SAID["sources"]


class KnownPairs:
    """The pairs of several operations, found by source. Case and surrounding spaces do not matter.

    Args:
        operations: the operations to recognise.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.targets: dict[str, dict[str, set[str]]] = {}
        self.nouns: dict[str, set[str]] = {}
        for operation in operations:
            noun = _SOURCES.get(operation.name)
            for source, target in operation.pairs:
                word = source.strip().casefold()
                if word == target.strip().casefold() and not is_copying(operation):
                    continue  # a change of case alone: invisible here, where case does not matter
                found = self.targets.setdefault(word, {}).setdefault(operation.name, set())
                found.add(target.strip().casefold())
                if noun:
                    self.nouns.setdefault(word, set()).add(noun)

    def of(self, source: str) -> dict[str, set[str]]:
        """Operation name → folded targets of a folded source word."""
        return self.targets.get(source, {})

    def kinds(self, source: str) -> set[str]:
        """What a folded source word is, by the operations that list it: ``countries``, ``verbs``."""
        return self.nouns.get(source, set())


@lru_cache(maxsize=8)
def known_pairs(operations: tuple[Operation, ...]) -> KnownPairs:
    """The look-up of these operations, made once for a whole run."""
    return KnownPairs(operations)


def promoting(operation: str) -> str:
    """The beginning of a sentence on a head that promotes the operation's targets."""
    if operation not in _WORDS:
        return f"Maps words as in the operation {show_token(operation)}"
    source, target = _WORDS[operation]
    return f"Maps {source} to {target}"


def suppressing(operation: str) -> str:
    """The beginning of a sentence on a head that suppresses the operation's targets."""
    if operation not in _WORDS:
        return f"Suppresses the targets of the operation {show_token(operation)}"
    source, target = _WORDS[operation]
    return f"Suppresses, for {source}, {target}"
