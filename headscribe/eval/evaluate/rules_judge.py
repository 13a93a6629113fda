"""The rules judge: whether a description expresses an operation, by the words of the operation's lexicon.

docs/evaluate.md says in words what counts. It sees the description alone: no scores, no mappings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headscribe.eval.evaluate.denials import constant_claims, takes_back
from headscribe.eval.evaluate.phrases import Hit, PhraseFinder
from headscribe.eval.evaluate.statements import Statements, Use
from headscribe.eval.evaluate.words import Sentence, sentences
from headscribe.eval.evaluate.worked_examples import Pair, WorkedExamples
from headscribe.operations import Operation
from headscribe.operations.lexicon import PARTS, Lexicon, lexicon_from_name

_LONGEST_PHRASE = 160


@dataclass(frozen=True, slots=True)
class Wording:
    """By what an operation is recognised in a description: its lexicon, and pairs given as examples."""

    lexicon: Lexicon
    pairs: tuple[Pair, ...] = ()


class RulesJudge:
    """Judges descriptions by lexicons, and by examples where a description gives nothing else.

    Args:
        wordings: by operation.
    """

    def __init__(self, wordings: Mapping[str, Wording]) -> None:
        self._finder: PhraseFinder[Use] = PhraseFinder(
            (phrase, (name, part))
            for name, wording in wordings.items()
            for part in PARTS.values()
            for phrase in getattr(wording.lexicon, part)
        )
        self._examples = WorkedExamples({name: wording.pairs for name, wording in wordings.items()})

    def expressed(self, description: str) -> dict[str, str]:
        """The operations that a description expresses, each with the words that say so.

        What is negated (``not plural``), suppressed (``suppresses the capital``) or said to come whatever the
        source is not expressed.
        """
        found: dict[str, str] = {}
        told = sentences(description)
        constant, end = False, 0
        for words in told:
            goes_on = constant and set(description[end : words[0].start].strip()) <= {";"}
            claims = constant_claims(words, all_of_it=goes_on)
            constant, end = len(claims) == len(words), words[-1].end
            for name, (start, stop) in self._stated(words).items():
                if stop - 1 not in claims:
                    said = description[words[start].start : words[stop - 1].end]
                    found.setdefault(name, said[:_LONGEST_PHRASE])
        if not found and not any(takes_back(words) for words in told):
            return self._examples.expressed(description)
        return found

    def _stated(self, words: Sentence) -> dict[str, tuple[int, int]]:
        """Operation → the words ``[start, end)`` that state it."""
        found = self._finder.find(words)
        hits = [hit for hit in found if words[hit.start].clause == words[hit.end - 1].clause]
        by_operation: dict[str, dict[str, list[Hit[Use]]]] = defaultdict(lambda: defaultdict(list))
        for hit in hits:
            for name, part in hit.uses:
                by_operation[name][part].append(hit)
        statements = Statements(words, hits)
        spans = ((name, statements.stated(parts)) for name, parts in by_operation.items())
        return {name: span for name, span in spans if span}


def wordings_of(operations: Iterable[Operation], names: Iterable[str]) -> dict[str, Wording]:
    """A wording for every name: its operation's, or where that has no lexicon, what the name gives."""
    known = {operation.name: operation for operation in operations}
    return {
        name: Wording(known[name].lexicon or lexicon_from_name(name), known[name].pairs)
        if name in known
        else Wording(lexicon_from_name(name))
        for name in names
    }
