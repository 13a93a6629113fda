"""Many phrases found in one pass over the words of a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from headscribe.eval.evaluate.words import Sentence, sentences

U = TypeVar("U", bound=Hashable)

GAP = "..."
_LONGEST_GAP = 3


@dataclass(frozen=True, slots=True)
class Hit(Generic[U]):
    """A phrase found at ``words[start:end]``, and what it is used for."""

    start: int
    end: int
    uses: tuple[U, ...]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One word of a phrase: one of several forms, the beginning of a word, or a gap."""

    forms: frozenset[str] = frozenset()
    prefix: str = ""

    @property
    def gap(self) -> bool:
        return not self.forms and not self.prefix

    def fits(self, word: str) -> bool:
        return word in self.forms or (bool(self.prefix) and word.startswith(self.prefix))


class PhraseFinder(Generic[U]):
    """Finds phrases.

    Args:
        phrases: (phrase, use) pairs; a phrase may have several uses.
        longest: pass over a phrase inside a longer one: ``capital letter`` is no ``capital``.
    """

    def __init__(self, phrases: Iterable[tuple[str, U]], *, longest: bool = True) -> None:
        self._longest = longest
        uses: dict[tuple[_Pattern, ...], dict[U, None]] = defaultdict(dict)
        for phrase, use in phrases:
            uses[_patterns(phrase)][use] = None
        self._by_form: dict[str, list[tuple[tuple[_Pattern, ...], tuple[U, ...]]]] = defaultdict(list)
        self._by_prefix: dict[str, list[tuple[tuple[_Pattern, ...], tuple[U, ...]]]] = defaultdict(list)
        for patterns, found in uses.items():
            entry = (patterns[1:], tuple(found))
            for form in patterns[0].forms:
                self._by_form[form].append(entry)
            if patterns[0].prefix:
                self._by_prefix[patterns[0].prefix].append(entry)
        self._prefix_lengths = sorted({len(prefix) for prefix in self._by_prefix})

    def find(self, words: Sentence) -> list[Hit[U]]:
        """Every phrase in a sentence, by place."""
        texts = [word.text for word in words]
        hits: list[Hit[U]] = []
        for place, text in enumerate(texts):
            for rest, uses in self._starting(text):
                end = _end(rest, texts, place + 1)
                if end is not None:
                    hits.append(Hit(place, end, uses))
        if not self._longest:
            return hits
        return [hit for hit in hits if not any(_inside(hit, other) for other in hits)]

    def _starting(self, text: str) -> Iterable[tuple[tuple[_Pattern, ...], tuple[U, ...]]]:
        yield from self._by_form.get(text, ())
        for length in self._prefix_lengths:
            yield from self._by_prefix.get(text[:length], ())


def _patterns(phrase: str) -> tuple[_Pattern, ...]:
    words: list[_Pattern] = []
    for part in phrase.split():
        if part == GAP:
            words.append(_Pattern())
        elif part.endswith("*"):
            words.append(_Pattern(prefix=part[:-1].casefold()))
        else:
            words += [_Pattern(frozenset({word.text})) for sentence in sentences(part) for word in sentence]
    if last := words[-1].forms:
        words[-1] = _Pattern(frozenset(form for word in last for form in _with_plural(word)))
    return tuple(words)


def _with_plural(word: str) -> tuple[str, ...]:
    if word.endswith("y") and len(word) > 2 and word[-2] not in "aeiou":
        return word, f"{word}s", f"{word[:-1]}ies"
    if word.endswith(("s", "x", "ch", "sh")):
        return word, f"{word}es"
    return word, f"{word}s"


def _end(rest: Sequence[_Pattern], texts: Sequence[str], place: int) -> int | None:
    """Where a phrase ends whose remaining words begin at a place, None if they do not stand there."""
    for at, pattern in enumerate(rest):
        if pattern.gap:
            ends = (_end(rest[at + 1 :], texts, place + skipped) for skipped in range(_LONGEST_GAP + 1))
            return next((end for end in ends if end is not None), None)
        if place >= len(texts) or not pattern.fits(texts[place]):
            return None
        place += 1
    return place


def _inside(hit: Hit[U], other: Hit[U]) -> bool:
    longer = other.end - other.start > hit.end - hit.start
    return longer and other.start <= hit.start and hit.end <= other.end
