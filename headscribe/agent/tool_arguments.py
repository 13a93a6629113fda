"""The arguments of the tools of the method ``agent``, as they are checked when they come."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from headscribe.prompts.variables import LONGEST_TOKEN

MOST_WORDS, MOST_PAIRS, LONGEST_TEXT, LONGEST_DRAFT = 12, 30, 400, 1000
"""Words and pairs that a call may name, and characters of a text and of a draft."""

_Word = Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]
_Draft = Annotated[str, Field(min_length=1, max_length=LONGEST_DRAFT)]
_Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class Arguments(BaseModel):
    """Arguments of a tool."""

    model_config = ConfigDict(extra="forbid", strict=True)


class WordsArguments(Arguments):
    """Tokens, of which ones the tool says."""

    words: list[_Word] = Field(min_length=1, max_length=MOST_WORDS)


class WordArguments(Arguments):
    """A target token."""

    word: _Word


class CountArguments(Arguments):
    """How many tokens."""

    count: int = Field(ge=1, le=MOST_WORDS)


class ComparisonArguments(WordsArguments):
    """Source tokens, and another head."""

    head_name: str


class PairArguments(Arguments):
    """A source token and a target token."""

    source: _Word
    target: _Word


class PairsArguments(Arguments):
    """Sources with the targets that a rule predicts."""

    pairs: list[PairArguments] = Field(min_length=1, max_length=MOST_PAIRS)


class TextArguments(Arguments):
    """A text for the running model."""

    text: _Text


class DraftArguments(Arguments):
    """A draft of the description."""

    description: _Draft
