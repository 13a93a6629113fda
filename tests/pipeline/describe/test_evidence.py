"""What describers may see of a head: as before of the paper's view, and taken apart."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from headscribe.agent.describers import RulesDescriber
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.core.records import HeadMap, Mapping
from headscribe.pipeline.describe.comparison_heads import ComparisonHeads
from headscribe.pipeline.describe.evidence import evidence_of, rows_of, with_common
from headscribe.pipeline.describe.identity import work_identity
from tests.agent.parts_rows import constant_part, parts_row, role, token, tokens

ROLES = (role(0, "north", "south west", "one", "two"),)


def taken_apart(head: int = 0) -> TakenApart:
    rows = (
        parts_row(0, "France", "Paris", ranking="salient"),
        parts_row(1, "Japan", "Tokyo", ranking="salient"),
        parts_row(0, "green", "greens", suppressed="red"),
        parts_row(1, "france", "Lyon", members="Nice"),
    )
    return TakenApart(Head(1, head), rows, constant_part("he she"), ROLES)


def test_a_map_of_the_paper_gives_its_rows_and_nothing_else() -> None:
    row = Mapping(0, token(" a"), 1.0, tokens("b c"), (1.0, 0.5))
    assert evidence_of(HeadMap(Head(0, 0), (row,))) == Evidence((row,))
    assert with_common(Evidence((row,)), frozenset({token(" b").id})) == Evidence((row,))


def test_a_head_taken_apart_shows_each_word_once_the_sharpest_first() -> None:
    found = evidence_of(taken_apart())
    assert [row.source.text for row in found.mappings] == [" green", " france", " Japan"]
    assert (found.constant, found.roles) == (constant_part("he she"), ROLES)
    assert rows_of(taken_apart()) == found.mappings


def test_evidence_has_no_field_for_names_scores_or_labels() -> None:
    names = {field.name for field in fields(Evidence)}
    assert names == {"mappings", "contrast", "others", "constant", "roles", "common"}


def test_other_heads_are_shown_by_the_same_rows() -> None:
    heads = [taken_apart(number) for number in range(3)]
    shape = SimpleNamespace(n_layers=2, n_heads=3, n_kv_heads=3)
    seen = dict(ComparisonHeads(shown=1, tested=2).evidence(heads, [Head(1, 0)], shape))
    evidence = seen[Head(1, 0)]
    assert evidence.contrast == (rows_of(heads[1]),)
    assert evidence.others == (rows_of(heads[2]),), "one from each layer, and the map holds this layer alone"
    assert evidence.constant == constant_part("he she")


@pytest.mark.parametrize("shape", [(12, 12, 12), (30, 9, 3), (2, 4, 1), (1, 4, 2), (80, 64, 8), (1, 1, 1)])
def test_false_rows_come_from_the_layers_around_and_never_from_the_same_value_head(shape) -> None:
    model = SimpleNamespace(**dict(zip(("n_layers", "n_heads", "n_kv_heads"), shape, strict=True)))
    group, chosen = model.n_heads // model.n_kv_heads, ComparisonHeads(tested=24)
    for head in {Head(0, 0), Head(model.n_layers // 2, model.n_heads - 1), Head(model.n_layers - 1, 0)}:
        pool = chosen.pool(head, model)
        assert len(pool) == len(set(pool)) <= 24
        assert not any((one.layer, one.head // group) == (head.layer, head.head // group) for one in pool)
        assert all(abs(one.layer - head.layer) <= 2 for one in pool)
        assert set(pool) <= set(chosen.needed([head], model))
        assert len(pool) == 24 or len(pool) >= min(3, model.n_layers) * (model.n_heads - group)


def test_tokens_of_many_heads_are_marked_where_they_stand_in_the_evidence() -> None:
    common = frozenset(one.id for one in tokens("Paris Lyon he two elsewhere"))
    assert with_common(evidence_of(taken_apart()), common).common == {
        one.id for one in tokens("Lyon he two")
    }, "Paris is in no row that is shown"


def test_a_description_rests_on_every_part_of_the_evidence() -> None:
    describer, whole = RulesDescriber(), evidence_of(taken_apart())
    changed = [
        replace(whole, constant=constant_part("he it")),
        replace(whole, roles=()),
        replace(whole, mappings=(replace(whole.mappings[0], row_class=7), *whole.mappings[1:])),
        replace(whole, mappings=(replace(whole.mappings[0], members=tokens("x")), *whole.mappings[1:])),
    ]
    assert len({work_identity(describer, evidence) for evidence in [whole, *changed]}) == 5


def test_a_description_stays_when_further_heads_make_its_tokens_common() -> None:
    describer, whole = RulesDescriber(), evidence_of(taken_apart())
    marked = with_common(whole, frozenset(one.id for one in tokens("Lyon he two")))
    assert marked.common
    assert work_identity(describer, marked) == work_identity(describer, whole)
