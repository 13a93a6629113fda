"""What each method would take, and how many heads are worked on at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from headscribe.core.evidence import Evidence
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.core.settings import TESTING, DescribeSettings
from headscribe.core.usage import CallEstimate
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.pipeline.describe.summary import MethodPlan

REHEARSED = 4
"""Heads that a method's calls are counted on."""

_NO_INTERVAL = 1e-9
"""So narrow that all items are asked: the most that a test can take."""


async def plan_methods(
    request: DescribeRequest, heads: Sequence[Evidence], single: CallEstimate, lengths: ReplyLengths
) -> tuple[MethodPlan, ...]:
    """What each method would take for the heads that are left, without asking anybody.

    Args:
        request: what is asked of the run.
        heads: evidence of a few heads that are left; none where no call is needed.
        single: the calls of one prompt per head, already counted over all heads.
        lengths: of the LLM's replies so far.
    """
    from headscribe.agent.rehearsal import rehearse

    if request.spec.kind == "rules" or not heads:
        return ()
    # A run that tests nothing has not read other heads; these stand in for them.
    others = [tuple(other.mappings for other in heads if other is not one) for one in heads]
    heads = [replace(one, others=one.others or rows) for one, rows in zip(heads, others, strict=True)]
    plans = []
    for method in get_args(DescribeSettings.model_fields["method"].annotation):
        taken = (single.calls, single.prompt_tokens, single.max_reply_tokens)
        settings = request.settings.model_copy(update={"method": method, "interval": _NO_INTERVAL})
        seen = await rehearse(request.spec, settings, heads, lengths)
        scale = single.calls / len(heads)
        if method != "single":
            taken = (
                round(seen.calls * scale),
                round(seen.prompt_tokens * scale),
                round(seen.max_reply_tokens * scale),
            )
        likely = None if seen.likely_reply_tokens is None else round(seen.likely_reply_tokens * scale)
        plans.append(MethodPlan(method, CallEstimate.priced(*taken, request.price, likely)))
    return tuple(plans)


def heads_at_once(settings: DescribeSettings) -> int:
    """How many heads are worked on side by side.

    A quarter more than calls may be in flight, so that the next prompt is ready when an answer comes; fewer
    where a budget may run out and a head takes many calls, several of them at once: what is spent shall make
    descriptions, not beginnings.
    """
    limited = settings.max_cost is not None or settings.max_tokens is not None
    if limited and settings.method in TESTING:
        return max(1, settings.concurrency // 4)
    return settings.concurrency + settings.concurrency // 4
