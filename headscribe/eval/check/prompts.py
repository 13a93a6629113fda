"""Prompts of an operation's pairs: templates, where the source stands, and batches of one length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption
from headscribe.operations import Operation, single_token_pairs

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

SLOT = "{source}"
"""Where a template takes the source word."""

TEMPLATES = (
    "This is a document about {source}",
    "No {source} means no",
    "The story of {source} contains",
    "When I think about {source} I think about",
)
"""The paper's templates (definitions section 4)."""

MULTI_TOKEN_TEMPLATES = TEMPLATES[:1]

Encode = Callable[[str, bool], tuple[list[int], list[tuple[int, int]]]]
"""A text's token ids and the span of characters of each; True puts the tokenizer's special tokens around."""

WordId = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class TokenPrompt:
    """A tokenised prompt.

    Attributes:
        ids: its tokens, special ones included.
        source_at: position of the source's (last) token; of no meaning for task prompts.
        target: the token that a head should promote, or the model predict.
    """

    ids: tuple[int, ...]
    source_at: int
    target: int


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of one operation in one template, and how many pairs gave none, by reason."""

    template: str
    prompts: tuple[TokenPrompt, ...]
    skipped: dict[str, int]


def check_template(template: str, *, at_end: bool = False) -> str:
    """A template that can be filled.

    Args:
        template: text with ``{source}``.
        at_end: whether it must end with ``{source}``, as multi-token sources need.

    Raises:
        BadOption: ``{source}`` is missing, stands twice, or not at the end.
    """
    if (found := template.count(SLOT)) != 1:
        what = "has no {source}" if not found else "has more than one {source}"
        raise BadOption(
            f"the template '{template}' {what}", where="--template", do="Write {source} once, for the word"
        )
    if at_end and not template.endswith(SLOT):
        raise BadOption(
            f"the template '{template}' does not end with {{source}}",
            where="--template",
            do="For sources of several tokens, put {source} last",
        )
    return template


def word_prompts(operation: Operation, template: str, word_id: WordId, encode: Encode) -> PromptSet:
    """Prompts for the single-token pairs, with the source's position.

    The source must stand in the prompt as the word's one token. Where the template holds that token too,
    the tokenizer's spans tell which one is the source. A pair that fails is left out and counted: ``absent``
    if the token is not there (a template without a space in front of ``{source}``), ``ambiguous`` if the
    spans do not decide.

    Args:
        operation: whose pairs.
        template: see ``check_template``.
        word_id: the single token of a word inside running text.
        encode: tokenises.
    """
    prompts: list[TokenPrompt] = []
    skipped: Counter[str] = Counter()
    for word, source, target in _words(operation, word_id):
        ids, spans = encode(template.replace(SLOT, word), True)
        start = template.index(SLOT)
        places = [place for place, id in enumerate(ids) if id == source]
        if len(places) > 1:
            places = [p for p in places if spans[p][0] < start + len(word) and start < spans[p][1]]
        if len(places) == 1:
            prompts.append(TokenPrompt(tuple(ids), places[0], target))
        else:
            skipped["ambiguous" if places else "absent"] += 1
    return PromptSet(template, tuple(prompts), dict(skipped))


def task_prompts(operation: Operation, template: str, word_id: WordId, encode: Encode) -> PromptSet:
    """Prompts whose next token should be the target, for all single-token pairs."""
    prompts = tuple(
        TokenPrompt(tuple(encode(template.replace(SLOT, word), True)[0]), 0, target)
        for word, _, target in _words(operation, word_id)
    )
    return PromptSet(template, prompts, {})


def multi_token_prompts(operation: Operation, template: str, word_id: WordId, encode: Encode) -> PromptSet:
    """Prompts for the pairs whose source is several tokens and whose target is one (definitions section 4).

    As in the reference code: the template without its slot, then the tokens of the source without a leading
    space; the source's last token is the prompt's last.
    """
    before, _ = encode(template.removesuffix(SLOT), True)
    prompts = []
    for source, target_word in operation.pairs:
        target = word_id(target_word)
        ids, _ = encode(source, False)
        if target is not None and len(ids) > 1:
            prompts.append(TokenPrompt((*before, *ids), len(before) + len(ids) - 1, target))
    return PromptSet(template, tuple(prompts), {})


def batches(
    prompts: Sequence[TokenPrompt], tokens: int, rows: int, longest: int | None = None
) -> Iterator[tuple[list[int], Int[Tensor, "batch length"]]]:
    """Prompts of one length at a time: their places in the sequence, and their ids [batch, length].

    Args:
        prompts: in any order.
        tokens: tokens in one batch, at most (but one prompt at least).
        rows: prompts in one batch, at most.
        longest: positions that the model has; None if it does not say.

    Raises:
        BadOption: a prompt is longer than that.
    """
    import torch

    by_length: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt.ids), []).append(place)
    for length, places in sorted(by_length.items()):
        if longest is not None and length > longest:
            raise BadOption(
                f"a prompt has {length} tokens, and the model takes {longest}",
                where="--template",
                do="Shorten the template",
            )
        size = max(1, min(rows, tokens // length))
        for first in range(0, len(places), size):
            chosen = places[first : first + size]
            yield chosen, torch.tensor([prompts[place].ids for place in chosen])


def _words(operation: Operation, word_id: WordId) -> Iterator[tuple[str, int, int]]:
    """The pairs that the pair filter keeps, as (source word, source id, target id)."""
    for pair in operation.pairs:
        for source, target in single_token_pairs(replace(operation, pairs=(pair,)), word_id):
            yield pair[0], source, target
