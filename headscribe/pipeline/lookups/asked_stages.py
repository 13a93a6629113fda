"""The stages of context look-ups that an LLM answers, or the built-in rules: explanations and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from headscribe.core.descriptions import Outcome, Status
from headscribe.core.lookup_scores import Explanation, Pair, PairScore, ShownPrompt, Verdict
from headscribe.core.lookups import Arm, LeftOut, Neuron, Split
from headscribe.core.records import Token
from headscribe.pipeline.asking.asked import Asked
from headscribe.pipeline.asking.loop import Asking, ask_all
from headscribe.pipeline.asking.metering import start_meter
from headscribe.pipeline.lookups.model_stages import Made, read_neurons, read_pairs, read_prompts
from headscribe.pipeline.lookups.request import LookupsRequest
from headscribe.prompts.contexts import ContextEvidence, ContextPrompt, ContextQuestion
from headscribe.store.describe.journal import Journal
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookup_tables import EXPLANATIONS, PROMPT_HEADS, SCORES, VERDICTS

if TYPE_CHECKING:
    from headscribe.agent.asking import Asker

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PairPrompts:
    """The prompts of a pair's neuron in one split, and on which of them the head is active.

    Attributes:
        pair: neuron and head.
        arm: the neuron's.
        token: the neuron's.
        prompts: the strongest first.
        active: for each, whether the head is active.
    """

    pair: Pair
    arm: Arm
    token: Token
    prompts: tuple[ShownPrompt, ...]
    active: tuple[bool, ...]

    def side(self, active: bool) -> list[ShownPrompt]:
        """The prompts on which the head is active, or the others."""
        return [shown for shown, on in zip(self.prompts, self.active, strict=True) if on is active]


class AskedStages:
    """One call's stages that an LLM answers.

    Attributes:
        asked: what came of asking, in all stages together.
    """

    def __init__(self, request: LookupsRequest, found: LookupDir, journal: Journal) -> None:
        self._request, self._found, self._journal = request, found, journal
        self.asked = Asked(request.price)

    def explanations(self) -> Made | None:
        """``explanations.parquet``: when each pair's head is active; None where asking ended early."""
        pairs = pair_prompts(self._found, "explain")
        found: dict[Pair, Explanation] = {}
        if self._request.spec.kind == "rules":
            found = {one.pair: _explain_by_rules(one) for one in pairs}
        else:
            from headscribe.agent.lookups.asking import explain, explainer

            template = explainer()

            async def answer(asker: Asker, one: PairPrompts) -> None:
                meter = start_meter()
                outcome = await explain(asker, template, evidence(one))
                explanation = _explanation(one, outcome, self._request.spec.name, template.reference)
                found[one.pair] = replace(explanation, **asdict(meter))

            if not self._ask(pairs, answer, "explanations", lambda one: one.pair.name):
                return None
        rows = [found[one.pair] for one in pairs]
        self._found.write(EXPLANATIONS, rows)
        counts = Counter(row.status.value for row in rows)
        return Made(dict(counts), unanswered=counts[Status.FAILED.value])

    def scores(self) -> Made | None:
        """``verdicts.parquet`` and ``scores.parquet``: how well explanations tell unseen prompts apart."""
        from headscribe.lookups.scoring import score_pair

        explained = {row.pair: row for row in read_explanations(self._found)}
        pairs = pair_prompts(self._found, "score")
        askable = [
            one for one in pairs if explained[one.pair].status is Status.OK and len(set(one.active)) > 1
        ]
        verdicts = self._verdicts(askable, explained)
        if verdicts is None:
            return None
        scores: list[PairScore] = []
        for one in pairs:
            score = score_pair(one.pair, one.arm, verdicts.get(one.pair, []))
            if (status := explained[one.pair].status) is not Status.OK:
                score = PairScore(one.pair, one.arm, left_out=f"explanation {status.value}")
            scores.append(score)
        every = [verdict for own in verdicts.values() for verdict in own]
        self._found.write(VERDICTS, every)
        self._found.write(SCORES, scores)
        counts = Counter(verdict.status.value for verdict in every)
        left_out = [LeftOut(score.left_out, neuron=score.pair.neuron) for score in scores if score.left_out]
        return Made(
            {"scored": sum(score.score is not None for score in scores), "questions": len(every), **counts},
            left_out,
            counts[Status.FAILED.value],
        )

    def _verdicts(
        self, pairs: Sequence[PairPrompts], explained: Mapping[Pair, Explanation]
    ) -> dict[Pair, list[Verdict]] | None:
        """The reader's answer for every prompt of every pair, by rank; None where asking ended early."""
        items = [
            _Item(one.pair, shown, on)
            for one in pairs
            for shown, on in zip(one.prompts, one.active, strict=True)
        ]
        found: dict[tuple[Pair, int], Verdict] = {}
        if self._request.spec.kind == "rules":
            from headscribe.agent.lookups.rules import classify_by_rules

            for item in items:
                said = classify_by_rules(explained[item.pair].text or "", item.shown.tokens)
                found[item.key] = item.verdict(said, Status.OK)
        else:
            from headscribe.agent.lookups.asking import classifier, classify

            template = classifier()

            async def answer(asker: Asker, item: _Item) -> None:
                text = explained[item.pair].text or ""
                said = await classify(asker, template, ContextQuestion(text, shown_prompt(item.shown)))
                found[item.key] = item.verdict(said.active, said.status, said.reason)

            if not self._ask(items, answer, "scores", lambda item: item.pair.name):
                return None
        verdicts: dict[Pair, list[Verdict]] = {}
        for item in items:
            verdicts.setdefault(item.pair, []).append(found[item.key])
        return verdicts

    def _ask(
        self,
        items: Sequence[T],
        answer: Callable[[Asker, T], Awaitable[None]],
        stage: str,
        name: Callable[[T], str],
    ) -> bool:
        """Ask about every item; whether it came to its end."""
        request = self._request
        asking = Asking(request.spec, request.asking, request.price, self._journal, request.progress)
        asked = ask_all(asking, items, answer, stage=stage, name=name)
        self.asked.include(asked)
        return not asked.ended_early


@dataclass(frozen=True, slots=True)
class _Item:
    pair: Pair
    shown: ShownPrompt
    active: bool

    @property
    def key(self) -> tuple[Pair, int]:
        return self.pair, self.shown.rank

    def verdict(self, said: bool | None, status: Status, reason: str = "") -> Verdict:
        rank, ids = self.shown.rank, self.shown.prompt.ids
        return Verdict(self.pair, rank, self.active, ids, said, status, reason)


def pair_prompts(found: LookupDir, split: Split) -> list[PairPrompts]:
    """Every pair that is to be explained, with its neuron's prompts of a split."""
    neurons = {one.neuron: one for one in read_neurons(found)}
    prompts: dict[Neuron, list[ShownPrompt]] = {}
    for shown in read_prompts(found):
        if shown.split == split:
            prompts.setdefault(shown.prompt.neuron, []).append(shown)
    active = {row.key: row.active for row in found.read(PROMPT_HEADS)}
    pairs = []
    for row in read_pairs(found):
        own, neuron = prompts.get(row.neuron, []), neurons[row.neuron]
        on = tuple(row.head in active[shown.key] for shown in own)
        pairs.append(PairPrompts(Pair(row.neuron, row.head), neuron.arm, neuron.token, tuple(own), on))
    return pairs


def read_explanations(found: LookupDir) -> list[Explanation]:
    """The rows of ``explanations.parquet``."""
    return list(found.read(EXPLANATIONS))


def read_scores(found: LookupDir) -> list[PairScore]:
    """The rows of ``scores.parquet``."""
    return list(found.read(SCORES))


def shown_prompt(shown: ShownPrompt) -> ContextPrompt:
    """The prompt as a template shows it."""
    return ContextPrompt(shown.before, shown.last)


def evidence(one: PairPrompts) -> ContextEvidence:
    """What an explainer sees of a pair."""
    return ContextEvidence(
        one.token, *(tuple(map(shown_prompt, one.side(active))) for active in (True, False))
    )


def _explanation(one: PairPrompts, outcome: Outcome, llm: str, prompt: str | None) -> Explanation:
    n_active = sum(one.active)
    return Explanation(
        one.pair,
        outcome.status,
        outcome.description,
        outcome.error,
        llm,
        prompt,
        n_active=n_active,
        n_inactive=len(one.active) - n_active,
    )


def _explain_by_rules(one: PairPrompts) -> Explanation:
    from headscribe.agent.lookups.rules import explain_by_rules

    sides = ([shown.tokens for shown in one.side(active)] for active in (True, False))
    text = explain_by_rules(*sides)
    outcome = Outcome(Status.OK, description=text) if text else Outcome(Status.UNCLEAR)
    return _explanation(one, outcome, "rules", None)
