"""``people agreement``: what the labels of a run amount to, and what predicts them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.agreement import AnnotatorReliability, HeadVerdict, Kappa, PeopleAgreement, Prediction
from headscribe.core.descriptions import ANSWERED, Description, Status
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.layer_groups import layer_groups
from headscribe.core.people import SCHEMA_VERSION, description_hash
from headscribe.core.plain import json_data
from headscribe.store.atomic import write_text
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_header import has_evaluation, read_evaluation_header
from headscribe.store.evaluate.evaluation_tables import read_judgments
from headscribe.store.people.keys import FOLDER, Key, read_keys
from headscribe.store.people.labels import read_labels

if TYPE_CHECKING:
    from headscribe.eval.people.agreement import Unblinded

AGREEMENT = "agreement.json"


def measure_agreement(
    run: Path | str, *, groups: str | None = None, key: Path | None = None, seed: int = 0
) -> PeopleAgreement:
    """Compute what the imported labels amount to, and write ``people/agreement.json``.

    Args:
        run: a run with imported labels.
        groups: layer groups; None for those of the newest export.
        key: a key that does not lie in the run's ``people`` folder.
        seed: of the bootstrap.

    Raises:
        BadStore: no run, no labels, or a key is missing.
        BadOption: the groups cannot be read.
    """
    opened = RunDir.open(run)
    agreement = agreement_of(opened, groups=groups, key=key, seed=seed)
    document = {"schema_version": SCHEMA_VERSION, "kind": "people-agreement", **json_data(agreement)}
    write_text(opened.path / FOLDER / AGREEMENT, json.dumps(document, indent=2, ensure_ascii=True) + "\n")
    return agreement


def agreement_of(
    run: RunDir, *, groups: str | None = None, key: Path | None = None, seed: int = 0
) -> PeopleAgreement:
    """As ``measure_agreement``, without writing.

    Raises:
        BadStore: no labels, or a key is missing.
        BadOption: the groups cannot be read.
    """
    from headscribe.eval.people import agreement as measures

    keys = read_keys(run.path, key)
    imported = _unblinded(run, keys)
    answered = [row for row in run.descriptions() if row.outcome.status in ANSWERED]
    labels = _still_true(imported, keys, answered, run.header.map.content_hash)
    described = {row.head: row.outcome.status is Status.OK for row in answered}
    newest = max((keys[row.label.export] for row in imported), key=lambda own: own.created_at)
    layers = layer_groups(groups or newest.settings.groups, run.header.model.n_layers)
    shares, overall = measures.group_shares(labels, described, layers, seed)
    verdicts = measures.verdicts(labels, described)
    predictions, notes = _predictions(run, answered, verdicts, seed)
    annotators = measures.labels_by_annotator(labels)
    reliability, kappas = _reliability(labels, seed) if len(annotators) > 1 else ((), ())
    return PeopleAgreement(
        model=run.header.model.name,
        exports=tuple(sorted({row.label.export for row in imported})),
        annotators=annotators,
        groups=tuple(shares),
        overall=overall,
        reliability=reliability,
        kappas=kappas,
        controls=tuple(measures.control_results(labels)),
        accepted_wrong=tuple(measures.accepted_wrong(labels)),
        predictions=predictions,
        verdicts=tuple(verdicts),
        stale=len(imported) - len(labels),
        notes=tuple(notes),
    )


def _unblinded(run: RunDir, keys: Mapping[str, Key]) -> list[Unblinded]:
    """Every label with what its item is.

    Raises:
        BadStore: there are no labels, or the key of one is missing.
    """
    from headscribe.eval.people.agreement import Unblinded

    labels = read_labels(run.path)
    if not labels:
        do = f"Import some: headscribe people import {run.path} FILE…"
        raise BadStore("this run has no labels", where=run.path, do=do)
    truths = {(key.export, truth.id): truth for key in keys.values() for truth in key.truths}
    lacking = {label.export for label in labels if (label.export, label.item) not in truths}
    if lacking:
        raise BadStore(
            f"the key of export {', '.join(sorted(lacking))} is missing",
            where=run.path / FOLDER,
            do="Put it back, or give it with --key",
        )
    return [Unblinded(label, truths[label.export, label.item]) for label in labels]


def _still_true(
    labels: Sequence[Unblinded], keys: Mapping[str, Key], answered: Sequence[Description], map_hash: str
) -> list[Unblinded]:
    """The labels that are about this map, and about the description that the head has now."""
    from headscribe.eval.people.study import shown

    exports = {export for export, key in keys.items() if key.map_hash == map_hash}
    hashes = {row.head: description_hash(shown(row)) for row in answered}
    return [
        row
        for row in labels
        if row.label.export in exports and row.truth.description_hash == hashes.get(row.truth.described)
    ]


def _reliability(
    labels: Sequence[Unblinded], seed: int
) -> tuple[tuple[AnnotatorReliability, ...], tuple[Kappa, ...]]:
    """How far annotators agree with each other: over all of them, and each pair."""
    from headscribe.eval.people.agreement import QUESTIONS, answers
    from headscribe.eval.people.reliability import kappas, reliability

    given = {question: answers(labels, question) for question in QUESTIONS}
    return (
        tuple(reliability(question, given[question], seed) for question in QUESTIONS),
        tuple(kappa for question in QUESTIONS for kappa in kappas(question, given[question])),
    )


def _predictions(
    run: RunDir, answered: Sequence[Description], verdicts: Sequence[HeadVerdict], seed: int
) -> tuple[tuple[Prediction, ...], list[str]]:
    """What predicts that people accept a description, and what could not be looked at."""
    from headscribe.eval.people.predicting import prediction

    accepted = {row.head: row.fits_yes / row.fits_n for row in verdicts if row.described and row.fits_n}
    confidence = {row.head: row.outcome.confidence for row in answered if row.outcome.confidence is not None}
    operation_agreement, note = _operation_agreement(run)
    predictors = {"confidence": confidence, **operation_agreement}
    predictions = [prediction(name, values, accepted, seed) for name, values in predictors.items() if values]
    notes = [f"No head has a value of: {name}." for name, values in predictors.items() if not values]
    return tuple(predictions), [*notes, note] if note else notes


def _operation_agreement(run: RunDir) -> tuple[dict[str, Mapping[Head, float]], str]:
    """Each judge's agreement of description and operation scores per head; or why there is none."""
    from headscribe.core.evaluation import head_agreement
    from headscribe.store.evaluate.evaluation_tables import descriptions_hash

    again = f"(headscribe evaluate {run.path})"
    if not has_evaluation(run.path):
        return {}, f"Not compared with operation agreement: the run was not evaluated yet {again}."
    header = read_evaluation_header(run.path)
    if header.descriptions != descriptions_hash(run.descriptions()):
        return {}, f"Not compared with operation agreement: descriptions have changed since {again}."
    judgments = read_judgments(run.path)
    by_judge: dict[str, Mapping[Head, float]] = {
        "operation agreement, rules judge": head_agreement(judgments, "rules")
    }
    if header.llm is None:
        return by_judge, "No LLM judge was asked (headscribe evaluate --llm)."
    by_judge["operation agreement, LLM judge"] = head_agreement(judgments, "llm")
    return by_judge, ""
