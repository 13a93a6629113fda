"""Heads taken apart (definitions 8) of every family: constant part, rows, strengths, roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from headscribe.core.parts import TakenApart
from headscribe.core.records import Token
from headscribe.core.settings import MapSettings
from headscribe.mapping.parts import mapper
from headscribe.mapping.parts.one_head import OneHead
from tests.reference import definitions
from tests.reference.conftest import Case
from tests.reference.definitions import Parts, in_order, one_per_spelling

N, K = 9, 7
PARTS = MapSettings(view="parts", dtype="float64", salient=N, targets=K)


@dataclass(frozen=True)
class Both:
    """Some heads as the package takes them apart, and as the reference does; S; and the tokens' texts."""

    heads: list[tuple[TakenApart, Parts]]
    usable: Tensor
    texts: list[str]

    def expected(self, values: Tensor, *, largest: bool = True) -> list[int]:
        """The first targets of a row, one per spelling."""
        return one_per_spelling(in_order(values, self.usable, largest=largest).tolist(), self.texts)[:K]


@pytest.fixture(scope="module")
def both(case: Case) -> Both:
    texts = [case.tokenizer.decode([id]) for id in range(len(case.weights.e))]
    special = {id for id, token in case.tokenizer.get_added_tokens_decoder().items() if token.special}
    usable = torch.tensor(
        [id for id, text in enumerate(texts) if text and "\ufffd" not in text and id not in special]
    )
    heads = []
    with pytest.MonkeyPatch.context() as patch:
        # nothing is left to chance: every direction counts as a role
        patch.setattr(mapper, "shares_of_random_heads", lambda *_, **__: torch.zeros(2, 1).double())
        for head in case.heads[:4]:
            (found,) = mapper.PartsMapper(case.checkpoint, PARTS)(head.layer, [head.head])
            c = definitions.circuit(case.weights, "residual" if head.layer else "raw", *head, fold=True)
            heads.append((found, definitions.parts(c, case.weights.u, usable)))
    return Both(heads, usable, texts)


def test_constant_part(both: Both) -> None:
    for found, parts in both.heads:
        shown = parts.constant[both.usable]
        strengths = (parts.constant - shown.mean()) / shown.std(correction=0)
        constant = found.constant
        assert constant.share == pytest.approx(parts.share)
        assert ids(constant.promoted) == both.expected(strengths)
        assert ids(constant.suppressed) == both.expected(strengths, largest=False)
        assert constant.strengths == pytest.approx(strengths[ids(constant.promoted)].tolist())
        assert constant.suppressed_strengths == pytest.approx(strengths[ids(constant.suppressed)].tolist())


def test_salient_rows(both: Both) -> None:
    for found, parts in both.heads:
        rows = found.ranked("salient")
        expected = one_per_spelling(in_order(parts.acting, both.usable).tolist(), both.texts)[:N]
        assert [row.source.id for row in rows] == expected
        assert [row.saliency for row in rows] == pytest.approx(parts.acting[expected].tolist())


def test_sharpest_rows(both: Both) -> None:
    for found, parts in both.heads:
        rows = found.ranked("sharpest")
        if found.constant.exact:  # of a large vocabulary the package looks at some sources
            expected = definitions.sharpest_rows(parts, both.usable, both.texts, N)
            assert [row.source.id for row in rows] == expected


def test_targets_with_their_strengths(both: Both) -> None:
    for found, parts in both.heads:
        for row in found.mappings:
            s, up, down = row.source.id, ids(row.targets), ids(row.suppressed)
            strengths = parts.standardised(s)
            assert up == both.expected(strengths)
            assert down == both.expected(strengths, largest=False)
            assert row.strengths == pytest.approx(strengths[up].tolist())
            assert row.suppressed_strengths == pytest.approx(strengths[down].tolist())
            assert row.logits == pytest.approx(parts.specific(s)[up].tolist())
            assert row.suppressed_logits == pytest.approx(parts.specific(s)[down].tolist())
            chance = definitions.by_chance(parts, s, up[0], len(both.usable))
            assert row.by_chance == pytest.approx(chance, rel=1e-6)


def test_roles(both: Both) -> None:
    for found, parts in both.heads:
        assert len(found.roles) == 6
        for role in found.roles:
            assert role.share == pytest.approx(float(parts.shares[role.role]))
            sources, targets = parts.loadings[:, role.role], parts.moved[role.role]
            sign = 1 if sources.max() >= -sources.min() else -1
            assert role.source_loadings[0] == pytest.approx(float((sign * sources).max()))
            assert role.far_source_loadings[0] == pytest.approx(float((sign * sources).min()))
            assert role.target_loadings[0] == pytest.approx(float((sign * targets).max()))
            assert role.far_target_loadings[0] == pytest.approx(float((sign * targets).min()))


def test_pairs_and_probes(case: Case, both: Both) -> None:
    for found, parts in both.heads[-1:]:
        one, usable = OneHead(case.checkpoint, PARTS, found.head), both.usable
        z = parts.standardised(usable)[:, usable]
        for suppressed, sign in ((False, 1), (True, -1)):
            pairs = one.sharpest_pairs(30, suppressed=suppressed)
            assert [sign * pair.strength for pair in pairs] == pytest.approx(
                (sign * z).flatten().topk(30).values.tolist()
            )
            for pair in pairs:
                s, t = pair.source.id, pair.target.id
                assert pair.strength == pytest.approx(float(parts.standardised(s)[t]))
                assert pair.logit == pytest.approx(float(parts.specific(s)[t]))
        probed = usable[[3, 50, 7]].tolist()
        for row in one.probe(probed, top=4):
            own, up = parts.standardised(row.token.id), ids(row.promoted)
            assert row.strengths[0] == pytest.approx(float(own[usable].max()))
            assert row.suppressed_strengths[0] == pytest.approx(float(own[usable].min()))
            assert row.logits == pytest.approx(parts.specific(row.token.id)[up].tolist())
        for row in one.probe(probed, reverse=True, top=4):
            t, up = row.token.id, torch.tensor(ids(row.promoted))
            assert row.acting == pytest.approx(float(parts.sigma[t]))
            below = (parts.sigma[usable] < parts.sigma[t]).double().mean()
            assert row.percentile == pytest.approx(float(below), abs=0.01)
            assert row.strengths[0] == pytest.approx(float(parts.standardised(usable)[:, t].max()))
            assert row.logits == pytest.approx(parts.specific(up)[:, t].tolist())


def ids(tokens: Sequence[Token]) -> list[int]:
    return [token.id for token in tokens]


def test_pairs_of_ones_own(case: Case, both: Both) -> None:
    for found, parts in both.heads[-1:]:
        one, usable = OneHead(case.checkpoint, PARTS, found.head), both.usable
        chosen = [(int(usable[3]), int(usable[9])), (int(usable[50]), int(usable[3]))]
        sharpest = one.sharpest_pairs(1)[0]
        chosen.append((sharpest.source.id, sharpest.target.id))
        for k in (1, 10):
            for (source, target), (strength, promoted, suppressed) in zip(
                chosen, one.pairs(chosen, k), strict=True
            ):
                row = parts.standardised(source)
                assert strength == pytest.approx(float(row[target]), abs=1e-5)
                assert promoted == (int((row[usable] > row[target]).sum()) < k)
                assert suppressed == (int((row[usable] < row[target]).sum()) < k)
