"""What is asked of an evaluation, read and checked before anything is asked or written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.evaluation import Judgment
from headscribe.core.heads import Head
from headscribe.core.settings import AskSettings, EvaluateSettings
from headscribe.pipeline.asking.budget import known_price
from headscribe.pipeline.evaluate.judging import Judges, Task, make_tasks
from headscribe.pipeline.evaluate.measuring import Material, read_material
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_header import LLMJudge

if TYPE_CHECKING:
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.core.prices import Price


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """What an LLM is to judge.

    Attributes:
        spec: who is asked.
        settings: how.
        price: of its tokens, None where it is not known.
        judges: the templates.
        items: the operations that each head is judged on.
        tasks: the questions.
    """

    spec: LLMSpec
    settings: AskSettings
    price: Price | None
    judges: Judges
    items: dict[Head, tuple[str, ...]]
    tasks: list[Task]


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """One evaluation, resolved.

    Attributes:
        run: the run.
        settings: threshold, draws and templates.
        material: descriptions, scores and lexicons.
        judgments: by the rules.
        expressed: what each description expresses, by the rules.
        llm: what an LLM is to judge, None for the rules alone.
    """

    run: RunDir
    settings: EvaluateSettings
    material: Material
    judgments: list[Judgment]
    expressed: dict[Head, dict[str, str]]
    llm: JudgeRequest | None

    def notes(self, rows: Sequence[Judgment], judge: LLMJudge | None) -> Iterator[str]:
        """What a reader of the numbers has to know.

        Args:
            rows: the judgments in the end.
            judge: the LLM that judged, None where none did.
        """
        header, material = self.run.header, self.material
        if header.state != "finished":
            yield f"The run is not complete ({header.state}): only the heads described so far count."
        if header.method == "rules":
            yield (
                "The built-in rules described: they put operations into fixed words that the rules judge "
                "knows, and their confidence is a share of mappings explained, not a test. Their sentence on "
                "the operation scores is not judged: it would agree with itself."
            )
        for name in dict.fromkeys((header.llm, judge.llm if judge else "")):
            if name.split(":")[0] == "fake":
                yield f"{name} is the built-in fake: its words say nothing of the model."
        if judge and judge.llm == header.llm:
            yield "The LLM that judged is the one that described; it may share the describer's mistakes."
        if judge and not judge.items:
            yield "No head scores on an operation, so the LLM had no operation to judge."
        from_names = [used.operation for used in material.origins if used.origin == "name"]
        if from_names:
            listed = ", ".join(from_names[:10]) + (" …" if len(from_names) > 10 else "")
            yield f"Judged by the words of their names alone, for want of a lexicon: {listed}."
        answered = sum(material.counts[status] for status in ("ok", "unclear"))
        if missing := answered - len({row.head for row in rows}):
            yield f"{missing} heads with an answer have no operation scores and are left out."


def read_request(
    run: Path | str,
    *,
    llm: str | None,
    settings: EvaluateSettings,
    asking: AskSettings,
    operations: Sequence[Path],
) -> EvaluationRequest:
    """Resolve the arguments of ``evaluate_run``, which explains them, and judge by the rules.

    Raises:
        HeadscribeError: one of them cannot be used; nothing was asked or written.
    """
    from headscribe.agent.llm.spec import parse_llm
    from headscribe.eval.evaluate.judging import judge_by_rules
    from headscribe.eval.evaluate.questions import choose_items

    opened = RunDir.open(run)
    spec = parse_llm(llm) if llm else None
    spec = None if spec and spec.kind == "rules" else spec
    price = known_price(spec, asking) if spec else None
    judges = Judges.load(settings.judge, settings.categorize, asking.prompt_folders) if spec else None
    material = read_material(opened, operations)
    judgments, expressed = judge_by_rules(
        material.judged, material.scores, material.wordings, settings.threshold
    )
    request = None
    if spec and judges:
        items = choose_items(judgments, settings.seed)
        tasks = make_tasks(judges, items, material.described, material.definitions, settings.seed)
        request = JudgeRequest(spec, asking, price, judges, items, tasks)
    return EvaluationRequest(opened, settings, material, judgments, expressed, request)
