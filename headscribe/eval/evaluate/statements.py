"""How a sentence states that a target follows from a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headscribe.eval.evaluate.denials import taken_back
from headscribe.eval.evaluate.phrases import Hit
from headscribe.eval.evaluate.verbs import ACTIVE, LEADS
from headscribe.eval.evaluate.words import Sentence, word_set

_FAR, _FARTHER = 5, 12
"""Words between a source, what leads to the target, and the target; between a condition and the target."""

_POSSESSIVES = word_set("its their his her 's")
_OF = word_set(
    "of for from after when given upon corresponding belonging belong belongs associated matching if used "
    "spoken"
)
_GIVEN = word_set("when if given for from upon after seeing where")
_BETWEEN = word_set(
    "between associates associating links linking connects connecting relates relating pairs pairing"
)
_PAIRS = word_set("pair pairs mapping mappings relation relations relationship relationships association")
_CONJUNCTIONS = word_set("and or but while that which who")
_LISTED = word_set("and or as well also the a an its their his her both then plus")
_JOINS = word_set("and or plus as")
_OWN = word_set("corresponding respective associated matching")
_HEAD = word_set("head it this")
_THINGS = word_set("word words token tokens ones nouns names")
_OTHER = word_set("other another")
_BE = word_set("is are be being been get gets was were")

Use = tuple[str, str]
"""Name of an operation and the part of its lexicon."""

Found = Mapping[str, Sequence[Hit[Use]]]
"""Part of a lexicon → where its phrases stand."""


class Statements:
    """What one sentence states.

    Args:
        hits: every phrase of every lexicon in it.
    """

    def __init__(self, words: Sentence, hits: Iterable[Hit[Use]]) -> None:
        self._words = words
        self._list_of = _lists(words, sorted({(hit.start, hit.end) for hit in hits}))

    def stated(self, parts: Found) -> tuple[int, int] | None:
        """The words ``[start, end)`` that state an operation, None if none do."""
        for hit in parts.get("phrases", ()):
            if self._meant(hit.start, hit.end - 1, hit.end):
                return hit.start, hit.end
        alone = parts.get("alone", ())
        for hit in alone:
            if not self._is_source(hit, alone) and self._meant(hit.start, hit.start, hit.end):
                return hit.start, hit.end
        for target in parts.get("targets", ()):
            for source in parts.get("sources", ()):
                start, end = min(source.start, target.start), max(source.end, target.end)
                if self._led(source, target) and self._meant(start, target.start, end):
                    return start, end
        return None

    def _meant(self, start: int, target: int, end: int) -> bool:
        return not taken_back(self._words, start, target, end)

    def _led(self, source: Hit[Use], target: Hit[Use]) -> bool:
        """Whether the sentence leads from the source to the target, or to the list that it stands in."""
        if self._shared(source, target):
            return False
        one, other = self._list_of[source.start, source.end], self._list_of[target.start, target.end]
        if one == other:
            if self._own_of_each_other(one):
                return source.end <= target.start or target.end <= source.start
            one, other = (source.start, source.end), (target.start, target.end)
        if source.end <= target.start:
            return self._forwards(one, other, target.end)
        return target.end <= source.start and self._backwards(other, one)

    def _forwards(self, source: tuple[int, int], targets: tuple[int, int], end: int) -> bool:
        words = self._words
        between = words[source[1] : targets[0]]
        if _leads_on(words, end):
            return False
        leads = [place for place, word in enumerate(between) if word.leads]
        if leads:
            return len(leads) == 1 and leads[0] <= _FAR and len(between) - leads[0] - 1 <= _FAR
        if not between:
            return end < len(words) and words[end].text in _PAIRS
        given = any(word.text in _GIVEN for word in words[max(0, source[0] - _FAR) : source[0]])
        if len(between) > (_FARTHER if given else _FAR + 1):
            return False
        texts = [word.text for word in between]
        if any(text.startswith(LEADS) for text in texts) or _POSSESSIVES.intersection(texts[-_FAR - 1 :]):
            return True
        linked = any(word.text in _BETWEEN for word in words[: source[0]])
        return linked and bool({"and", "with"}.intersection(texts))

    def _backwards(self, targets: tuple[int, int], source: tuple[int, int]) -> bool:
        """As in "the capital of a country", or "between capitals and countries"."""
        words = self._words
        between = words[targets[1] : source[0]]
        if len(between) > _FAR or any(word.leads for word in between) or _leads_on(words, source[1]):
            return False
        if any(word.text in _OF for word in between[:3]):
            return True
        linked = any(word.text == "between" for word in words[: targets[0]])
        return linked and any(word.text == "and" for word in between)

    def _own_of_each_other(self, listed: tuple[int, int]) -> bool:
        """As in "the corresponding country, demonym and capital": each belongs to the others."""
        before = self._words[max(0, listed[0] - 2) : listed[0]]
        return any(word.text in _OWN for word in before) and not any(word.leads for word in before)

    def _shared(self, source: Hit[Use], target: Hit[Use]) -> bool:
        """Whether the sentence says that source and target have the target in common, or both are of it."""
        words = self._words
        before = [word.text for word in words[max(0, target.start - 3) : target.start]]
        if any(text.startswith("shar") for text in before):
            return True
        if len(before) > 2 and before[0] in _THINGS and before[1:] == ["with", "the"]:
            return True
        if len(before) > 1 and before[-1] == "same" and before[-2] in {"the", "in", "of", "with", "from"}:
            return True
        named = {word.text for word in words[target.start : target.end]}
        beside = {word.text for word in words[max(0, source.start - 2) : source.start]}
        return source.end <= target.start and bool(named & beside)

    def _is_source(self, hit: Hit[Use], others: Sequence[Hit[Use]]) -> bool:
        """Whether something follows from what is named ("past tense verbs to …", "plurals promote …"), or
        from what was named before: "plurals promote other plurals".
        """
        words = self._words
        if _leads_on(words, hit.end) or self._acts(hit):
            return True
        before = words[hit.start - 1].text if hit.start else ""
        return before in _OTHER and any(one.end < hit.start and self._acts(one) for one in others)

    def _acts(self, hit: Hit[Use]) -> bool:
        """Whether it is what a verb such as "promotes" is about."""
        words = self._words
        for word in words[hit.end : hit.end + 4]:
            if word.clause != words[hit.start].clause or word.text in _CONJUNCTIONS | _BE | _HEAD:
                return False
            if word.text in ACTIVE:
                return True
        return False


def _lists(words: Sentence, spans: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, int]]:
    """The list in which each phrase stands: "capitals, currencies and languages" is one."""
    groups: list[list[tuple[int, int]]] = []
    for span in spans:
        last = max((end for _, end in groups[-1]), default=0) if groups else 0
        if groups and (span[0] < last or _joined(words, last, span[0])):
            groups[-1].append(span)
        else:
            groups.append([span])
    return {span: (group[0][0], max(end for _, end in group)) for group in groups for span in group}


def _joined(words: Sentence, end: int, start: int) -> bool:
    """Whether only commas, conjunctions and articles stand between two phrases."""
    between = [word.text for word in words[end:start]]
    comma = words[start].clause != words[end - 1].clause
    return (comma or bool(_JOINS.intersection(between))) and _LISTED.issuperset(between)


def _leads_on(words: Sentence, place: int) -> bool:
    """Whether what ends at this place is itself the source of something: "past tense verbs to …"."""
    for word in words[place : place + 4]:
        if word.clause != words[place - 1].clause or word.text in _CONJUNCTIONS:
            return False
        if word.leads:
            return True
    return False
