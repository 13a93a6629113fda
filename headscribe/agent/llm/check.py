"""Whether an LLM could be asked, in a line, for ``headscribe doctor``."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from headscribe.agent.llm.failures import Hopeless, one_line
from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.spec import LLMSpec, default_llm, parse_llm
from headscribe.core.chat import CallFailed, ChatRequest, Message, Sampling
from headscribe.core.errors import LLMUnavailable
from headscribe.core.progress import Silent
from headscribe.core.settings import DescribeSettings

_QUESTION = (Message("user", "Answer with one word: which city is the capital of France?"),)
_REPLY_TOKENS = 64


def check_llm(text: str | None = None) -> str:
    """See whether an LLM can be used: its key, its package, its server, and by one short question, the model.

    A vLLM server is not started; only its interpreter is looked at. Must not be called inside a running loop.

    Args:
        text: an LLM spec, None for the default.

    Raises:
        LLMUnavailable, MissingExtra: it cannot be used, or does not answer.
    """
    spec = parse_llm(text or default_llm())
    if spec.kind == "rules":
        return "rules: built in, no LLM is asked"
    if spec.kind == "vllm":
        from headscribe.agent.llm.vllm_setup import find_vllm

        python, on_cpu = find_vllm()
        return f"{spec.name}: {python} has vLLM and would run it on {'the CPU' if on_cpu else 'a GPU'}"
    if spec.base_urls:
        return f"{spec.name}: {asyncio.run(_servers(spec))}"
    return f"{spec.name}: {asyncio.run(_ask(spec))}"


async def _ask(spec: LLMSpec) -> str:
    """Ask one short question; what came of it.

    Raises:
        LLMUnavailable: nothing did, also where only this question was refused.
    """
    settings = DescribeSettings(max_reply_tokens=_REPLY_TOKENS)
    async with open_client(spec, settings, Silent()) as client:
        sampling = Sampling(settings.temperature, settings.max_reply_tokens)
        try:
            reply = await client.send(ChatRequest(client.name, _QUESTION, sampling))
        except CallFailed as error:
            do = error.do if isinstance(error, Hopeless) else "Try again later, or choose another LLM"
            raise LLMUnavailable(f"it does not answer: {error.message}", where=spec.name, do=do) from error
    where = f"{spec.base_url} answers" if spec.base_url else "it answers"
    served = f" as {one_line(reply.model)}" if reply.model and reply.model != spec.model else ""
    return f"{where}{served}, after {reply.seconds:.1f} s"


async def _servers(spec: LLMSpec) -> str:
    """Several servers: one that does not answer is named, and fails the check only if none does."""
    found, faults = [], []
    for url in spec.base_urls:
        try:
            found.append(await _ask(replace(spec, base_url=url, base_urls=())))
        except LLMUnavailable as error:
            faults.append(str(error))
    if not found:
        raise LLMUnavailable(f"none of {len(faults)} servers can be asked: {'; '.join(faults)}")
    return "; ".join([*found, *faults])
