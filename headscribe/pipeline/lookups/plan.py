"""``lookups --dry-run``: the stages that would be made, and the calls that they would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from headscribe.core.lookup_scores import Pair
from headscribe.core.settings import Stage
from headscribe.core.usage import CallEstimate
from headscribe.pipeline.lookups.asked_stages import evidence, pair_prompts, read_explanations, shown_prompt
from headscribe.pipeline.lookups.request import LookupsRequest
from headscribe.prompts.contexts import ContextQuestion
from headscribe.store.lookups.lookup_dir import LookupDir

_WORDS = "The head is active when " + "some words stand in front of the last token. " * 3
"""As long as an explanation that is not there yet."""


@dataclass(frozen=True, slots=True)
class LookupsPlan:
    """What look-ups would take.

    Attributes:
        run: the run's folder.
        llm: who would explain and classify.
        done: stages that are there.
        make: stages that would be made.
        layers: layers whose neurons are looked at.
        neurons: neurons of all arms, at most.
        texts: texts read, at most.
        pairs: pairs to explain; None until the stage ``heads`` is there.
        estimate: the calls at most, None until then; answers in the journal are not subtracted.
    """

    run: Path
    llm: str
    done: tuple[Stage, ...]
    make: tuple[Stage, ...]
    layers: tuple[int, ...]
    neurons: int
    texts: int
    pairs: int | None = None
    estimate: CallEstimate | None = None

    def as_json(self) -> dict[str, Any]:
        """The plan as plain JSON data; of an unknown estimate, all numbers are null."""
        said = asdict(self) | {"run": str(self.run)}
        return said | (said.pop("estimate") or dict.fromkeys(CallEstimate.__slots__))


def make_plan(request: LookupsRequest, found: LookupDir, make: Sequence[Stage]) -> LookupsPlan:
    """What these stages would take, from the tables that are there."""
    settings = request.settings
    arms = 2 if settings.baseline == "random" else 1
    plan = LookupsPlan(
        run=request.run,
        llm=request.spec.name,
        done=tuple(stage for stage in request.stages if stage not in make),
        make=tuple(make),
        layers=request.layers,
        neurons=arms * settings.neurons_per_layer * len(request.layers),
        texts=2 * settings.max_texts,
    )
    if not {"neurons", "prompts", "heads"} & set(make) and found.done("heads"):
        return _with_calls(plan, request, found)
    return plan


def _with_calls(plan: LookupsPlan, request: LookupsRequest, found: LookupDir) -> LookupsPlan:
    from headscribe.agent.lookups.asking import classifier, explainer
    from headscribe.prompts import estimate_tokens

    explained, texts = pair_prompts(found, "explain"), dict[tuple[Pair, str], None]()
    if request.spec.kind != "rules":
        known = {row.pair: row.text for row in read_explanations(found) if "explanations" not in plan.make}
        asked = []
        if "explanations" in plan.make:
            asked += [(one.pair, explainer().render(evidence(one))) for one in explained]
        if "scores" in plan.make:
            template = classifier()
            asked += [
                (
                    one.pair,
                    template.render(ContextQuestion(known.get(one.pair) or _WORDS, shown_prompt(shown))),
                )
                for one in pair_prompts(found, "score")
                if len(set(one.active)) > 1
                for shown in one.prompts
            ]
        # equal prompts are asked about once
        texts = dict.fromkeys((pair, messages[-1].content) for pair, messages in asked)
    sent = sum(estimate_tokens(text) for _, text in texts)
    received = len(texts) * request.asking.max_reply_tokens
    estimate = CallEstimate.priced(len(texts), sent, received, request.price)
    return replace(plan, pairs=len(explained), estimate=estimate)
