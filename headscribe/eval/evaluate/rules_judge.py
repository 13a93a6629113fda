"""The rules judge: whether a description expresses an operation, by the words of the operation's lexicon.

docs/evaluate.md says in words what counts. It sees the description alone: no scores, no mappings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from headscribe.eval.evaluate.phrases import Hit, PhraseFinder
from headscribe.eval.evaluate.words import Sentence, sentences, word_set
from headscribe.operations import Operation
from headscribe.operations.lexicon import PARTS, Lexicon, lexicon_from_name

_FAR = 5
"""Words that may stand between a source, what leads to the target, and the target."""

_LOOK_BACK = 4
"""Words before a phrase in which a negation is looked for."""

_LONGEST_PHRASE = 160

_POSSESSIVES = word_set("its their his her 's")
_OF = word_set("of for from after when given upon corresponding belonging associated matching if")
_BETWEEN = word_set(
    "between associates associating links linking connects connecting relates relating pairs pairing"
)
_PAIRS = word_set("pair pairs mapping mappings relation relations relationship relationships association")
_NEGATORS = word_set("not no never without neither nor except unlike cannot lacks lack fails fail")
_NOT_ONLY = word_set("only just merely simply")
_CONJUNCTIONS = word_set("and or but while that which who")
_BE = word_set("is are being get gets")

# The beginnings of verbs that say whether a target is raised or lowered.
_PROMOTES = tuple(
    word_set(
        "promot map output produc predict boost rais increas copy copie translat convert transform give "
        "giving return add append link associat complet upweight favo elevat emit generat yield turn connect"
    )
)
_SUPPRESSES = tuple(
    word_set("suppress inhibit demot downweight lowers lowering decreas reduc discourag penali avoid")
)

Use = tuple[str, str]
"""Name of an operation and the part of its lexicon."""


class RulesJudge:
    """Judges descriptions by lexicons.

    Args:
        lexicons: by operation.
    """

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self._finder: PhraseFinder[Use] = PhraseFinder(
            (phrase, (name, part))
            for name, lexicon in lexicons.items()
            for part in PARTS.values()
            for phrase in getattr(lexicon, part)
        )

    def expressed(self, description: str) -> dict[str, str]:
        """The operations that a description expresses, each with the words that say so.

        What is negated (``not plural``) or suppressed (``suppresses the capital``) is not expressed.
        """
        found: dict[str, str] = {}
        for words in sentences(description):
            by_operation: dict[str, dict[str, list[Hit[Use]]]] = defaultdict(lambda: defaultdict(list))
            for hit in self._finder.find(words):
                for name, part in hit.uses:
                    by_operation[name][part].append(hit)
            for name, parts in by_operation.items():
                if name not in found and (span := _stated(words, parts)):
                    start, end = words[span[0]].start, words[span[1] - 1].end
                    found[name] = description[start:end][:_LONGEST_PHRASE]
        return found


def lexicons_of(operations: Iterable[Operation], names: Iterable[str]) -> dict[str, Lexicon]:
    """A lexicon for every name: its operation's, or where it has none, what the name gives."""
    known = {operation.name: operation.lexicon for operation in operations}
    return {name: known.get(name) or lexicon_from_name(name) for name in names}


def _stated(words: Sentence, parts: Mapping[str, Sequence[Hit[Use]]]) -> tuple[int, int] | None:
    """The words ``[start, end)`` that state an operation, None if none do."""
    for hit in parts.get("phrases", ()):
        if _meant(words, hit.start, hit.end - 1, hit.end):
            return hit.start, hit.end
    for hit in parts.get("alone", ()):
        if not _leads_on(words, hit.end) and _meant(words, hit.start, hit.start, hit.end):
            return hit.start, hit.end
    for target in parts.get("targets", ()):
        for source in parts.get("sources", ()):
            start, end = min(source.start, target.start), max(source.end, target.end)
            if _led(words, source, target) and _meant(words, start, target.start, end):
                return start, end
    return None


def _led(words: Sentence, source: Hit[Use], target: Hit[Use]) -> bool:
    """Whether the sentence leads from the source to the target."""
    if source.end <= target.start:
        return _forwards(words, source, target)
    return target.end <= source.start and _backwards(words, source, target)


def _forwards(words: Sentence, source: Hit[Use], target: Hit[Use]) -> bool:
    between = words[source.end : target.start]
    if _leads_on(words, target.end):
        return False
    leads = [place for place, word in enumerate(between) if word.leads]
    if leads:
        return len(leads) == 1 and leads[0] <= _FAR and len(between) - leads[0] - 1 <= _FAR
    if not between:
        return target.end < len(words) and words[target.end].text in _PAIRS
    if len(between) > _FAR + 1 or any(word.text.startswith("shar") for word in between):
        return False
    texts = {word.text for word in between}
    if texts & _POSSESSIVES or any(text.startswith(_PROMOTES) for text in texts):
        return True
    linked = any(word.text in _BETWEEN for word in words[: source.start])
    return linked and bool(texts & {"and", "with"})


def _backwards(words: Sentence, source: Hit[Use], target: Hit[Use]) -> bool:
    """As in "the capital of a country", or "between capitals and countries"."""
    between = words[target.end : source.start]
    if len(between) > _FAR or any(word.leads for word in between) or _leads_on(words, source.end):
        return False
    if any(word.text in _OF for word in between[:3]):
        return True
    linked = any(word.text == "between" for word in words[: target.start])
    return linked and any(word.text == "and" for word in between)


def _leads_on(words: Sentence, place: int) -> bool:
    """Whether what ends at this place is itself the source of something: "past tense verbs to …"."""
    for word in words[place : place + 4]:
        if word.clause != words[place - 1].clause or word.text in _CONJUNCTIONS:
            return False
        if word.leads:
            return True
    return False


def _meant(words: Sentence, start: int, target: int, end: int) -> bool:
    return not (negated(words, start) or negated(words, target) or _suppressed(words, target, end))


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
        if (before, word.text) in {("rather", "than"), ("other", "than"), ("instead", "of")}:
            return True
    return False


def _suppressed(words: Sentence, target: int, end: int) -> bool:
    """Whether the last verb before the target lowers it, or what follows says so ("copy suppression")."""
    after = [word.text for word in words[end : end + 2]]
    if after and after[0].startswith(_SUPPRESSES):
        return True
    if len(after) == 2 and after[0] in _BE and after[1].startswith(_SUPPRESSES):
        return True
    for word in reversed(words[:target]):
        if word.text.startswith(_SUPPRESSES):
            return True
        if word.text.startswith(_PROMOTES):
            return False
    return False
