"""Context look-ups: which heads feed next-token neurons in which contexts, explained and scored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from headscribe.core.errors import BadStore
from headscribe.core.settings import MapSettings, Stage
from headscribe.pipeline.lookups.asked_stages import AskedStages
from headscribe.pipeline.lookups.model_stages import Made, ModelStages
from headscribe.pipeline.lookups.options import LookupOptions
from headscribe.pipeline.lookups.plan import LookupsPlan, make_plan
from headscribe.pipeline.lookups.request import LookupsRequest, read_request
from headscribe.pipeline.lookups.results import LookupsSummary, sum_up
from headscribe.pipeline.lookups.stages import stage_inputs, stages_to_make
from headscribe.pipeline.map.model import model_header
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.headers import now
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookups_header import AFTER, LookupsHeader, StageDone
from headscribe.store.tool import this_tool


def find_lookups(
    model: str, run: Path, write_report: Callable[[Path], Path], **options: Unpack[LookupOptions]
) -> LookupsSummary:
    """``look_up``, which explains the arguments, with the way in which the run's report is written.

    Raises:
        HeadscribeError: as ``look_up``.
    """
    request = read_request(model, run, **options)
    with RunWriter(request.run) as writer:
        found = LookupDir(request.run)
        asked = AskedStages(request, found, writer.journal)
        return _Session(request, found, asked, ModelStages(request, found), write_report).run()


def plan_lookups(model: str, run: Path | str, **options: Unpack[LookupOptions]) -> LookupsPlan:
    """What ``look_up`` with the same arguments would make and ask. Nothing is written, nobody is asked."""
    request = read_request(model, Path(run), **options)
    found = LookupDir(request.run)
    return make_plan(request, found, stages_to_make(request, found))


@dataclass(slots=True)
class _Session:
    """One call of ``look_up``."""

    request: LookupsRequest
    found: LookupDir
    asked: AskedStages
    model: ModelStages
    write_report: Callable[[Path], Path]

    def run(self) -> LookupsSummary:
        request, started = self.request, time.perf_counter()
        asked = self.asked.asked
        summary = LookupsSummary(
            request.run, request.checkpoint.name, request.spec.name, request.resume, asked
        )
        make = stages_to_make(request, self.found)
        self._write_header("running", {s: done for s, done in self._done().items() if s not in _stale(make)})
        try:
            for stage in make:
                if not self._make(stage):
                    break
                summary.made.append(stage)
        except KeyboardInterrupt:
            asked.interrupted = True
        except BaseException:
            self._write_header("stopped", self._done())
            raise
        state = "interrupted" if asked.interrupted else "stopped" if asked.fault else "finished"
        self._write_header(state, self._done())
        self._finish(summary)
        summary.seconds = time.perf_counter() - started
        return summary

    def _make(self, stage: Stage) -> bool:
        """Make one stage; whether it came to its end."""
        request, started = self.request, time.perf_counter()
        stages: dict[Stage, Callable[[], Made | None]] = {
            "neurons": self.model.neurons,
            "prompts": self.model.prompts,
            "heads": self.model.heads,
            "ablation": self.model.ablation,
            "explanations": self.asked.explanations,
            "scores": self.asked.scores,
        }
        made = stages[stage]()
        if made is None:
            return False
        left_out: Counter[str] = Counter()
        for one in made.left_out:
            left_out[one.reason] += one.count
        before = AFTER[stage]
        after = self.found.done(before) if before else None
        done = StageDone(
            inputs=stage_inputs(request, stage),
            after=after.identity if after else "",
            counts=made.counts,
            left_out=dict(left_out),
            seconds=time.perf_counter() - started,
            finished_at=now(),
            unanswered=made.unanswered,
        )
        self._write_header("running", {**self._done(), stage: done})
        return True

    def _done(self) -> dict[Stage, StageDone]:
        return dict(self.found.header.stages) if self.found.header else {}

    def _write_header(self, state: Any, stages: dict[Stage, StageDone]) -> None:
        from headscribe.mapping.devices import choose_arithmetic

        request, there = self.request, self.found.header
        settings = request.settings
        arithmetic = choose_arithmetic(MapSettings(dtype=settings.dtype, device=settings.device))
        explained = stages.get("explanations")
        beside = str(request.describe_run.resolve()) if request.describe_run else ""
        self.found.write_header(
            LookupsHeader(
                tool=this_tool(),
                command=request.command,
                model=model_header(request.checkpoint),
                settings=settings,
                texts=request.texts_name,
                device=str(arithmetic.device),
                dtype=str(arithmetic.dtype).removeprefix("torch."),
                llm=explained.inputs["llm"] if explained else request.spec.name,
                describe_run=beside or (there.describe_run if there else ""),
                stages=stages,
                state=state,
                started_at=there.started_at if there else now(),
                finished_at=None if state == "running" else now(),
            )
        )

    def _finish(self, summary: LookupsSummary) -> None:
        """What is written from the tables, and what they say."""
        from headscribe.pipeline.lookups.join import explained_contexts, write_joined
        from headscribe.pipeline.lookups.page import write_page
        from headscribe.store.describe.descriptions import DESCRIPTIONS

        done = self._done()
        summary.stages = {s: _said(done[s]) for s in done}
        summary.unanswered = sum(one.unanswered for one in done.values())
        summary.found = sum_up(self.found)
        if done:
            write_joined(self.found)
            summary.contexts = explained_contexts(self.found)
            summary.page = write_page(self.found, summary.found)
        if DESCRIPTIONS.path(self.request.run).is_file():
            try:
                summary.report = self.write_report(self.request.run)
            except BadStore as problem:
                self.request.progress.say(f"The run's report was not written again: {problem}")


def _stale(make: list[Stage]) -> set[Stage]:
    """The stages to be made, and all that start from them."""
    stale = set(make)
    for stage, before in AFTER.items():
        if before in stale:
            stale.add(stage)
    return stale


def _said(done: StageDone) -> dict[str, Any]:
    return {"counts": done.counts, "left_out": done.left_out, "seconds": done.seconds}
