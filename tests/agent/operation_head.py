"""A head that does one planted operation, and an LLM that finds out which by what its experiments bring."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.simulated import Simulated, half_right, right, wrong
from headscribe.agent.experiments import Ablation, Constant, End, PairStrength, SourceRow
from headscribe.core.chat import ChatReply, ChatRequest, ToolCall
from headscribe.core.records import Token, Usage

_SOURCE = re.compile(r" ?s(\d+)x(\d+)")
_WORD = re.compile(r" ?[st]\d+x\d+(y\d)?")


def token_of(text: str) -> Token:
    return Token(sum(ord(char) * 131**place for place, char in enumerate(text)) % 2**31, text)


class OperationHead:
    """``Experiments`` on a head that maps the sources of one operation, all or the even ones, to targets.

    For every other source it promotes the same tokens.
    """

    n_others, k = 0, 10

    def __init__(self, family: int, *, half: bool = False) -> None:
        self.family, self.half = family, half
        self.asked: list[str] = []

    def token(self, word: str) -> Token | None:
        return token_of(f" {word.strip()}") if _WORD.fullmatch(word) else None

    def draw(self, count: int, seed: int) -> tuple[Token, ...]:
        return tuple(token_of(f" s{seed % 7}x{number}") for number in range(count))

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[SourceRow]:
        self.asked += [token.text for token in tokens]
        return [SourceRow(token, 0.9, End(self._targets(token)[:top]), End(())) for token in tokens]

    def _targets(self, token: Token) -> tuple[Token, ...]:
        found = _SOURCE.fullmatch(token.text)
        acts = found and int(found[1]) == self.family and not (self.half and int(found[2]) % 2)
        start = f" t{self.family}x{found[2]}" if found and acts else " t99x0"
        return tuple(token_of(f"{start}y{number}") for number in range(3))

    def sources(self, token: Token, top: int) -> End:
        return End((token,))

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        return [PairStrength(target in self._targets(source), False) for source, target in pairs]

    def constant(self, targets: Sequence[Token], top: int) -> Constant:
        raise NotImplementedError

    def ablate(self, text: str, top: int) -> Ablation | None:
        raise NotImplementedError


@dataclass
class Researcher:
    """A chat client: describer with tools, describer without, reader and critic of one head.

    With tools it maps a source of its table, takes the operation from the answer, tests drafts by it, and
    answers with the draft of the highest lift that it was told. Every answer follows from the request alone.

    Attributes:
        family: the operation that the reader's truth is about.
        drafts: by the operation that was found, what to test in turn.
        answers: what the describer says without tools, by the number of the answer and of the round.
        predicts: the sources that the critic names, as numbers of the family's; of a description for the
            first half, the even ones at or below these.
        stop_after: requests after which it fails.
    """

    family: int
    drafts: Callable[[int], Sequence[str]] = lambda family: (half_right(family), right(family), wrong(family))
    answers: Callable[[int, int], str] = lambda sample, round: ""
    predicts: Sequence[int] = ()
    stop_after: int | None = None
    name: str = "planted"
    sent: list[ChatRequest] = field(default_factory=list)

    async def check(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def send(self, request: ChatRequest) -> ChatReply:
        if self.stop_after is not None and len(self.sent) >= self.stop_after:
            raise asyncio.CancelledError
        self.sent.append(request)
        reply = await self._answer(request)
        return ChatReply(reply.text, "stop", usage=Usage(100, 10), tool_calls=reply.tool_calls)

    async def _answer(self, request: ChatRequest) -> ChatReply:
        fields = request.schema["properties"] if request.schema else {}
        if request.tools:
            return self._research(request)
        if "predictions" in fields:
            return self.criticise(request)
        if "description" in fields:
            round = sum(message.role == "assistant" for message in request.messages)
            return _said(self.answers(request.sampling.seed or 0, round))
        return await Simulated(self.family, 1.0).call(request.messages, request.schema)

    def _research(self, request: ChatRequest) -> ChatReply:
        brought = [json.loads(message.content) for message in request.messages if message.role == "tool"]
        if not brought:
            source = re.findall(r'"( s\d+x\d+)" ->', request.messages[0].content)[0]
            return _call("map_tokens", words=[source])
        found = re.match(r" t(\d+)x", brought[0]["rows"][0]["promoted"][0])
        assert found is not None
        drafts = self.drafts(int(found[1]))
        lifts = [answer["lift"] for answer in brought[1:]]
        if request.tool_choice == "none" or len(lifts) == len(drafts):
            return _said(drafts[max(range(len(lifts)), key=lifts.__getitem__)] if lifts else "")
        return _call("test_description", description=drafts[len(lifts)])

    def criticise(self, request: ChatRequest) -> ChatReply:
        said = re.search(r"^Description: .*operation (\d+)( for)?", request.messages[-1].content, re.M)
        assert said is not None
        numbers = [number - number % 2 for number in self.predicts] if said[2] else self.predicts
        predictions = [{"source": f"s{said[1]}x{n}", "targets": [f"t{said[1]}x{n}y0"]} for n in numbers]
        return ChatReply(json.dumps({"predictions": predictions}))


def _call(tool: str, **arguments: object) -> ChatReply:
    return ChatReply("", tool_calls=(ToolCall("", tool, json.dumps(arguments)),))


def _said(text: str) -> ChatReply:
    fields = dict.fromkeys(("reasoning", "inputs", "pattern", "description"), text or "Unclear")
    return ChatReply(json.dumps(fields))
