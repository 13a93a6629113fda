"""The tools of the method ``agent``: experiments on one head, as an LLM may ask for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

from pydantic import ValidationError

from headscribe.agent.drafts import Drafts
from headscribe.agent.experiments import Experiments, NextToken, SourceRow
from headscribe.agent.shown_words import ShownWords, text_of, unusable
from headscribe.agent.tool_arguments import (
    Arguments,
    ComparisonArguments,
    CountArguments,
    DraftArguments,
    PairsArguments,
    TextArguments,
    WordArguments,
    WordsArguments,
)
from headscribe.agent.tool_list import OTHERS, SOURCES, TARGETS, TOOLS
from headscribe.core.chat import Tool, ToolCall
from headscribe.core.errors import BadOption
from headscribe.core.records import Token
from headscribe.core.tokens import show_token
from headscribe.prompts.variables import to_json

Answer = dict[str, Any] | Awaitable[dict[str, Any]]
"""What a tool brings, at once or once it is awaited."""


class HeadTools:
    """The tools over one head's experiments.

    What they show holds neither the head's name nor any predefined operation or its score. Words that are
    held out to test the description are treated like words that are no token, and left out of every list.

    Args:
        experiments: on the head.
        offered: the tools that may be called.
        hidden: held-out words, as ``splits.name`` spells them.
        drafts: of the description; needed where the tool that tests them is offered.
        seed: of the draws of random sources.
    """

    def __init__(
        self,
        experiments: Experiments,
        offered: tuple[Tool, ...] = TOOLS,
        hidden: Collection[str] = (),
        *,
        drafts: Drafts | None = None,
        seed: int = 0,
    ) -> None:
        self.offered, self.drafts = offered, drafts
        self._experiments, self._words = experiments, ShownWords(experiments, hidden)
        self._seed, self._draws = seed, 0
        known: dict[str, tuple[type[Arguments], Callable[[Any], Answer]]] = {
            "map_tokens": (WordsArguments, self._map_tokens),
            "suppressed_by": (WordsArguments, self._suppressed_by),
            "random_sources": (CountArguments, self._random_sources),
            "sources_promoting": (WordArguments, self._sources_promoting),
            "strength_of_pairs": (PairsArguments, self._strength_of_pairs),
            "compare_with_head": (ComparisonArguments, self._compare_with_head),
            "constant_part": (WordsArguments, self._constant_part),
            "ablate_in_text": (TextArguments, self._ablate_in_text),
            "test_description": (DraftArguments, self._test_description),
        }
        self._known = {tool.name: known[tool.name] for tool in offered}

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
            answer = await asyncio.to_thread(run, arguments)
            return to_json(answer if isinstance(answer, dict) else await answer)
        except BadOption:
            return _wrong("The head has no answer for one of these words. Try without some of them.")

    def _map_tokens(self, asked: WordsArguments) -> dict[str, Any]:
        usable, missing = self._words.tokens(asked.words)
        return {"rows": [self._row(row) for row in self._rows(usable)], **missing}

    def _suppressed_by(self, asked: WordsArguments) -> dict[str, Any]:
        usable, missing = self._words.tokens(asked.words)
        rows = [
            {"source": text_of(row.source), **self._words.end("suppressed", row.suppressed, TARGETS)}
            for row in self._rows(usable)
        ]
        return {"rows": rows, **missing}

    def _random_sources(self, asked: CountArguments) -> dict[str, Any]:
        self._draws += 1
        drawn = self._experiments.draw(asked.count + self._words.spare, self._seed + self._draws)
        tokens = [token for token in drawn if self._words.allowed(token)][: asked.count]
        return {"rows": [self._row(row) for row in self._rows(tokens)]}

    def _sources_promoting(self, asked: WordArguments) -> dict[str, Any]:
        usable, missing = self._words.tokens([asked.word])
        if not usable:
            return missing
        found = self._experiments.sources(usable[0], SOURCES + self._words.spare)
        return {"target": text_of(usable[0]), **self._words.end("sources", found, SOURCES)}

    def _strength_of_pairs(self, asked: PairsArguments) -> dict[str, Any]:
        usable: list[tuple[Token, Token]] = []
        missing: list[str] = []
        for pair in asked.pairs:
            source, target = self._words.token(pair.source), self._words.token(pair.target)
            if source and target:
                usable.append((source, target))
            else:
                missing += [word for word in (pair.source, pair.target) if not self._words.token(word)]
        found = self._experiments.pairs(usable) if usable else []
        texts = [[text_of(token) for token in pair] for pair in usable]
        promoted = [pair for pair, one in zip(texts, found, strict=True) if one.promoted]
        suppressed = [pair for pair, one in zip(texts, found, strict=True) if one.suppressed]
        strengths = [
            [*pair, round(one.strength, 1)]
            for pair, one in zip(texts, found, strict=True)
            if one.strength is not None
        ]
        return {
            "pairs": len(usable),
            f"in the top {self._experiments.k}": len(promoted),
            f"in the bottom {self._experiments.k}": len(suppressed),
            "promoted": promoted,
            "suppressed": suppressed,
            **({"strengths, in σ": strengths} if strengths else {}),
            **unusable(missing),
        }

    def _compare_with_head(self, asked: ComparisonArguments) -> dict[str, Any]:
        others = OTHERS[: self._experiments.n_others]
        if asked.head_name not in others:
            names = ", ".join(others) or "none"
            return {"error": f"There is no head {show_token(asked.head_name)}. The others are: {names}."}
        usable, missing = self._words.tokens(asked.words)
        both = zip(self._rows(usable), self._rows(usable, other=others.index(asked.head_name)), strict=True)
        rows = [
            {
                "source": text_of(own.source),
                **self._words.end("this head", own.promoted, TARGETS),
                **self._words.end(asked.head_name, foreign.promoted, TARGETS),
            }
            for own, foreign in both
        ]
        return {"rows": rows, **missing}

    def _constant_part(self, asked: WordsArguments) -> dict[str, Any]:
        usable, missing = self._words.tokens(asked.words)
        found = self._experiments.constant(usable, TARGETS + self._words.spare)
        return {
            "share of what the head writes": round(found.share, 2),
            **self._words.end("promoted", found.promoted, TARGETS),
            **self._words.end("suppressed", found.suppressed, TARGETS),
            "strengths, in σ": [
                [text_of(token), round(strength, 1)]
                for token, strength in zip(usable, found.strengths, strict=True)
            ],
            **missing,
        }

    def _ablate_in_text(self, asked: TextArguments) -> dict[str, Any]:
        allowed = self._words.allows_text(asked.text)
        found = self._experiments.ablate(asked.text, TARGETS + self._words.spare) if allowed else None
        if found is None or not all(map(self._words.allowed, found.read)):
            return {"error": "The model cannot be run on this text, or one of its words is not available."}
        return {
            "next tokens": ["token", "probability with the head", "and without it"],
            "likeliest with the head": self._chances(found.likeliest),
            "likeliest without it": self._chances(found.ablated),
            "made likelier by the head": self._chances(found.raised),
            "made less likely": self._chances(found.lowered),
        }

    async def _test_description(self, asked: DraftArguments) -> dict[str, Any]:
        assert self.drafts is not None
        found = await self.drafts.test(asked.description)
        if found.value is None:
            return {"error": "The reader's answers tell nothing of this draft."}
        return {
            "lift": round(found.value, 2),
            "95% interval": [end if end is None else round(end, 2) for end in (found.low, found.high)],
            "questions": found.n,
            "highest lift so far": round(self.drafts.lift or 0.0, 2),
        }

    def _rows(self, tokens: list[Token], *, other: int | None = None) -> list[SourceRow]:
        return self._experiments.rows(tokens, TARGETS + self._words.spare, other=other)

    def _row(self, row: SourceRow) -> dict[str, Any]:
        return {
            "source": text_of(row.source),
            "acts more than on % of tokens": round(100 * row.percentile, 1),
            **self._words.end("promoted", row.promoted, TARGETS),
        }

    def _chances(self, chances: Iterable[NextToken]) -> list[list[Any]]:
        shown = [one for one in chances if self._words.allowed(one.token)][:TARGETS]
        return [[text_of(one.token), _rounded(one.present), _rounded(one.ablated)] for one in shown]


def _rounded(share: float) -> float:
    return float(f"{share:.3g}")


def _wrong(message: str) -> str:
    return to_json({"error": message})


def readable(arguments: str) -> str:
    """A call's arguments as a JSON object, which servers insist on when a conversation is sent back."""
    try:
        value = json.loads(arguments)
    except ValueError:
        value = None
    return arguments if isinstance(value, dict) else json.dumps({"not a JSON object": arguments[:200]})
