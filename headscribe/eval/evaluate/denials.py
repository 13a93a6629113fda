"""What a sentence takes back: words that are negated, lowered, or promoted whatever the source."""

from __future__ import annotations

from headscribe.eval.evaluate.phrases import PhraseFinder
from headscribe.eval.evaluate.verbs import RAISES, SUPPRESSES
from headscribe.eval.evaluate.words import Sentence, word_set

_LOOK_BACK = 4
"""Words before a phrase in which a negation is looked for."""

_NEGATORS = word_set("not no never without neither nor except unlike cannot lacks lack fails fail whether")
_NOT_ONLY = word_set("only just merely simply")
_BE = word_set("is are was were being be get gets")
_DENIED_PAIRS = {("rather", "than"), ("other", "than"), ("instead", "of")}

_CONSTANT: PhraseFinder[bool] = PhraseFinder(
    (f"{start} {thing}", True)
    for start in (
        "whatever the", "regardless of the", "irrespective of the", "independent of the",
        "independently of the", "no matter the", "no matter what the", "for any", "for every", "for all",
    )
    for thing in ("source", "source token", "input", "input token", "attended token", "token", "word")
)  # fmt: skip
"""Words by which a sentence says that the same comes for every source."""


def taken_back(words: Sentence, start: int, target: int, end: int) -> bool:
    """Whether ``words[start:end]``, with the target at ``words[target]``, are negated or lowered."""
    return (
        negated(words, start) or negated(words, target) or _denied(words, end) or _lowered(words, target, end)
    )


def takes_back(words: Sentence) -> bool:
    """Whether a sentence negates, lowers or makes constant anything at all."""
    denied = any(word.text in _NEGATORS or word.text.startswith(SUPPRESSES) for word in words)
    return denied or len(constant_claims(words)) > 0


def negated(words: Sentence, start: int) -> bool:
    """Whether a word shortly before ``words[start]``, in the same clause, denies it."""
    for place in range(start - 1, max(-1, start - 1 - _LOOK_BACK), -1):
        word = words[place]
        if word.clause != words[start].clause:
            return False
        after = words[place + 1].text
        before = words[place - 1].text if place else ""
        if word.text in _NEGATORS and after not in _NOT_ONLY:
            return True
        if (before, word.text) in _DENIED_PAIRS:
            return True
    return False


def constant_claims(words: Sentence, *, all_of_it: bool = False) -> range:
    """The places of a sentence that say what comes whatever the source, and so name no operation.

    Words for that at the beginning hold for the whole sentence; later ones for what stands between the verb
    before them and their end: ``maps countries to capitals, and promotes pronouns whatever the source``.

    Args:
        all_of_it: whether it goes on with a sentence that began so.
    """
    hit = next(iter(_CONSTANT.find(words)), None)
    if all_of_it or (hit and hit.start <= 1):
        return range(len(words))
    if hit is None:
        return range(0)
    verbs = (at for at in range(hit.start - 1, -1, -1) if words[at].text.startswith((*RAISES, *SUPPRESSES)))
    return range(next(verbs, 0), hit.end)


def _denied(words: Sentence, end: int) -> bool:
    """As in ``plurals are not among the targets``."""
    after = [word.text for word in words[end : end + 3]]
    return len(after) > 2 and after[0] in _BE and after[1] in _NEGATORS and after[2] not in _NOT_ONLY


def _lowered(words: Sentence, target: int, end: int) -> bool:
    """Whether the last verb before the target lowers it, or what follows says so ("copy suppression")."""
    after = [word.text for word in words[end : end + 2]]
    if after and after[0].startswith(SUPPRESSES):
        return True
    if len(after) == 2 and after[0] in _BE and after[1].startswith(SUPPRESSES):
        return True
    for word in reversed(words[:target]):
        if word.text.startswith(SUPPRESSES):
            return True
        if word.text.startswith(RAISES):
            return False
    return False
