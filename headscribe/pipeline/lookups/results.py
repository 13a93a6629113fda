"""What look-ups come to: the tables read back, summed up by arm, and the summary of a session."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from headscribe.core.lookup_scores import ArmDifference, ArmScores
from headscribe.core.lookups import ARMS, REMOVED, AblationEffect
from headscribe.core.settings import Stage
from headscribe.pipeline.asking.asked import Asked, AskingSummary
from headscribe.pipeline.lookups.asked_stages import read_scores
from headscribe.pipeline.lookups.model_stages import read_neurons
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookup_tables import ABLATION


@dataclass(frozen=True, slots=True)
class LookupsFound:
    """What the tables of a run say as a whole.

    Attributes:
        arms: head explanation scores of each arm that is there.
        difference: next-token less random neurons, None where one has no score.
        ablation: by what was removed, for the pairs of next-token neurons.
        neurons: neurons of each arm.
        left_out: what took no further part: reason and how many, by stage.
    """

    arms: tuple[ArmScores, ...] = ()
    difference: ArmDifference | None = None
    ablation: tuple[AblationEffect, ...] = ()
    neurons: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)


def sum_up(found: LookupDir) -> LookupsFound:
    """Sum up the stages that are done.

    Raises:
        BadStore: a table is missing or damaged.
    """
    from headscribe.lookups.ablation import effect
    from headscribe.lookups.scoring import arm_difference, arm_scores

    if found.header is None:
        return LookupsFound()
    seed, scores = found.header.settings.seed, read_scores(found)
    neurons = read_neurons(found)
    arms = [arm for arm in ARMS if any(one.arm == arm for one in neurons)]
    own = {one.neuron for one in neurons if one.arm == "next-token"}
    ablated = [row for row in found.read(ABLATION) if row.neuron in own]
    return LookupsFound(
        arms=tuple(arm_scores(arm, scores, seed) for arm in arms) if found.done("scores") else (),
        difference=arm_difference(scores, seed),
        ablation=tuple(effect(ablated, removed, seed=seed) for removed in REMOVED) if ablated else (),
        neurons=dict(Counter(one.arm for one in neurons)),
        left_out={stage: done.left_out for stage, done in found.header.stages.items() if done.left_out},
    )


@dataclass(slots=True)
class LookupsSummary(AskingSummary):
    """How a session of look-ups ended.

    Attributes:
        run: the run's folder.
        model: the studied model.
        llm: who explains and classifies.
        stages: each stage that is done, with its counts and seconds.
        made: the stages made in this session.
        found: what the tables say.
        contexts: explained pairs of next-token neurons: head, neuron, token, share, explanation and score,
            the best scored first.
        asked: calls, cost, and why it ended early.
        unanswered: questions that failed; the same command asks them again.
        seconds: time of this session.
        resume: the command that goes on.
        page: the page of the look-ups.
        report: the run's report, None where it has no descriptions.
    """

    run: Path
    model: str
    llm: str
    resume: str
    asked: Asked
    stages: dict[Stage, dict[str, Any]] = field(default_factory=dict)
    made: list[Stage] = field(default_factory=list)
    found: LookupsFound = field(default_factory=LookupsFound)
    contexts: list[dict[str, Any]] = field(default_factory=list)
    unanswered: int = 0
    seconds: float = 0.0
    page: Path | None = None
    report: Path | None = None

    @property
    def exit_code(self) -> int:
        """0 done, 1 with failures, 130 interrupted."""
        return 130 if self.interrupted else 1 if self.stopped or self.unanswered else 0

    def as_json(self) -> dict[str, Any]:
        """The summary as plain JSON data."""
        own = [one.name for one in fields(self) if one.name not in {"asked", "found"}]
        said: dict[str, Any] = {name: getattr(self, name) for name in own}
        paths = {name: None if said[name] is None else str(said[name]) for name in ("run", "page", "report")}
        return said | paths | self.asked_json() | asdict(self.found)
