"""``probe``: tokens of a person's choice through one head."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.parts import ConstantPart, TokenInParts
from headscribe.core.records import Mapping, Token
from headscribe.core.settings import MapSettings

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

_ID = re.compile(r"#(\d+)")


def probe_model(
    model: str,
    head: Head,
    words: Sequence[str],
    settings: MapSettings | None = None,
    *,
    reverse: bool = False,
    top: int = 5,
    revision: str | None = None,
) -> list[dict[str, Any]]:
    """What a head promotes and suppresses when it attends to tokens, or which sources do so to them.

    Args:
        model: a hub id, a local folder, or ``demo``.
        words: words as in running text; ``=TEXT`` is a token by its exact text, ``#ID`` by its id.
        settings: source view, padded rows and arithmetic.
        reverse: take the words as targets, and give their sources.
        top: tokens wanted at each end.
        revision: branch, tag or commit of a hub model.

    Returns:
        For each word ``token``, ``saliency``, ``promoted`` and ``suppressed``; tokens are dictionaries of
        ``id``, ``text`` and, at the ends, ``logit``. With ``settings.view`` ``parts`` this is what the head
        does because of the source (definitions section 8): ``logit`` is that of the specific part, beside it
        stands ``strength`` in σ; ``saliency`` is how strongly the head acts on the token (in reverse σ
        itself) and ``percentile`` the share of usable tokens for which that is less. ``constant`` is what it
        does whatever the source: ``share``, ``promoted`` and ``suppressed``; in reverse the token's
        ``strength``.

    Raises:
        BadOption: a word is no single token, or takes no part.
        HeadscribeError: the model cannot be used.
    """
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.mapping.probe import probe

    settings = settings or MapSettings()
    checkpoint = open_checkpoint(model, revision)
    ids = [_token_id(checkpoint, word) for word in words]
    if settings.view == "parts":
        from headscribe.mapping.parts.one_head import OneHead

        one = OneHead(checkpoint, settings, head)
        constant = one.constant(top)
        return [_parts(row, constant) for row in one.probe(ids, reverse=reverse, top=top)]
    return [_row(mapping) for mapping in probe(checkpoint, settings, head, ids, reverse=reverse, top=top)]


def _token_id(checkpoint: Checkpoint, word: str) -> int:
    vocabulary = checkpoint.vocabulary
    if match := _ID.fullmatch(word):
        return int(match[1])
    if word.startswith("=") and len(word) > 1:
        texts = vocabulary.texts(range(vocabulary.size))
        if (exact := word[1:]) in texts:
            return texts.index(exact)
        raise BadOption(
            f"the vocabulary has no token {exact!r}", do="Tokens often begin with a space: '= Paris'"
        )
    found = vocabulary.word_id(word)
    if found is None:
        raise BadOption(
            f"'{word}' is not one token of this model",
            do="Give a word that is, '=TEXT' for a token's exact text, or '#ID'",
        )
    return found


def _row(mapping: Mapping) -> dict[str, Any]:
    def end(tokens: Sequence[Token], logits: Sequence[float]) -> list[dict[str, Any]]:
        pairs = zip(tokens, logits, strict=True)
        return [{"id": token.id, "text": token.text, "logit": logit} for token, logit in pairs]

    return {
        "token": {"id": mapping.source.id, "text": mapping.source.text},
        "saliency": mapping.saliency,
        "promoted": end(mapping.targets, mapping.logits),
        "suppressed": end(mapping.suppressed, mapping.suppressed_logits),
    }


def _parts(row: TokenInParts, constant: ConstantPart) -> dict[str, Any]:
    def end(tokens: Sequence[Token], **numbers: Sequence[float]) -> list[dict[str, Any]]:
        by_token = (dict(zip(numbers, values, strict=True)) for values in zip(*numbers.values(), strict=True))
        return [
            {"id": token.id, "text": token.text, **own} for token, own in zip(tokens, by_token, strict=True)
        ]

    always: dict[str, Any] = {"strength": row.always}
    if row.always is None:
        always = {
            "share": constant.share,
            "promoted": end(constant.promoted, strength=constant.strengths),
            "suppressed": end(constant.suppressed, strength=constant.suppressed_strengths),
        }
    return {
        "token": {"id": row.token.id, "text": row.token.text},
        "saliency": row.acting,
        "percentile": row.percentile,
        "promoted": end(row.promoted, logit=row.logits, strength=row.strengths),
        "suppressed": end(row.suppressed, logit=row.suppressed_logits, strength=row.suppressed_strengths),
        "constant": always,
    }
