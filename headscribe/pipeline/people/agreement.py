"""``people agreement``: what the labels of a run amount to, and what predicts them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headscribe.core.agreement import PeopleAgreement, Prediction
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.layer_groups import layer_groups
from headscribe.core.people import SCHEMA_VERSION, description_hash
from headscribe.core.records import ANSWERED, Description, Status
from headscribe.store.atomic import write_text
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_tables import has_evaluation, read_evaluation_header, read_judgments
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
        MissingExtra: the packages of the extra ``people`` are not installed.
    """
    from headscribe.eval.people.reliability import need_packages

    need_packages()
    opened = RunDir.open(run)
    found = agreement_of(opened, groups=groups, key=key, seed=seed)
    document = {"schema_version": SCHEMA_VERSION, "kind": "people-agreement", **agreement_json(found)}
    write_text(opened.path / FOLDER / AGREEMENT, json.dumps(document, indent=2, ensure_ascii=True) + "\n")
    return found


def agreement_of(
    run: RunDir,
    *,
    groups: str | None = None,
    key: Path | None = None,
    seed: int = 0,
    reliable: bool = True,
) -> PeopleAgreement:
    """As ``measure_agreement``, without writing; ``reliable=False`` leaves out what needs further packages.

    Raises:
        BadStore: no labels, or a key is missing.
        BadOption: the groups cannot be read.
        MissingExtra: packages are missing.
    """
    from headscribe.eval.people import agreement as of
    from headscribe.eval.people.study import shown

    keys = read_keys(run.path, key)
    every = _unblinded(run, keys)
    rows = [row for row in run.descriptions() if row.outcome.status in ANSWERED]
    answered = {row.head: row.outcome.status is Status.OK for row in rows}
    now = {row.head: description_hash(shown(row)) for row in rows}
    same_map = {name for name, own in keys.items() if own.map_hash == run.header.map.content_hash}
    found = [
        row
        for row in every
        if row.label.export in same_map and row.truth.description_hash == now.get(row.truth.described)
    ]
    newest = max((keys[row.label.export] for row in every), key=lambda own: own.created_at)
    layers = layer_groups(groups or newest.settings.groups, run.header.model.n_layers)
    shares, overall = of.group_shares(found, answered, layers, seed)
    verdicts = of.verdicts(found, answered)
    accepted = {row.head: row.fits_yes / row.fits_n for row in verdicts if row.described and row.fits_n}
    predictions, notes = _predictions(run, rows, accepted, seed)
    annotators = of.labels_by_annotator(found)
    return PeopleAgreement(
        model=run.header.model.name,
        exports=tuple(sorted({row.label.export for row in every})),
        annotators=annotators,
        groups=tuple(shares),
        overall=overall,
        **(_reliability(found, seed) if reliable and len(annotators) > 1 else {}),
        controls=tuple(of.control_results(found)),
        accepted_wrong=tuple(of.accepted_wrong(found)),
        predictions=predictions,
        verdicts=tuple(verdicts),
        stale=len(every) - len(found),
        notes=tuple(notes),
    )


def agreement_json(found: PeopleAgreement) -> dict[str, Any]:
    """All of it as plain JSON data; heads by name."""
    plain: dict[str, Any] = _plain(asdict(found))
    return plain


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


def _reliability(found: Sequence[Unblinded], seed: int) -> dict[str, Any]:
    from headscribe.eval.people.agreement import QUESTIONS, answers
    from headscribe.eval.people.reliability import kappas, reliability

    given = {question: answers(found, question) for question in QUESTIONS}
    return {
        "reliability": tuple(reliability(question, given[question], seed) for question in QUESTIONS),
        "kappas": tuple(row for question in QUESTIONS for row in kappas(question, given[question])),
    }


def _predictions(
    run: RunDir, rows: Sequence[Description], accepted: Mapping[Head, float], seed: int
) -> tuple[tuple[Prediction, ...], list[str]]:
    """What predicts people, and what could not be looked at."""
    from headscribe.eval.people.predicting import prediction

    confidence = {row.head: row.outcome.confidence for row in rows if row.outcome.confidence is not None}
    judged, note = _operation_agreement(run)
    predictors = {"confidence": confidence, **judged}
    found = [prediction(name, values, accepted, seed) for name, values in predictors.items() if values]
    notes = [f"No head has a value of: {name}." for name, values in predictors.items() if not values]
    return tuple(found), [*notes, note] if note else notes


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
    found = {"operation agreement, rules judge": head_agreement(judgments, "rules")}
    if header.llm:
        found["operation agreement, LLM judge"] = head_agreement(judgments, "llm")
    return dict(found), "" if header.llm else "No LLM judge was asked (headscribe evaluate --llm)."


def _plain(value: Any) -> Any:
    if isinstance(value, Head):
        return value.name
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
