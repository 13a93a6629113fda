"""How one target can follow from one source by form alone: copying, spelling, inflection, counting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from headscribe.agent.rules.looks import TokenShape


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation between a source and a target.

    Attributes:
        name: its name in findings.
        text: the beginning of a sentence that states it.
        most: whether half of a source's targets must stand in it, as one alone may do so by chance.
    """

    name: str
    text: str
    most: bool = False


ENDINGS = ("s", "ed", "ing", "er", "est", "ly", "ness")

RELATIONS = {
    relation.name: relation
    for relation in (
        Relation("identity", "Copies the source: promotes the token itself"),
        Relation("variant", "Promotes the source with other capitals or spaces"),
        Relation("first letter", "Maps a word to its first letter"),
        Relation("last letter", "Maps a word to its last letter"),
        Relation("successor", "Maps a number, letter, day or month to the one that follows"),
        Relation("predecessor", "Maps a number, letter, day or month to the one before"),
        *(Relation(f"adds -{ending}", f"Adds the ending -{ending} to a word") for ending in ENDINGS),
        *(Relation(f"drops -{ending}", f"Takes the ending -{ending} off a word") for ending in ENDINGS),
        Relation("near number", "Maps a number to numbers at most 5 away", most=True),
        Relation("same stem", "Maps a word to other forms of it (the same stem)"),
        Relation("same beginning", "Promotes words with the same first three letters as the source"),
        Relation("same ending", "Promotes words with the same last three letters as the source", most=True),
        Relation("same first letter", "Promotes words with the same first letter as the source", most=True),
    )
}
"""Every relation, the most specific first."""

_SEQUENCES = tuple(
    tuple(words.split())
    for words in (
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "monday tuesday wednesday thursday friday saturday sunday",
        "january february march april may june july august september october november december",
        "one two three four five six seven eight nine ten eleven twelve",
        "first second third fourth fifth sixth seventh eighth ninth tenth",
    )
)
_PLACES = {word: (index, place) for index, words in enumerate(_SEQUENCES) for place, word in enumerate(words)}
_NEIGHBOURS = {1: ("successor",), -1: ("predecessor",)}


def relate(source: TokenShape, target: TokenShape) -> list[str]:
    """The names of all relations in which two tokens stand; an identical pair stands in no other.

    Numbers are compared with numbers, words of letters with such words, other tokens with themselves alone.
    """
    if source.text == target.text:
        return ["identity"]
    if source.folded == target.folded:
        return ["variant"] if source.folded else []
    if source.number is not None and target.number is not None:
        return list(_between_numbers(target.number - source.number))
    if source.letters and target.letters:
        return list(_between_words(source, target))
    return []


def _between_numbers(step: int) -> Iterator[str]:
    if abs(step) <= 5:
        yield "near number"
    yield from _NEIGHBOURS.get(step, ())


def _between_words(source: TokenShape, target: TokenShape) -> Iterator[str]:
    a, b = source.folded, target.folded
    if a in _PLACES and b in _PLACES:
        (sequence, place), (other_sequence, other_place) = _PLACES[a], _PLACES[b]
        if sequence == other_sequence:
            yield from _NEIGHBOURS.get(other_place - place, ())
    if len(b) == 1:
        if a[0] == b:
            yield "first letter"
        if a[-1] == b:
            yield "last letter"
        return
    if len(a) > 3 and len(b) > 3 and a[-3:] == b[-3:]:
        yield "same ending"
    if a[0] == b[0]:
        yield "same first letter"
    if a[:2] == b[:2]:
        yield from _between_forms(source, target)


def _between_forms(source: TokenShape, target: TokenShape) -> Iterator[str]:
    """The relations of two words that begin with the same two letters."""
    a, b = source.folded, target.folded
    if ending := _ending(a, b):
        yield f"adds -{ending}"
    if ending := _ending(b, a):
        yield f"drops -{ending}"
    if source.stem == target.stem:
        yield "same stem"
    if len(a) > 2 and a[:3] == b[:3]:
        yield "same beginning"


def _ending(base: str, form: str) -> str | None:
    """Which regular ending makes the form out of the base: ``ed`` for carry → carried, stop → stopped."""
    if len(base) < 2 or len(form) <= len(base) or not form.startswith(base[:-1]):
        return None
    return _endings_after(base[-1]).get(form[len(base) - 1 :])


@cache
def _endings_after(last: str) -> dict[str, str]:
    """What may stand in place of a base's last letter, and which ending it shows."""
    shown: dict[str, str] = {}
    for ending in ENDINGS:
        shown[last + ending] = ending
        if ending in {"ed", "ing", "er", "est"}:
            shown[last * 2 + ending] = ending
            if last == "e":
                shown[ending] = ending
        if last == "y" and ending not in {"s", "ing"}:
            shown["i" + ending] = ending
    shown["ies" if last == "y" else last + "es"] = "s"
    return shown
