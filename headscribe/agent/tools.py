"""The tools of the method ``agent``: experiments on one head, as an LLM may ask for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from headscribe.agent.experiments import Experiments
from headscribe.agent.splits import name
from headscribe.agent.tool_list import (
    OTHERS,
    SOURCES,
    TARGETS,
    Arguments,
    ComparisonArguments,
    PairsArguments,
    WordArguments,
    WordsArguments,
)
from headscribe.core.chat import ToolCall
from headscribe.core.errors import BadOption
from headscribe.core.records import Token
from headscribe.core.tokens import show_token
from headscribe.prompts.variables import LONGEST_TOKEN, to_json

_SPARE = 3
"""Tokens asked for beyond those shown, per word that may not be shown: a word has a few spellings."""


class HeadTools:
    """The tools over one head's experiments.

    What they show holds neither the head's name nor any predefined operation or its score. Words that are
    held out to test the description are treated like words that are no token, and left out of every list.

    Args:
        experiments: on the head.
        hidden: held-out words, as ``splits.name`` spells them.
    """

    def __init__(self, experiments: Experiments, hidden: Collection[str] = ()) -> None:
        self._experiments = experiments
        self._hidden = frozenset(hidden)
        self._spare = _SPARE * len(self._hidden)
        self._known: dict[str, tuple[type[Arguments], Callable[[Any], dict[str, Any]]]] = {
            "map_tokens": (WordsArguments, self._map_tokens),
            "suppressed_by": (WordsArguments, self._suppressed_by),
            "sources_promoting": (WordArguments, self._sources_promoting),
            "strength_of_pairs": (PairsArguments, self._strength_of_pairs),
            "compare_with_head": (ComparisonArguments, self._compare_with_head),
        }

    async def answer(self, call: ToolCall) -> str:
        """What a call brings, as one line of JSON; of a call that cannot be made, what is wrong with it."""
        if call.name not in self._known:
            return _wrong(
                f"There is no tool {show_token(call.name)}. The tools are {', '.join(self._known)}."
            )
        schema, run = self._known[call.name]
        try:
            arguments = schema.model_validate_json(call.arguments)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            return _wrong(f"The arguments are wrong: {place + ': ' if place else ''}{first['msg']}")
        try:
            return to_json(await asyncio.to_thread(run, arguments))
        except BadOption:
            return _wrong("The head has no answer for one of these words. Try without some of them.")

    def _map_tokens(self, asked: WordsArguments) -> dict[str, Any]:
        usable, unusable = self._tokens(asked.words)
        found = self._experiments.rows(usable, TARGETS + self._spare)
        rows = [{"source": _text(row.source), "promoted": self._shown(row.targets, TARGETS)} for row in found]
        return {"rows": rows, **unusable}

    def _suppressed_by(self, asked: WordsArguments) -> dict[str, Any]:
        usable, unusable = self._tokens(asked.words)
        found = self._experiments.rows(usable, TARGETS + self._spare)
        rows = [
            {"source": _text(row.source), "suppressed": self._shown(row.suppressed, TARGETS)} for row in found
        ]
        return {"rows": rows, **unusable}

    def _sources_promoting(self, asked: WordArguments) -> dict[str, Any]:
        usable, unusable = self._tokens([asked.word])
        if not usable:
            return unusable
        found = self._experiments.sources(usable[0], SOURCES + self._spare)
        return {"target": _text(usable[0]), "sources": self._shown(found, SOURCES)}

    def _compare_with_head(self, asked: ComparisonArguments) -> dict[str, Any]:
        others = OTHERS[: self._experiments.n_others]
        if asked.head_name not in others:
            names = ", ".join(others) or "none"
            return {"error": f"There is no head {show_token(asked.head_name)}. The others are: {names}."}
        other = others.index(asked.head_name)
        usable, unusable = self._tokens(asked.words)
        wanted = TARGETS + self._spare
        both = zip(
            self._experiments.rows(usable, wanted),
            self._experiments.rows(usable, wanted, other=other),
            strict=True,
        )
        rows = [
            {
                "source": _text(own.source),
                "this head": self._shown(own.targets, TARGETS),
                asked.head_name: self._shown(foreign.targets, TARGETS),
            }
            for own, foreign in both
        ]
        return {"rows": rows, **unusable}

    def _strength_of_pairs(self, asked: PairsArguments) -> dict[str, Any]:
        usable: list[tuple[Token, Token]] = []
        unusable: list[str] = []
        for pair in asked.pairs:
            source, target = self._token(pair.source), self._token(pair.target)
            if source and target:
                usable.append((source, target))
            else:
                unusable += [word for word in (pair.source, pair.target) if not self._token(word)]
        found = self._experiments.pairs(usable) if usable else []
        promoted = [pair for pair, strength in zip(usable, found, strict=True) if strength.promoted]
        suppressed = [pair for pair, strength in zip(usable, found, strict=True) if strength.suppressed]
        return {
            "pairs": len(usable),
            f"in the top {self._experiments.k}": len(promoted),
            f"in the bottom {self._experiments.k}": len(suppressed),
            "promoted": [[_text(token) for token in pair] for pair in promoted],
            "suppressed": [[_text(token) for token in pair] for pair in suppressed],
            **_unusable(unusable),
        }

    def _tokens(self, words: Sequence[str]) -> tuple[list[Token], dict[str, list[str]]]:
        found = {word: self._token(word) for word in dict.fromkeys(words)}
        usable = [token for token in found.values() if token]
        return usable, _unusable(word for word, token in found.items() if not token)

    def _token(self, word: str) -> Token | None:
        """The token, None for a word that is none and for one that may not be asked about alike."""
        token = self._experiments.token(word)
        return None if token is None or name(token) in self._hidden else token

    def _shown(self, tokens: Iterable[Token], most: int) -> list[str]:
        return [_text(token) for token in tokens if name(token) not in self._hidden][:most]


def _unusable(words: Iterable[str]) -> dict[str, list[str]]:
    """Words without an answer; why is left open, so that the held-out ones do not stand out."""
    listed = list(dict.fromkeys(words))
    return {"not available, or not one token": listed} if listed else {}


def _wrong(message: str) -> str:
    return to_json({"error": message})


def _text(token: Token) -> str:
    return token.text if len(token.text) <= LONGEST_TOKEN else token.text[:LONGEST_TOKEN] + "…"


def readable(arguments: str) -> str:
    """A call's arguments as a JSON object, which servers insist on when a conversation is sent back."""
    try:
        value = json.loads(arguments)
    except ValueError:
        value = None
    return arguments if isinstance(value, dict) else json.dumps({"not a JSON object": arguments[:200]})
