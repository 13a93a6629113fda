"""Heads taken apart (definitions 8) of every family, against the plain reference."""

from __future__ import annotations

import pytest
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.parts import PartsMapping, TakenApart
from headscribe.core.settings import MapSettings
from headscribe.mapping.parts.mapper import PartsMapper
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
