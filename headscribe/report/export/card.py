"""The card of an exported dataset: ``README.md`` with the hub's YAML header."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from headscribe.core.tokens import plain_line
from headscribe.report.html import asset

_LONGEST = 2000
_MARKUP = re.compile(r"([\\`*\[\]<>|#~]|(?<!\w)_|_(?!\w))")


@dataclass(frozen=True, slots=True)
class CardColumn:
    """A column as the card lists it."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CardTable:
    """A table as the card lists it; ``of`` says what a row is."""

    name: str
    file: str
    rows: int
    of: str
    columns: tuple[CardColumn, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What the card says. All texts are untrusted.

    Attributes:
        licence: the hub's identifier, such as ``cc-by-4.0``.
        licence_said: a sentence on it.
        pretty_name: the dataset's name for people.
        model: the studied model.
        llm: who described.
        address: what ``load_dataset`` is given.
        n_heads: heads described.
        counts: heads by status, in words.
        notes: further sentences on how to read the results.
        facts: how they were made, as names and values.
        pair_licences: licences of the operations' pair lists.
        citation: BibTeX entries.
        tables: the first is the default configuration.
    """

    licence: str
    licence_said: str
    pretty_name: str
    model: str
    llm: str
    address: str
    n_heads: int
    counts: str
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    pair_licences: str
    citation: str
    tables: tuple[CardTable, ...]


def render_card(card: Card) -> str:
    """The text of ``README.md``; no text of a model or an LLM can add markup or YAML of its own."""
    from jinja2 import Environment

    # Markdown, not HTML: every value that is not ours goes through `line`, `yaml` or `code`.
    environment = Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {"line": _line, "yaml": json.dumps, "code": json.dumps}
    return environment.from_string(asset("dataset_card.md.j2")).render(card=card)


def _line(value: object) -> str:
    """One line of Markdown that shows the text as it is."""
    return _MARKUP.sub(r"\\\1", plain_line(str(value), _LONGEST).replace("&", "&amp;"))
