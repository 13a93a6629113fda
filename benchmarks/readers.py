"""Scripted readers with knowledge of their own, for descriptions of a real head that goes by countries.

They know what a well-read person knows (which words belong to which country, which words belong together),
and nothing of the head but what the prompt says.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.questions import Asked, Row, read_question
from headscribe.core.chat import ChatReply, Message
from headscribe.core.spelling import spelling_family
from headscribe.operations import builtin_operations

RIGHT = (
    "For words that belong to a country, a region or a people (its name, its adjective, a city, a person, or"
    " the beginning of such a word), it raises other words of the same country, region or people."
)
RELATED = "It raises words that are related to the source word."
WRONG = "For number words, it raises the number that comes next."

_TO_PLACE = ("nationality_to_country", "city_to_country", "city_to_us_state", "work_to_location")
_FROM_PLACE = ("country_to_nationality", "country_to_capital", "country_to_language", "us_state_to_capital")
_NAMES = Path(__file__).with_name("countries.txt")
_CALENDAR = (
    "january february march april may june july august september october november december jan feb mar apr"
    " jun jul aug sep oct nov dec monday tuesday wednesday thursday friday saturday sunday",
    "black blue white red yellow green brown grey gray pink orange purple colour color colors colored blacks",
    "what how why who when where which whose whom",
    "i you he she it we they me him her us them my your his its our their thy yours mine",
    "should would could might must shall will can may were be been was is are",
    "one two three four five six seven eight nine ten ones zero zeros first second third",
    "in on at during through from to of by with before after",
    "thing things anything something everything nothing stuff any anyone anybody all every",
)


@cache
def countries() -> dict[str, frozenset[str]]:
    """Word to the countries that it belongs to."""
    found: dict[str, set[str]] = defaultdict(set)
    known = {operation.name: operation for operation in builtin_operations()}
    for name in (*_TO_PLACE, *_FROM_PLACE):
        for pair in known[name].pairs:
            country, word = (pair[1], pair[0]) if name in _TO_PLACE else (pair[0], pair[1])
            for one in (country, word):
                found[spelling_family(one)].add(country)
    for line in _NAMES.read_text(encoding="utf-8").splitlines():
        country, _, names = line.partition(": ")
        for one in (country, *names.split()):
            found[spelling_family(one)].add(country)
    return {word: frozenset(places) for word, places in found.items() if word}


@cache
def groups() -> dict[str, frozenset[str]]:
    """Word to the groups of related words that it is in: pairs of every operation, countries, some sets."""
    found: dict[str, set[str]] = defaultdict(set)
    for operation in builtin_operations():
        for pair in operation.pairs:
            for word in pair[:2]:
                found[spelling_family(word)].add(f"{operation.name} {pair[0]}")
    for word, places in countries().items():
        found[word] |= places
    for number, line in enumerate(_CALENDAR):
        for word in line.split():
            found[word].add(f"set {number}")
    return {word: frozenset(which) for word, which in found.items() if word}


def same_country(row: Row) -> float:
    """How well a row fits ``RIGHT``: how many targets are of one country, the source's if that is known.

    The source itself, repeated, counts where it is a whole word: a piece of one may be of many. Targets that
    are of one country speak for it even where the source is no known word. A source that is of a country
    counts a half where no target does.
    """
    known, own = countries(), spelling_family(row[0])
    source = _of(known, row[0])
    words = [known.get(spelling_family(one), frozenset()) for one in row[1] if spelling_family(one) != own]
    fits = sum(bool(source & one) for one in words)
    fits += sum(spelling_family(one) == own for one in row[1]) if own in known else 0
    together = max((sum(place in one for one in words) for one in words for place in one), default=0)
    return (fits or 0.5) if source else together if together > 1 else 0.0


def next_number(row: Row) -> float:
    """How well a row fits ``WRONG``."""
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    source = spelling_family(row[0])
    if source not in words[:-1]:
        return 0.0
    return float(words[words.index(source) + 1] in map(spelling_family, row[1]))


def relatedness(row: Row) -> float:
    """How related a row looks to somebody who knows words and sees spellings."""
    source, own = groups().get(spelling_family(row[0]), frozenset()), spelling_family(row[0])
    worth = 0.0
    for target in row[1]:
        word = spelling_family(target)
        worth += bool(source & groups().get(word, frozenset())) or _alike(own, word)
    return worth


RULES: dict[str, Callable[[Row], float]] = {RIGHT: same_country, RELATED: relatedness, WRONG: next_number}


def ideal(asked: Asked) -> str:
    """Applies the description's rule; where that does not decide, or there is none, what looks related."""
    rule = RULES.get(asked.description or "", relatedness)
    if asked.judged:
        return "yes" if rule(asked.rows[0]) >= 1 else "no"
    return _largest(asked, [(rule(row), relatedness(row)) for row in asked.rows])


def related(asked: Asked) -> str:
    """Takes what looks related, whatever the description says."""
    if asked.judged:
        return "yes" if relatedness(asked.rows[0]) > 0 else "no"
    return _largest(asked, [(0.0, relatedness(row)) for row in asked.rows])


def always_a(asked: Asked) -> str:
    """Says yes, and A."""
    return "yes" if asked.judged else "A"


Reader = Callable[[Asked], str]


def as_call(reader: Reader) -> Callable[[tuple[Message, ...], dict[str, Any] | None], Any]:
    """The reader in the place of an LLM."""

    async def call(messages: tuple[Message, ...], _schema: dict[str, Any] | None) -> ChatReply:
        return ChatReply(reader(read_question(messages[-1].content)), finish_reason="stop")

    return call


def _of(lexicon: dict[str, frozenset[str]], token: str) -> frozenset[str]:
    """What the lexicon says of a word, or of the words that a piece of at least three letters begins."""
    word = spelling_family(token)
    if word in lexicon:
        return lexicon[word]
    if len(word) < 3 or not token.strip()[:1].isupper():
        return frozenset()
    return frozenset().union(*(which for one, which in lexicon.items() if one.startswith(word)))


def _alike(one: str, other: str) -> bool:
    """Whether two words look alike: equal, or with the same three first letters."""
    return one == other or (min(len(one), len(other)) >= 3 and one[:3] == other[:3])


def _largest(asked: Asked, worth: list[tuple[float, float]]) -> str:
    """The letter of the largest (smallest for an intruder); of equal ones, one by the question's content."""
    wanted = min(worth) if asked.intruder else max(worth)
    places = [place for place, one in enumerate(worth) if one == wanted]
    return "ABCDE"[random.Random(repr(asked.rows)).choice(places)]
