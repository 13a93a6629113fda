"""Heads taken apart (definitions 8) of every family, against the plain reference."""

from __future__ import annotations

import pytest
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.parts import PartsMapping, TakenApart
from headscribe.core.settings import MapSettings
from headscribe.mapping.parts.mapper import PartsMapper
from headscribe.mapping.parts.one_head import OneHead
from headscribe.mapping.usable_tokens import usable_tokens
from tests.reference import definitions
from tests.reference.conftest import Case

SETTINGS = MapSettings(view="parts", dtype="float64", salient=9, targets=4)
CLOSE = 1e-4
"""Gemma scales embeddings by a number that transformers rounds."""


def taken_apart(case: Case) -> list[TakenApart]:
    mapper = PartsMapper(case.checkpoint, SETTINGS)
    return [mapper(head.layer, [head.head])[0] for head in case.heads]


def reference(case: Case, head: Head, usable: Tensor) -> definitions.Parts:
    view = "raw" if head.layer == 0 else "residual"
    return definitions.parts(
        definitions.circuit(case.weights, view, *head, fold=True), case.weights.u, usable
    )


def test_every_entry_is_that_of_the_whole_map(case: Case) -> None:
    usable = usable_tokens(case.checkpoint, SETTINGS).mask.nonzero().flatten()
    for found in taken_apart(case):
        parts = reference(case, found.head, usable)
        for row in found.mappings:
            specific, z = parts.specific[row.source.id], parts.standardised[row.source.id]
            for tokens, logits, strengths in (
                (row.targets, row.logits, row.strengths),
                (row.suppressed, row.suppressed_logits, row.suppressed_strengths),
            ):
                ids = [token.id for token in tokens]
                assert set(ids) <= set(usable.tolist())
                assert logits == pytest.approx(specific[ids].tolist(), rel=CLOSE, abs=CLOSE)
                assert strengths == pytest.approx(z[ids].tolist(), rel=CLOSE, abs=CLOSE)
            assert row.strength == pytest.approx(float(z[usable].max()), rel=CLOSE)
            assert row.suppressed_strengths[0] == pytest.approx(float(z[usable].min()), rel=CLOSE)


def test_the_constant_part_is_the_mean_row_with_every_bias(case: Case) -> None:
    usable = usable_tokens(case.checkpoint, SETTINGS).mask.nonzero().flatten()
    for found in taken_apart(case):
        parts, part = reference(case, found.head, usable), found.constant
        shown = parts.constant[usable]
        strengths = (parts.constant - shown.mean()) / shown.std(correction=0)
        assert part.share == pytest.approx(parts.share, rel=CLOSE)
        for tokens, given in ((part.promoted, part.strengths), (part.suppressed, part.suppressed_strengths)):
            assert given == pytest.approx(strengths[[token.id for token in tokens]].tolist(), abs=CLOSE)
        assert part.strengths[0] == pytest.approx(float(strengths[usable].max()), abs=CLOSE)
        assert part.suppressed_strengths[0] == pytest.approx(float(strengths[usable].min()), abs=CLOSE)


def test_the_sharpest_rows_are_those_of_the_largest_entries(case: Case) -> None:
    usable = usable_tokens(case.checkpoint, SETTINGS).mask.nonzero().flatten()
    for found in taken_apart(case):
        largest = reference(case, found.head, usable).standardised[usable][:, usable].max()
        rows: tuple[PartsMapping, ...] = found.ranked("sharpest")
        assert [row.rank for row in rows] == list(range(len(rows)))
        strengths = [row.strength for row in rows]
        assert strengths == sorted(strengths, reverse=True)
        assert strengths[0] == pytest.approx(float(largest), rel=CLOSE)


def test_pairs_and_probes_are_entries_of_the_whole_map(case: Case) -> None:
    usable = usable_tokens(case.checkpoint, SETTINGS).mask.nonzero().flatten()
    for head in case.heads[:2]:
        parts, one = reference(case, head, usable), OneHead(case.checkpoint, SETTINGS, head)
        z = parts.standardised[usable][:, usable]
        for suppressed, sign in ((False, 1), (True, -1)):
            pairs = one.sharpest_pairs(30, suppressed=suppressed)
            largest = (sign * z).flatten().topk(30).values
            assert [sign * pair.strength for pair in pairs] == pytest.approx(largest.tolist(), rel=CLOSE)
            for pair in pairs:
                assert pair.strength == pytest.approx(
                    float(parts.standardised[pair.source.id, pair.target.id])
                )
                assert pair.logit == pytest.approx(float(parts.specific[pair.source.id, pair.target.id]))
        ids = usable[[3, 50, 7]].tolist()
        for row in one.probe(ids, top=4):
            own = parts.standardised[row.token.id]
            assert row.strengths[0] == pytest.approx(float(own[usable].max()), rel=CLOSE)
            assert row.suppressed_strengths[0] == pytest.approx(float(own[usable].min()), rel=CLOSE)
            logits = parts.specific[row.token.id, [token.id for token in row.promoted]]
            assert row.logits == pytest.approx(logits.tolist(), rel=CLOSE, abs=CLOSE)
        for row in one.probe(ids, reverse=True, top=4):
            column = parts.standardised[:, row.token.id]
            assert row.acting == pytest.approx(float(parts.sigma[row.token.id]), rel=CLOSE)
            assert row.percentile == pytest.approx(
                float((parts.sigma[usable] < parts.sigma[row.token.id]).double().mean()), abs=0.01
            )
            assert row.strengths[0] == pytest.approx(float(column[usable].max()), rel=CLOSE)
            logits = parts.specific[[token.id for token in row.promoted], row.token.id]
            assert row.logits == pytest.approx(logits.tolist(), rel=CLOSE, abs=CLOSE)


def test_acting_is_the_root_mean_square_relative_to_the_mean_entry(case: Case) -> None:
    usable = usable_tokens(case.checkpoint, SETTINGS).mask.nonzero().flatten()
    head = case.heads[-1]
    specific = reference(case, head, usable).specific[usable][:, usable]
    relative = specific - specific.mean(1, keepdim=True)
    acting = (relative / relative.square().mean(0).sqrt()).square().mean(1).sqrt()
    place = {id: position for position, id in enumerate(usable.tolist())}
    rows = PartsMapper(case.checkpoint, SETTINGS)(head.layer, [head.head])[0].ranked("salient")
    assert rows[0].saliency == pytest.approx(float(acting.max()), rel=CLOSE)
    for row in rows:
        assert row.saliency == pytest.approx(float(acting[place[row.source.id]]), rel=CLOSE)
