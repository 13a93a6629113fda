"""``headscribe prompts check``: everything that is wrong with a template's file, not only the first thing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from headscribe.core.errors import BadPrompt
from headscribe.core.evidence import Evidence
from headscribe.prompts.estimate import estimate_tokens
from headscribe.prompts.examples import example_for
from headscribe.prompts.loading import check_fields, parse_template
from headscribe.prompts.parts import ATTRIBUTES, PARTS_VARIABLES
from headscribe.prompts.schema import check_schema
from headscribe.prompts.subjects import SUBJECTS, subject_of
from headscribe.prompts.template import Template, environment
from headscribe.prompts.variables import ROW

LEAKS = frozenset(
    {
        "operation", "operations", "operation_scores", "score", "scores", "suppression_score", "hits",
        "n_pairs", "category", "categories", "label", "labels", "confidence", "head", "layer", "head_name",
    }
)  # fmt: skip
"""Names of what evaluation knows of a head, and of what would tell a describer which head it is."""

ANSWERS = ("pattern", "description")
"""A reply is read for these; it must have one of them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a template's file comes to.

    Attributes:
        problems: what is wrong, one line each; none where the template can be used.
        template: the template, None where it cannot be used.
        tokens: estimate of a prompt about the invented example.
        same_tokens: of these, how many stand at the beginning of every prompt, where a server can reuse them.
    """

    problems: tuple[str, ...]
    template: Template | None = None
    tokens: int = 0
    same_tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        """The same as plain data, with the template's reference in its place."""
        return {
            "template": self.template.reference if self.template else None,
            "problems": self.problems,
            "tokens": self.tokens,
            "same_tokens": self.same_tokens,
        }


def check_text(text: str, where: str, labels: Collection[str] = ()) -> Checked:
    """Check the text of a template's file.

    Args:
        text: the whole file.
        where: the file, for the lines.
        labels: names that evaluation compares descriptions with, such as ``country_to_capital``; a template
            that holds one tells the describer what to find.
    """
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        return Checked((f"not TOML: {problem}",))
    try:
        check_fields(fields, where)
    except BadPrompt as problem:
        return Checked((problem.what,))
    problems = [*_text_problems(fields), *_label_problems(fields, labels), *_schema_problems(fields, where)]
    template = None
    try:
        template = parse_template(text, where)
    except BadPrompt as problem:
        # What the lines above do not say yet.
        if not problems:
            problems.append(problem.what)
    tokens = same = 0
    if template:
        try:
            tokens, same = prompt_sizes(template)
        except BadPrompt as problem:
            if not problems:
                problems.append(problem.what)
    return Checked(tuple(dict.fromkeys(problems)), None if problems else template, tokens, same)


def prompt_sizes(template: Template) -> tuple[int, int]:
    """Estimated tokens of an example prompt, and how many at its beginning are the same in every prompt.

    Raises:
        BadPrompt: the template cannot be filled in.
    """
    first, second = (
        "\n".join(message.content for message in template.render(subject))
        for subject in example_for(set(template.variables))
    )
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    return estimate_tokens(first), estimate_tokens(first[:same])


def _text_problems(fields: dict[str, Any]) -> Iterator[str]:
    """Variables and parts of rows that the texts use."""
    from jinja2 import TemplateSyntaxError, meta, nodes

    used: set[str] = set()
    parts: set[str] = set()
    for role in ("system", "user"):
        try:
            tree = environment().parse(fields.get(role, ""))
        except TemplateSyntaxError as problem:
            yield f"the {role} text cannot be read: line {problem.lineno}: {problem.message}"
            return
        used |= meta.find_undeclared_variables(tree)
        looked_up = [node for node in tree.find_all(nodes.Getattr) if not _is_loop(node)]
        parts |= {node.attr for node in looked_up}
    declared = set(fields["variables"])
    known = {name for variables in SUBJECTS.values() for name in variables}
    for name in sorted((declared | used) - known):
        yield _leak(name) if name in LEAKS else f"unknown variable '{name}'"
    for name in sorted(used - declared):
        yield f"variable '{name}' is used but not in variables"
    for name in sorted(declared - used):
        yield f"variable '{name}' is in variables but not used"
    if subject_of((declared | used) & known) is Evidence:
        allowed = ROW if PARTS_VARIABLES.keys().isdisjoint(declared | used) else (*ROW, *ATTRIBUTES)
        for name in sorted(parts - set(allowed)):
            allowed_names = ", ".join(dict.fromkeys(allowed))
            yield _leak(name) if name in LEAKS else f"a row has no '{name}', it has {allowed_names}"
        if not (declared | used) & {"mappings", "sources", "sharpest", "salient"}:
            yield "shows nothing of the head: use mappings or sources, or sharpest or salient"


def _leak(name: str) -> str:
    return f"leak: '{name}' belongs to the evaluation, and no describer may see it"


def _is_loop(node: Any) -> bool:
    return getattr(node.node, "name", None) == "loop"


def _label_problems(fields: dict[str, Any], labels: Collection[str]) -> Iterator[str]:
    text = f"{fields.get('system', '')}\n{fields['user']}"
    for label in sorted(labels):
        # Names of one word, such as copying, are words of every description too.
        if "_" in label and re.search(rf"\b{re.escape(label)}\b", text, re.IGNORECASE):
            yield f"leak: the text names the operation '{label}', which descriptions are compared with"


def _schema_problems(fields: dict[str, Any], where: str) -> Iterator[str]:
    try:
        check_schema(fields["schema"], where)
    except BadPrompt as problem:
        yield f"schema: {problem.what}"
        return
    properties = fields["schema"]["properties"]
    names = list(properties)
    if subject_of(set(fields["variables"])) is Evidence and not set(names) & set(ANSWERS):
        yield f"schema: the reply has neither {' nor '.join(ANSWERS)}, so it could hold no description"
    if len(names) == 1 and (words := properties[names[0]].get("enum")):
        # One word of a few: the text may ask for it bare.
        names = [] if all(word in fields["user"] for word in words) else names
    for name in names:
        if f'"{name}"' not in fields["user"] + fields.get("system", ""):
            yield f'schema: the text does not ask for "{name}" (servers without schemas go by the text)'
