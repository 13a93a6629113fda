"""What annotators are shown, and what they say: items, labels, layer groups (definitions section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from headscribe.core.chat import content_hash
from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.records import Mapping, Token
from headscribe.core.tokens import plain_line, show_token

SCHEMA_VERSION = 1
"""Of the files that annotators get and send back; raised when an older Headscribe could misread them."""

LONGEST_DESCRIPTION = 4_000
"""Characters of a description that an annotator is shown; a longer one ends in ``…``."""

Kind = Literal["head", "wrong", "repeat"]
"""A head with its own description; as controls one with another head's, and one that comes twice."""

Format = Literal["html", "csv", "jsonl", "label-studio"]


PATTERN = "Do you see a pattern?"
FITS = "Does the description fit?"
UNCLEAR = "The describer found no clear pattern. Is that right?"


class ItemRow(NamedTuple):
    """One mapping as annotators see it; every token stands between quotes, with nothing invisible in it."""

    source: str
    targets: tuple[str, ...]
    suppressed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """What an annotator judges. Nothing in it says which model, layer or head it is about.

    Attributes:
        id: cannot be traced to a head without the key's secret.
        description: as one line, None where the describer found no clear pattern.
        rows: the head's mappings, most salient first.
    """

    id: str
    description: str | None
    rows: tuple[ItemRow, ...]

    @property
    def question(self) -> str:
        """The second of the two questions."""
        return UNCLEAR if self.description is None else FITS


@dataclass(frozen=True, slots=True)
class Truth:
    """What an item really is; known to the key alone.

    Attributes:
        id: the item's.
        head: whose mappings it shows.
        kind: a head with its own description, or which control.
        described: whose description it shows.
        of: for ``repeat``, the id of the item that it repeats.
        description_hash: tells whether the head's description is still the one that was judged.
    """

    id: str
    head: Head
    kind: Kind
    described: Head
    of: str | None
    description_hash: str


@dataclass(frozen=True, slots=True)
class Label:
    """One annotator's answers about one item. ``comment`` and ``annotator`` are untrusted texts."""

    export: Annotated[str, Column("id of the export")]
    item: Annotated[str, Column("id of the item")]
    annotator: Annotated[str, Column("who answered")]
    pattern: Annotated[
        bool | None,
        Column("whether the annotator sees a pattern; null if not answered", name="pattern_visible"),
    ]
    fits: Annotated[
        bool | None,
        Column(
            'whether the description fits, or "Unclear" is right; null if not answered',
            name="description_fits",
        ),
    ]
    comment: Annotated[str, Column("as typed, untrusted; empty without")] = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one label of."""
        return self.export, self.item, self.annotator


class Problem(NamedTuple):
    """A row of a file of labels that could not be taken, or only in part.

    ``rejected`` says whether nothing of the row was taken.
    """

    file: Annotated[str, Column("the file as given")]
    row: Annotated[int, Column("row, line or task in it, from 1; 0 for the whole file")]
    code: Annotated[str, Column("why, in a word")]
    what: Annotated[str, Column("why, in a sentence")]
    do: Annotated[str, Column("what to do about it")]
    raw: Annotated[str, Column("the row as JSON")] = ""
    rejected: bool = True

    def __str__(self) -> str:
        place = f"{self.file}:{self.row}" if self.row else self.file
        return f"{place}: {self.what}. {self.do}"


def item_rows(mappings: Sequence[Mapping]) -> tuple[ItemRow, ...]:
    """A head's mappings as annotators see them."""
    return tuple(
        ItemRow(show_token(row.source.text), _shown(row.targets), _shown(row.suppressed)) for row in mappings
    )


def shown_description(text: str) -> str:
    """A description as annotators see it: one line without control or direction characters."""
    return plain_line(text, LONGEST_DESCRIPTION)


def description_hash(description: str | None) -> str:
    """SHA-256 of a description as annotators see it; None stands for "Unclear"."""
    return content_hash(description)


def items_hash(items: Sequence[Item]) -> str:
    """SHA-256 of what annotators see, in whatever order."""
    ordered = sorted(items, key=lambda item: item.id)
    return content_hash([[item.id, item.description, item.rows] for item in ordered])


def _shown(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(show_token(token.text) for token in tokens)
