"""A rehearsal: the real method and the real templates, with answers that cost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from headscribe.agent.describers import open_describer
from headscribe.agent.experiments import Ablation, Constant, End, NextToken, PairStrength, SourceRow
from headscribe.agent.llm.fake import plausible_call, plausible_text
from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.chat import Attempt, ChatReply, ChatRequest
from headscribe.core.evidence import Evidence
from headscribe.core.progress import Silent
from headscribe.core.records import Token
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import estimate_tokens


@dataclass(slots=True)
class Rehearsal:
    """A chat client that counts what it is asked, and answers by the rule of the fake LLM.

    ``likely_reply_tokens`` is None where too few replies of a kind are known.
    """

    name: str
    lengths: ReplyLengths
    calls: int = 0
    prompt_tokens: int = 0
    max_reply_tokens: int = 0
    likely_reply_tokens: float | None = 0.0

    async def check(self) -> None:
        """It can always be asked."""

    async def send(self, request: ChatRequest) -> ChatReply:
        """Count the request, and answer it."""
        self.calls += 1
        self.prompt_tokens += sum(map(estimate_tokens, request.texts()))
        self.max_reply_tokens += request.sampling.max_tokens
        likely, before = self.lengths.likely(request), self.likely_reply_tokens
        self.likely_reply_tokens = None if likely is None or before is None else before + likely
        calls = plausible_call(request)
        return ChatReply("" if calls else plausible_text(request), finish_reason="stop", tool_calls=calls)

    async def aclose(self) -> None:
        """Nothing is open."""


class NoJournal:
    """Remembers nothing, for plans and rehearsals."""

    def find(self, identity: str) -> ChatReply | None:  # noqa: ARG002
        """Nothing."""
        return None

    def record(self, attempt: Attempt) -> None:
        """Nothing."""


class _Props:
    """``Experiments`` that cost nothing: every word is a token, every answer is as long as a real one."""

    n_others, k = 3, 10

    def token(self, word: str) -> Token:
        """Any word is a token."""
        return Token(0, word)

    def draw(self, count: int, seed: int) -> tuple[Token, ...]:  # noqa: ARG002
        """One token repeated."""
        return (_TOKEN,) * count

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[SourceRow]:  # noqa: ARG002
        """Rows of one token repeated."""
        return [SourceRow(token, 0.5, _end(top), _end(top)) for token in tokens]

    def sources(self, token: Token, top: int) -> End:  # noqa: ARG002
        """One token repeated."""
        return _end(top)

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        """No pair is promoted or suppressed."""
        return [PairStrength(False, False, 0.0)] * len(pairs)

    def constant(self, targets: Sequence[Token], top: int) -> Constant:
        """One token repeated."""
        return Constant(0.5, _end(top), _end(top), (0.0,) * len(targets))

    def ablate(self, text: str, top: int) -> Ablation:  # noqa: ARG002
        """One token repeated."""
        chances = (NextToken(_TOKEN, 0.5, 0.5),) * top
        return Ablation((), chances, chances, chances, chances)


_TOKEN = Token(0, " token")


def _end(top: int) -> End:
    return End((_TOKEN,) * top, (1.0,) * top)


async def rehearse(
    spec: LLMSpec, settings: DescribeSettings, heads: Iterable[Evidence], lengths: ReplyLengths
) -> Rehearsal:
    """What describing these heads by ``settings.method`` would ask of an LLM; nobody is asked.

    ``lengths`` are those of its replies so far.

    Raises:
        BadPrompt: a template cannot be used.
    """
    client = Rehearsal(spec.name, lengths)
    async with open_describer(
        spec, settings, NoJournal(), Silent(), open_llm=lambda *_: nullcontext(client)
    ) as describer:
        for evidence in heads:
            await describer.describe(evidence, experiments=_Props())
    return client
