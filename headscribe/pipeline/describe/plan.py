"""``--dry-run``: how many calls and tokens describing would take, without paying for anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from headscribe.core.descriptions import Status
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.core.usage import CallEstimate
from headscribe.pipeline.asking.interrupts import run_async
from headscribe.pipeline.describe.costs import REHEARSED, plan_methods
from headscribe.pipeline.describe.identity import work_identity
from headscribe.pipeline.describe.options import DescribeOptions
from headscribe.pipeline.describe.request import DescribeRequest, read_request
from headscribe.pipeline.describe.summary import Plan
from headscribe.pipeline.describe.work import is_done, iter_evidence
from headscribe.pipeline.map.job import check_map, unmapped_heads, usable_map
from headscribe.store.describe.journal import existing_journal
from headscribe.store.describe.run_dir import JOURNAL, MAP

if TYPE_CHECKING:
    from headscribe.agent.describers import Describer
    from headscribe.store.map.map_dir import MapDir

SAMPLE = 8
"""Heads mapped for an estimate where there is no map yet."""


def plan_run(model: str, run: Path | str, **options: Unpack[DescribeOptions]) -> Plan:
    """What ``describe_model`` with the same arguments would take. Nothing is written, nobody is asked.

    Without a map, a few heads are mapped in memory and the estimate is extended to the others.

    Args:
        model: as for ``describe_model``.
        run: as for ``describe_model``.
        options: as for ``describe_model``.

    Raises:
        HeadscribeError: as ``describe_model``, but for what only the LLM itself can tell.
    """
    request = read_request(model, Path(run), **options)
    return run_async(_plan(request))


async def _plan(request: DescribeRequest) -> Plan:
    from headscribe.agent.describers import open_describer
    from headscribe.agent.rehearsal import NoJournal

    map_dir = _map(request)
    lacking = frozenset(unmapped_heads(request.map_job, map_dir))
    needed, shape = request.comparison_heads.needed, request.job.checkpoint.facts
    unmapped = [head for head in request.job.heads if lacking & frozenset(needed([head], shape))]
    mapped = frozenset(request.job.heads) - frozenset(unmapped)
    async with open_describer(
        request.spec,
        request.settings,
        NoJournal(),
        request.progress,
        operations=request.job.operations,
        connect=False,
    ) as describer:
        statuses, lengths = _known(request)
        in_map = _Look(describer, statuses, request.retry)
        if map_dir and mapped:
            in_map.at(iter_evidence(map_dir, mapped, comparison_heads=request.comparison_heads))
        guessed = _Look(describer, {}, request.retry)
        if unmapped:
            guessed.at(_sample(request, unmapped))
    scale = len(unmapped) / guessed.left if guessed.left else 0.0
    calls = in_map.calls + round(guessed.calls * scale)
    prompt_tokens = in_map.prompt_tokens + round(guessed.prompt_tokens * scale)
    once = CallEstimate(calls, prompt_tokens, calls * request.settings.max_reply_tokens)
    methods = await plan_methods(request, [*in_map.first, *guessed.first][:REHEARSED], once, lengths)
    chosen = (method.estimate for method in methods if method.method == request.settings.method)
    return Plan(
        run=request.run,
        llm=request.spec.name,
        heads=len(request.job.heads),
        done=in_map.done,
        to_ask=in_map.left + len(unmapped),
        sampled=in_map.left + guessed.left,
        estimate=next(chosen, once),
        price_as_of=request.price.as_of if request.price else "",
        methods=methods,
    )


def _map(request: DescribeRequest) -> MapDir | None:
    if request.map_path:
        return check_map(request.map_job, request.map_path)
    return usable_map(request.job, request.run / MAP, force=request.force)


def _sample(request: DescribeRequest, heads: Sequence[Head]) -> Iterable[tuple[Head, Evidence]]:
    from headscribe.mapping.head_maps import map_heads

    comparison, shape = request.comparison_heads, request.job.checkpoint.facts
    step = max(1, len(heads) // SAMPLE)
    chosen = heads[::step][:SAMPLE]
    # False rows are as long whichever heads they come from, so these few stand for all.
    needed = replace(comparison, tested=0).needed(chosen, shape)
    found = map_heads(request.job.checkpoint, request.job.settings, needed, request.progress)
    sampled = list(replace(comparison, tested=0).evidence(found, chosen, shape))
    if not comparison.tested:
        return sampled
    rows = cycle([evidence.mappings for _, evidence in sampled])
    return [
        (head, replace(evidence, others=tuple(tuple(next(rows)) for _ in comparison.pool(head, shape))))
        for head, evidence in sampled
    ]


@dataclass
class _Look:
    """Counts heads that are done and heads that are left, and the first calls and tokens of the latter."""

    describer: Describer
    statuses: Mapping[tuple[Head, str], str]
    retry: frozenset[Status]
    done: int = 0
    left: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    first: list[Evidence] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def at(self, heads: Iterable[tuple[Head, Evidence]]) -> None:
        """Count these heads; those with equal evidence share their calls."""
        from headscribe.prompts import estimate_tokens

        for head, evidence in heads:
            work = work_identity(self.describer, evidence)
            if is_done(self.statuses.get((head, work)), self.retry):
                self.done += 1
                continue
            self.left += 1
            if work in self._seen:
                continue
            self._seen.add(work)
            requests = self.describer.requests(evidence)
            if requests and len(self.first) < REHEARSED:
                self.first.append(evidence)
            self.calls += len(requests)
            texts = (text for request in requests for text in request.texts())
            self.prompt_tokens += sum(map(estimate_tokens, texts))


def _known(request: DescribeRequest) -> tuple[dict[tuple[Head, str], str], ReplyLengths]:
    """The outcomes that the run holds, and how long the LLM's replies were."""
    with existing_journal(request.run / JOURNAL) as journal:
        if journal is None:
            return {}, ReplyLengths()
        return journal.statuses(), journal.reply_lengths(request.spec.name)
