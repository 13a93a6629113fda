"""From unblinded labels to what they amount to (definitions section 6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headscribe.core.agreement import ControlResult, Estimate, GroupShares, HeadVerdict, Question
from headscribe.core.heads import Head
from headscribe.core.layer_groups import LayerGroup
from headscribe.core.people import Label, Truth
from headscribe.eval.people.estimates import estimate

QUESTIONS: tuple[Question, ...] = ("pattern_visible", "description_fits")


@dataclass(frozen=True, slots=True)
class Unblinded:
    """A label, and what its item is."""

    label: Label
    truth: Truth

    def answer(self, question: Question) -> bool | None:
        """The answer to one of the questions, None where there is none."""
        return self.label.pattern if question == "pattern_visible" else self.label.fits


def answers(found: Iterable[Unblinded], question: Question) -> dict[Head, dict[str, bool]]:
    """Head to annotator to answer, without controls.

    Where an annotator judged a head in two exports, the answer in the export that sorts last counts.
    """
    by_head: dict[Head, dict[str, bool]] = defaultdict(dict)
    for row in sorted(found, key=lambda row: row.label.key):
        said = row.answer(question)
        if row.truth.kind == "head" and said is not None:
            by_head[row.truth.head][row.label.annotator] = said
    return dict(by_head)


def group_shares(
    found: Sequence[Unblinded],
    answered: Mapping[Head, bool],
    groups: Sequence[LayerGroup],
    seed: int = 0,
) -> tuple[list[GroupShares], GroupShares]:
    """Shares per layer group, and over all groups.

    Over all, each group counts by how many heads of the run it has, not by how many were judged.

    Args:
        found: labels with what they are about.
        answered: every head of the run with an answer: whether it has a description.
        groups: layers that belong together.
        seed: of the resamples.
    """
    pattern, fits = (answers(found, question) for question in QUESTIONS)
    plausible = {head: given for head, given in fits.items() if answered.get(head)}
    right = {head: given for head, given in fits.items() if head in answered and not answered[head]}

    def row(name: str, parts: Sequence[LayerGroup]) -> GroupShares:
        heads = [[head for head in answered if part.holds(head)] for part in parts]
        described = [[head for head in own if answered[head]] for own in heads]
        unclear = [[head for head in own if not answered[head]] for own in heads]

        def share(among: Sequence[Sequence[Head]], given: Mapping[Head, Mapping[str, bool]]) -> Estimate:
            return estimate(
                [(len(own), [[*given[head].values()] for head in own if head in given]) for own in among],
                seed,
            )

        return GroupShares(
            group=name,
            answered=sum(map(len, heads)),
            described=sum(map(len, described)),
            pattern=share(heads, pattern),
            plausible=share(described, plausible),
            unclear_right=share(unclear, right),
        )

    return [row(group.name, [group]) for group in groups], row("all", groups)


def control_results(found: Sequence[Unblinded]) -> Iterator[ControlResult]:
    """How each annotator did on the controls; answers that are missing count nowhere."""
    by_annotator: dict[str, list[Unblinded]] = defaultdict(list)
    for row in found:
        by_annotator[row.label.annotator].append(row)
    for annotator, rows in sorted(by_annotator.items()):
        said = {(row.label.export, row.truth.id): row for row in rows}
        wrong = [row.label.fits for row in rows if row.truth.kind == "wrong" and row.label.fits is not None]
        repeats = [
            (row.answer(question), said[first].answer(question))
            for row in rows
            if row.truth.kind == "repeat" and (first := (row.label.export, row.truth.of or "")) in said
            for question in QUESTIONS
        ]
        both = [pair for pair in repeats if None not in pair]
        yield ControlResult(
            annotator=annotator,
            labels=sum(row.truth.kind == "head" for row in rows),
            wrong=len(wrong),
            wrong_accepted=sum(wrong),
            repeats=len(both),
            repeats_changed=sum(one != other for one, other in both),
        )


def accepted_wrong(found: Sequence[Unblinded]) -> list[tuple[Head, Head]]:
    """(head shown, head described) of wrong descriptions that all of at least two annotators accept."""
    said: dict[tuple[Head, Head], list[bool]] = defaultdict(list)
    for row in found:
        if row.truth.kind == "wrong" and row.label.fits is not None:
            said[row.truth.head, row.truth.described].append(row.label.fits)
    return sorted(pair for pair, given in said.items() if len(given) > 1 and all(given))


def verdicts(found: Sequence[Unblinded], answered: Mapping[Head, bool]) -> list[HeadVerdict]:
    """What was said of each judged head, in model order; controls show in no head's verdict."""
    pattern, fits = (answers(found, question) for question in QUESTIONS)
    comments: dict[Head, list[tuple[str, str]]] = defaultdict(list)
    for row in sorted(found, key=lambda row: row.label.key):
        if row.truth.kind == "head" and row.label.comment.strip():
            comments[row.truth.head].append((row.label.annotator, row.label.comment))
    return [
        HeadVerdict(
            head=head,
            described=answered[head],
            pattern_yes=sum(pattern.get(head, {}).values()),
            pattern_n=len(pattern.get(head, {})),
            fits_yes=sum(fits.get(head, {}).values()),
            fits_n=len(fits.get(head, {})),
            comments=tuple(comments.get(head, ())),
        )
        for head in sorted({*pattern, *fits, *comments})
        if head in answered
    ]


def labels_by_annotator(found: Iterable[Unblinded]) -> dict[str, int]:
    """Annotator to items with an answer, controls included."""
    with_answer = (
        row.label.annotator for row in found if row.label.pattern is not None or row.label.fits is not None
    )
    return dict(sorted(Counter(with_answer).items()))
