"""How one target can follow from one source by form alone: copying, spelling, inflection, counting."""

from __future__ import annotations

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


def relate(source: TokenShape, target: TokenShape) -> list[str]:
    """The names of all relations in which the two tokens stand; an identical pair stands in no other."""
    if source.text == target.text:
        return ["identity"]
    if not source.folded or not target.folded:
        return []
    if source.folded == target.folded:
        return ["variant"]
    if source.number is not None and target.number is not None:
        return _numbers(target.number - source.number)
    if not (source.letters and target.letters):
        return []
    return _words(source, target)


def _numbers(step: int) -> list[str]:
    names = ["near number"] if abs(step) <= 5 else []
    if abs(step) == 1:
        names.append("successor" if step == 1 else "predecessor")
    return names


def _words(source: TokenShape, target: TokenShape) -> list[str]:
    a, b = source.folded, target.folded
    names = []
    if a in _PLACES and b in _PLACES:
        names = _sequence(_PLACES[a], _PLACES[b])
    if a[-3:] == b[-3:] and len(a) > 3 and len(b) > 3:
        names.append("same ending")
    if len(b) == 1 and len(a) > 1 and a[-1] == b:
        names.append("last letter")
    if a[0] != b[0]:
        return names
    if len(b) == 1:
        return [*names, "first letter"]
    names.append("same first letter")
    if a[1:2] != b[1:2]:
        return names
    if ending := _ending(a, b):
        names.append(f"adds -{ending}")
    if ending := _ending(b, a):
        names.append(f"drops -{ending}")
    if source.stem == target.stem:
        names.append("same stem")
    if a[:3] == b[:3] and len(a) >= 3 and len(b) >= 3:
        names.append("same beginning")
    return names


def _sequence(source: tuple[int, int], target: tuple[int, int]) -> list[str]:
    step = target[1] - source[1] if source[0] == target[0] else 0
    return ["successor"] if step == 1 else ["predecessor"] if step == -1 else []


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
