"""One prompt template: checked when it is made, rendered from evidence or from what else it is about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import Message, content_hash
from headscribe.core.errors import BadPrompt
from headscribe.core.evidence import Evidence
from headscribe.prompts.parts import PARTS_VARIABLES
from headscribe.prompts.schema import check_schema
from headscribe.prompts.subjects import SUBJECTS, Subject, subject_of
from headscribe.prompts.variables import VARIABLES, JsonText, to_json

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class Template:
    """A released prompt: a name, a version, texts in Jinja2 and the JSON Schema of the reply.

    Attributes:
        name: what it is for, in one word; also its file's name.
        version: counted from 1. A released version never changes: an edit is a new version.
        purpose: one sentence for people; not part of the prompt.
        variables: the variables that the texts use, exactly; all of one subject (``prompts/subjects.py``).
        user: the user message. What is the same for every head comes first, so that servers can reuse it.
        schema: JSON Schema of the reply, its properties in the order in which they should be written.
        system: the system message, empty for none (some chat templates refuse one).
        where: where the template was read, for errors.

    Raises:
        BadPrompt: the texts are not Jinja2, use an unknown or undeclared variable or leave a declared one
            unused, or the schema uses what servers do not understand alike.
    """

    name: str
    version: int
    purpose: str
    variables: tuple[str, ...]
    user: str
    schema: dict[str, Any]
    system: str = ""
    where: str = ""

    def __post_init__(self) -> None:
        used = self._used("system", self.system) | self._used("user", self.user)
        named = set(self.variables) | used
        unknown = sorted(named - {name for known in SUBJECTS.values() for name in known})
        if unknown:
            do = f"A template that describes may use {', '.join(sorted(VARIABLES))}"
            raise BadPrompt(f"unknown variables: {', '.join(unknown)}", where=self._where, do=do)
        if subject_of(named) is None:
            do = "; or ".join(", ".join(sorted(known)) for known in SUBJECTS.values())
            what = f"variables that do not go together: {', '.join(sorted(named))}"
            raise BadPrompt(what, where=self._where, do=f"Use those of one group: {do}")
        if missing := sorted(used - set(self.variables)):
            do = "Add them to variables"
            raise BadPrompt(f"undeclared variables: {', '.join(missing)}", where=self._where, do=do)
        if idle := sorted(set(self.variables) - used):
            do = "Use them in a text, or take them out of variables"
            raise BadPrompt(f"unused variables: {', '.join(idle)}", where=self._where, do=do)
        check_schema(self.schema, self._where)

    @property
    def reference(self) -> str:
        """Name and version, such as ``describe@1``."""
        return f"{self.name}@{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of all that shapes a reply: both texts, the variables and the schema in its order."""
        parts = [self.system, self.user, sorted(self.variables), json.dumps(self.schema)]
        return content_hash(parts)

    @property
    def describes(self) -> bool:
        """Whether it asks about a head's evidence, as a describer does."""
        return subject_of(set(self.variables)) is Evidence

    @property
    def takes_apart(self) -> bool:
        """Whether it asks for a head taken apart, which maps of the view ``parts`` hold alone."""
        return not PARTS_VARIABLES.keys().isdisjoint(self.variables)

    def render(self, subject: Subject) -> tuple[Message, ...]:
        """The messages that ask about one head, or one question. Equal subjects give equal messages.

        Raises:
            BadPrompt: the template is about something else, a text fails on this subject, or prints something
                that is neither JSON nor a number.
        """
        known = SUBJECTS[type(subject)]
        if other := sorted(set(self.variables) - set(known)):
            do = f"Use {', '.join(sorted(known))}"
            raise BadPrompt(f"variables unknown here: {', '.join(other)}", where=self._where, do=do)
        if self.takes_apart and isinstance(subject, Evidence) and subject.constant is None:
            raise BadPrompt(
                "it asks for the parts of a head, and the map has none",
                where=self._where,
                do="Describe with --view parts, or use an earlier version",
            )
        values = {name: known[name](subject) for name in self.variables}
        texts = {"system": self.system, "user": self.user}
        return tuple(Message(role, self._fill(role, text, values)) for role, text in texts.items() if text)

    @property
    def _where(self) -> str:
        return self.where or self.reference

    def _used(self, role: str, text: str) -> set[str]:
        from jinja2 import TemplateError, meta

        try:
            return meta.find_undeclared_variables(environment().parse(text))
        except TemplateError as problem:
            raise BadPrompt(f"the {role} text cannot be read: {problem}", where=self._where) from None

    def _fill(self, role: str, text: str, values: dict[str, Any]) -> str:
        from jinja2 import TemplateError

        try:
            return _compiled(text).render(values).strip()
        except (TemplateError, TypeError, ValueError, ArithmeticError) as problem:
            raise BadPrompt(f"the {role} text cannot be filled in: {problem}", where=self._where) from None


@cache
def _compiled(text: str) -> jinja2.Template:
    return environment().from_string(text)


def environment() -> jinja2.Environment:
    """Jinja2 without access to Python's insides, without silent gaps, and printing nothing but JSON."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, finalize=_only_json
    )
    environment.filters["json"] = to_json
    environment.globals.clear()
    return environment


def _only_json(value: Any) -> Any:
    """Untrusted text reaches a prompt as JSON or not at all."""
    from jinja2 import StrictUndefined

    if isinstance(value, JsonText | int | StrictUndefined):
        return value
    raise ValueError(f"{type(value).__name__} is printed without the json filter")
