"""The two kinds of describers behind one face: the built-in rules, and an LLM that is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from headscribe.agent.asking import stop_if_hopeless
from headscribe.agent.budget import Budget
from headscribe.agent.caller import Caller, build_request
from headscribe.agent.experiments import Experiments
from headscribe.agent.llm.client import ChatClient
from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.spec import LLMSpec
from headscribe.agent.single import Call, describe_single, single_request_messages
from headscribe.agent.tool_agent import ToolAgent
from headscribe.agent.verified import Verified
from headscribe.agent.whole import READER_LOGPROBS, READER_TOKENS, WholeReplies
from headscribe.core.chat import (
    CallFailed,
    CallJournal,
    ChatReply,
    ChatRequest,
    Message,
    content_hash,
)
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.errors import BadPrompt
from headscribe.core.evidence import Evidence
from headscribe.core.progress import Progress
from headscribe.core.settings import TESTING, AskSettings, DescribeSettings
from headscribe.core.usage import CallTotals
from headscribe.prompts import Template, load_template

if TYPE_CHECKING:
    from headscribe.operations import Operation


OpenLLM = Callable[[LLMSpec, AskSettings, Progress], AbstractAsyncContextManager[ChatClient]]
"""Opens a chat model, as ``agent.llm.opening.open_client`` does."""


class Describer(Protocol):
    """Describes heads from their evidence, one at a time or many at once.

    Attributes:
        llm: who answers, as tables and journals name it.
        method: how it is asked; ``rules`` for the built-in rules.
        prompt: the template as ``name@version``, None for the rules.
        prompt_hash: SHA-256 over what shapes an answer: the template, or the version of the rules.
        method_hash: SHA-256 over what else the method brings to it (other templates, how rows are held out),
            None where it brings nothing.
        totals: what its calls came to.
    """

    llm: str
    method: str
    prompt: str | None
    prompt_hash: str | None
    method_hash: str | None
    totals: CallTotals

    async def describe(
        self, evidence: Evidence, *, fresh: bool = False, experiments: Experiments | None = None
    ) -> Outcome:
        """Describe one head.

        Args:
            evidence: all that the describer may see of the head.
            experiments: on the head, for the method ``agent`` and for critics; others leave them alone.
            fresh: ask again even where the journal has a reply.

        Raises:
            LLMUnavailable: no head can be described, so the run should stop: a refused key, an unknown
                model, a server that can no longer be reached. Any other failure is an outcome.
            asyncio.CancelledError: after ``drain``, if the head's answer needs another call.
        """

    def requests(self, evidence: Evidence) -> list[ChatRequest]:
        """What would be asked first about a head; empty for the rules."""

    def drain(self) -> None:
        """Begin no further call; those in flight may finish."""


@asynccontextmanager
async def open_describer(  # noqa: PLR0913 - what a describer is made of, each by name
    spec: LLMSpec,
    settings: DescribeSettings,
    journal: CallJournal,
    progress: Progress,
    *,
    operations: Sequence[Operation] = (),
    connect: bool = True,
    budget: Budget | None = None,
    open_llm: OpenLLM = open_client,
) -> AsyncIterator[Describer]:
    """A describer that is ready: keys are there, the server answers; a vLLM server runs until the end.

    Args:
        spec: who describes.
        settings: how.
        journal: where calls are remembered.
        progress: told of what takes long.
        operations: what the rules recognise beside the built-in operations; an LLM never sees them.
        connect: False for planning alone: nothing is started, contacted or needed, and only ``requests``
            can be used.
        budget: what the calls may take, None without limit.
        open_llm: opens the LLM, or what is asked in its place.

    Raises:
        LLMUnavailable, MissingExtra: the LLM cannot be used.
        BadPrompt: the template is unknown or wrong.
    """
    if spec.kind == "rules":
        yield RulesDescriber(operations)
        return
    template = load_template(settings.prompt, settings.prompt_folders)
    if not connect:
        yield LLMDescriber(spec, settings, template, None, progress)
        return
    async with open_llm(spec, settings, progress) as client:
        caller = Caller(client, journal, settings=settings, budget=budget, say=progress.say)
        yield LLMDescriber(spec, settings, template, caller, progress)


class RulesDescriber:
    """The built-in rules: no LLM, no calls, the same answer every time.

    Args:
        operations: what they recognise beside the built-in operations.
    """

    def __init__(self, operations: Sequence[Operation] = ()) -> None:
        from headscribe.agent.rules import RULES_VERSION
        from headscribe.operations import builtin_operations

        known = {operation.digest(): operation for operation in (*builtin_operations(), *operations)}
        self._operations = tuple(known.values())
        self.llm = self.method = "rules"
        self.prompt: str | None = None
        self.prompt_hash: str | None = content_hash(["rules", RULES_VERSION, *sorted(known)])
        self.method_hash: str | None = None
        self.totals = CallTotals()

    async def describe(
        self,
        evidence: Evidence,
        *,
        fresh: bool = False,  # noqa: ARG002
        experiments: Experiments | None = None,  # noqa: ARG002
    ) -> Outcome:
        """Describe one head by the rules."""
        from headscribe.agent.rules import describe_by_rules

        return describe_by_rules(evidence, self._operations)

    def requests(self, evidence: Evidence) -> list[ChatRequest]:  # noqa: ARG002
        """The rules ask nobody."""
        return []

    def drain(self) -> None:
        """Nothing is in flight."""


class LLMDescriber:
    """An LLM that is asked by one of the methods.

    Args:
        spec: who answers.
        settings: how it is asked, and by which method.
        template: the prompt.
        caller: makes the calls, None for planning alone.
        progress: told when the LLM turns out to lack what the method needs.

    Raises:
        BadPrompt: the template asks about something else than a head.
    """

    def __init__(
        self,
        spec: LLMSpec,
        settings: DescribeSettings,
        template: Template,
        caller: Caller | None,
        progress: Progress,
    ) -> None:
        self.llm: str = spec.name
        self.method: str = settings.method
        self.prompt: str | None = template.reference
        self.prompt_hash: str | None = template.hash
        self.totals = caller.totals if caller else CallTotals()
        self._settings, self._template, self._caller = settings, template, caller
        if not template.describes:
            do = "Choose a template that describes, such as describe"
            raise BadPrompt(f"{template.reference} does not describe heads", where="--prompt", do=do)
        verified = Verified.shipped(template, settings) if settings.method in TESTING else None
        agent = (
            ToolAgent(verified, settings, progress.say) if verified and settings.method == "agent" else None
        )
        method = agent or verified
        self.method_hash: str | None = method.hash if method else None
        self._verified, self._agent = verified, agent

    async def describe(
        self, evidence: Evidence, *, fresh: bool = False, experiments: Experiments | None = None
    ) -> Outcome:
        """Ask about one head; see ``Describer``."""
        if self._caller is None:
            raise ValueError("this describer was opened for planning alone")
        caller = self._caller

        replies = WholeReplies(caller, fresh=fresh)

        def draw(sample: int) -> Call:
            return partial(replies.ask, sample=sample)

        async def read(messages: tuple[Message, ...], schema: dict[str, Any] | None) -> ChatReply:
            return await replies.ask(messages, schema, limit=READER_TOKENS, logprobs=READER_LOGPROBS)

        try:
            if self._agent:
                if experiments is None:
                    raise ValueError("the method agent needs experiments")
                outcome = await self._agent.describe(evidence, experiments, replies.ask, replies.ask, read)
            elif self._verified:
                outcome = await self._verified.describe(
                    evidence, replies.ask, read, draw=draw, experiments=experiments
                )
            else:
                outcome = await describe_single(evidence, self._template, replies.ask)
        except CallFailed as error:
            await stop_if_hopeless(caller, error)
            return Outcome(Status.FAILED, error=str(error))
        if outcome.status is Status.TRUNCATED:
            return replace(outcome, error=f"{outcome.error}; {replies.advice()}")
        return outcome

    def requests(self, evidence: Evidence) -> list[ChatRequest]:
        """What would be asked first about a head."""
        if self._agent:
            messages = self._agent.first_messages(evidence)
            choice = self._settings.tool_choice
            offered = self._agent.offered(evidence)
            first = build_request(self.llm, self._settings, messages, None, offered, choice)
            return [first] if messages else []
        if self._verified:
            messages = self._verified.first_messages(evidence)
        else:
            messages = single_request_messages(evidence, self._template)
        return [build_request(self.llm, self._settings, messages, self._template.schema)] if messages else []

    def drain(self) -> None:
        """Begin no further call; those in flight may finish."""
        if self._caller is not None:
            self._caller.drain()
