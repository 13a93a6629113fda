"""The LLM judge: its questions about a run, asked side by side, and what came of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from headscribe.core.chat import CallFailed, ChatRequest, Message
from headscribe.core.descriptions import Status
from headscribe.core.evaluation import Judgment
from headscribe.core.heads import Head
from headscribe.core.settings import AskSettings
from headscribe.pipeline.asking.asked import Asked
from headscribe.pipeline.asking.loop import Asking, ask_all
from headscribe.prompts import Template, load_template
from headscribe.prompts.checklists import Checklist, Option

if TYPE_CHECKING:
    from headscribe.agent.asking import Asker

Kind = Literal["judge", "categorize"]
_FIELDS: dict[Kind, str] = {"judge": "expressed", "categorize": "categories"}


@dataclass(frozen=True, slots=True)
class Task:
    """One question: a head's description and the names that are shown with it, in this order."""

    kind: Kind
    head: Head
    names: tuple[str, ...]
    messages: tuple[Message, ...]


@dataclass(slots=True)
class Verdicts:
    """What the LLM said.

    Attributes:
        verdicts: kind, head and name → yes or no, None where the question brought no answer.
        ended: the same → how the question ended.
        statuses: questions by how they ended.
    """

    verdicts: dict[tuple[Kind, Head, str], bool | None] = field(default_factory=dict)
    ended: dict[tuple[Kind, Head, str], Status] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)

    def take(self, task: Task, status: Status, numbers: frozenset[int] = frozenset()) -> None:
        """Keep what one question brought."""
        self.statuses[status.value] += 1
        for place, name in enumerate(task.names, start=1):
            key = (task.kind, task.head, name)
            self.ended[key] = status
            self.verdicts[key] = place in numbers if status is Status.OK else None


@dataclass(frozen=True, slots=True)
class Judges:
    """The two templates of the LLM judge."""

    judge: Template
    categorize: Template

    @classmethod
    def load(cls, judge: str, categorize: str, folders: Sequence[str]) -> Judges:
        """The templates by name, ``name@version`` or file.

        Raises:
            BadPrompt: there is no such template, or it is not about a description and options.
        """
        found = cls(load_template(judge, folders), load_template(categorize, folders))
        for kind in _FIELDS:
            _check(found.template(kind), kind)
        return found

    def template(self, kind: Kind) -> Template:
        """The template of a kind of question."""
        return self.judge if kind == "judge" else self.categorize


def _check(template: Template, kind: Kind) -> None:
    from headscribe.core.errors import BadPrompt

    if set(template.variables) != {"description", "options"}:
        do = "It must use description and options, as the shipped one does"
        raise BadPrompt(f"{template.reference} is no template for a judge", where=f"--{kind}", do=do)
    if _FIELDS[kind] not in template.schema["properties"]:
        do = f'Its reply schema needs "{_FIELDS[kind]}"'
        raise BadPrompt(f"{template.reference} asks for no {_FIELDS[kind]}", where=f"--{kind}", do=do)


def make_tasks(
    judges: Judges,
    items: Mapping[Head, Sequence[str]],
    described: Mapping[Head, str],
    definitions: Mapping[str, str],
    seed: int,
) -> list[Task]:
    """Every question about a run: what each description expresses, and its categories.

    Args:
        judges: the templates.
        items: the operations that each head is judged on.
        described: the descriptions.
        definitions: a line on every operation.
        seed: of the order in which categories are shown.
    """
    from headscribe.eval.evaluate.categories import description_categories
    from headscribe.eval.evaluate.questions import questions, shuffled

    meanings = {category.name: category.definition for category in description_categories()}

    def task(kind: Kind, head: Head, names: tuple[str, ...], known: Mapping[str, str]) -> Task:
        options = tuple(Option(name, known[name]) for name in names)
        messages = judges.template(kind).render(Checklist(described[head], options))
        return Task(kind, head, names, messages)

    def all_tasks() -> Iterator[Task]:
        for question in questions(items, described):
            yield task("judge", question.head, question.names, definitions)
        for head in sorted(described):
            names = shuffled(tuple(meanings), described[head], seed)
            yield task("categorize", head, names, meanings)

    return list(all_tasks())


def ask_judge(asking: Asking, judges: Judges, tasks: Sequence[Task]) -> tuple[Verdicts, Asked]:
    """Put every question to the LLM; the journal answers those that it holds."""
    found = Verdicts()

    async def answer(asker: Asker, task: Task) -> None:
        from headscribe.agent.checklist import read_choice

        try:
            reply = await asker.ask(task.messages, schema=judges.template(task.kind).schema)
        except CallFailed:
            found.take(task, Status.FAILED)
            return
        chosen = read_choice(reply, _FIELDS[task.kind], len(task.names))
        found.take(task, chosen.status, chosen.numbers)

    asked = ask_all(asking, tasks, answer, stage="judging", name=lambda task: task.head.name)
    return found, asked


def requests(llm: str, settings: AskSettings, judges: Judges, tasks: Sequence[Task]) -> list[ChatRequest]:
    """The requests that asking would make, for plans."""
    from headscribe.agent.caller import build_request

    return [build_request(llm, settings, task.messages, judges.template(task.kind).schema) for task in tasks]


def with_verdicts(
    judgments: Sequence[Judgment], items: Mapping[Head, Sequence[str]], found: Verdicts
) -> list[Judgment]:
    """The judgments with the LLM's verdicts; an unclear head expresses nothing, and nobody was asked."""
    from dataclasses import replace

    chosen = {(head, name) for head, names in items.items() for name in names}
    rows = []
    for row in judgments:
        key: tuple[Kind, Head, str] = ("judge", row.head, row.operation)
        if (row.head, row.operation) not in chosen:
            rows.append(row)
        elif key in found.ended:
            rows.append(replace(row, llm=found.verdicts[key], llm_status=found.ended[key].value))
        else:
            rows.append(replace(row, llm=False, llm_status=Status.UNCLEAR.value))
    return rows
