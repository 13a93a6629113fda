"""Heads that belong together, by their value head or by what they do, and what tells each from the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from headscribe.core.heads import Head
from headscribe.core.records import Mapping, Token
from headscribe.core.spelling import spelling_family
from headscribe.core.tokens import show_token

ALIKE = 0.5
"""Share of the pairs of source and target, of the head with fewer, from which two heads' rows are alike."""

LEAST_SHARED = 5
"""Pairs that alike heads share at least."""

COMMON = 30
"""Heads that may hold a pair; one that more of them hold says of none what it does."""

_NAMED, _SHOWN, _LONGEST = 2, 3, 60


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """What is compared of a head.

    Attributes:
        head: the head.
        rows: its mappings, the most telling first.
        operations: the operations that it implements, each with its score.
        description: in words, None without one.
        confidence: of the description; lower where it is not known.
    """

    head: Head
    rows: tuple[Mapping, ...]
    operations: dict[str, float]
    description: str | None = None
    confidence: float = -1.0


@dataclass(frozen=True, slots=True)
class Family:
    """The name that a head's family has, and what tells the head from the others of it."""

    name: str
    differs: str


def head_families(members: Sequence[FamilyMember], heads_per_value: int) -> dict[Head, Family]:
    """The families of two heads and more; a head without one is left out.

    Heads are of one family where both implement more than half of the operations that either does, or where
    their rows are alike: half the pairs of source and target of the head with fewer, in any spelling. Heads
    that are left over are of one family where they read the same value head.

    Args:
        members: the heads, in model order.
        heads_per_value: query heads that read one value head.
    """
    groups = _joined_by_rule(members)
    named = [(_name([members[place] for place in group]), group) for group in groups if len(group) > 1]
    by_value: dict[tuple[int, int], list[int]] = defaultdict(list)
    for group in groups:
        if len(group) == 1:
            layer, head = members[group[0]].head
            by_value[layer, head // heads_per_value].append(group[0])
    named += [
        (f"value head {value} of layer {layer}", group)
        for (layer, value), group in by_value.items()
        if len(group) > 1
    ]
    found: dict[Head, Family] = {}
    taken: Counter[str] = Counter()
    for name, group in sorted(named, key=lambda one: one[1]):
        taken[name] += 1
        unique = name if taken[name] == 1 else f"{name} ({taken[name]})"
        found |= _told_apart(unique, [members[place] for place in group])
    return found


def _joined_by_rule(members: Sequence[FamilyMember]) -> list[list[int]]:
    """Places of heads with the same operations or with rows that are alike, joined; one place at least."""
    joined = _Joined(len(members))
    operations = [set(member.operations) for member in members]
    pairs = [_pairs(member.rows) for member in members]
    for one, other in (*_sharing(operations), *_alike(pairs)):
        joined.join(one, other)
    return joined.groups()


class _Joined:
    """Places that are joined into groups."""

    def __init__(self, n: int) -> None:
        self._root = list(range(n))

    def join(self, one: int, other: int) -> None:
        self._root[self._find(other)] = self._find(one)

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for place in range(len(self._root)):
            found[self._find(place)].append(place)
        return list(found.values())

    def _find(self, place: int) -> int:
        while self._root[place] != place:
            self._root[place] = place = self._root[self._root[place]]
        return place


def _pairs(rows: Iterable[Mapping]) -> set[tuple[str, str]]:
    return {
        (spelling_family(row.source.text), spelling_family(target.text))
        for row in rows
        for target in row.targets
    }


def _sharing(operations: Sequence[set[str]]) -> list[tuple[int, int]]:
    """Places of heads of whose operations, taken together, both implement more than half."""
    some = [place for place, own in enumerate(operations) if own]
    return [
        (one, other)
        for one, other in combinations(some, 2)
        if 2 * len(operations[one] & operations[other]) > len(operations[one] | operations[other])
    ]


def _alike(pairs: Sequence[set[tuple[str, str]]]) -> list[tuple[int, int]]:
    """Places of heads whose rows are alike."""
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, own in enumerate(pairs):
        for pair in own:
            holders[pair].append(place)
    shared: Counter[tuple[int, int]] = Counter()
    for places in holders.values():
        if len(places) <= COMMON:
            shared.update(combinations(places, 2))
    return [
        (one, other)
        for (one, other), count in shared.items()
        if count >= max(LEAST_SHARED, ALIKE * min(len(pairs[one]), len(pairs[other])))
    ]


def _name(members: Sequence[FamilyMember]) -> str:
    """By the operations that most of the heads implement, else by the description tested best."""
    rules = Counter(frozenset(member.operations) for member in members if member.operations)
    if rules:
        (rule, _), *_ = rules.most_common(1)
        total = {one: sum(member.operations.get(one, 0.0) for member in members) for one in rule}
        first = sorted(rule, key=lambda one: (-total[one], one))[:_NAMED]
        return ", ".join(first) + (f" and {len(rule) - _NAMED} more" if len(rule) > _NAMED else "")
    described = [member for member in members if member.description]
    if described:
        best = max(described, key=lambda member: member.confidence)
        words = " ".join((best.description or "").split())
        return words if len(words) <= _LONGEST else words[:_LONGEST].rsplit(" ", 1)[0] + " …"
    return f"like {members[0].head.name}"


def _told_apart(name: str, members: Sequence[FamilyMember]) -> dict[Head, Family]:
    operations = Counter(operation for member in members for operation in member.operations)
    sources, targets = _holders(members, _sources), _holders(members, _targets)
    found = {}
    for member in members:
        alone = [
            ("implements", sorted(one for one in member.operations if operations[one] == 1)),
            ("has the sources", _own(_sources(member), sources)),
            ("has the targets", _own(_targets(member), targets)),
        ]
        said = [f"{verb} {', '.join(things[:_SHOWN])}" for verb, things in alone if things]
        differs = "alone " + "; ".join(said) if said else "has no source and no target that the others lack"
        found[member.head] = Family(name, differs)
    return found


Words = dict[str, Token]
"""Tokens by the spelling family of each, the most telling first."""


def _sources(member: FamilyMember) -> Words:
    return _words(row.source for row in member.rows)


def _targets(member: FamilyMember) -> Words:
    return _words(target for row in member.rows for target in row.targets)


def _words(tokens: Iterable[Token]) -> Words:
    found: Words = {}
    for token in tokens:
        found.setdefault(spelling_family(token.text), token)
    return found


def _holders(members: Sequence[FamilyMember], words: Callable[[FamilyMember], Words]) -> Counter[str]:
    return Counter(word for member in members for word in words(member))


def _own(words: Words, holders: Counter[str]) -> list[str]:
    alone = (token for word, token in words.items() if holders[word] == 1)
    return [show_token(token.text) for token in islice(alone, _SHOWN)]
