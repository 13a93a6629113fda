"""Templates on heads taken apart: which version is used, what they show, how many rows fit."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from headscribe.core.errors import BadPrompt
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping
from headscribe.operations import builtin_operations
from headscribe.prompts import estimate_tokens, fitting_reference, load_template
from tests.agent.parts_rows import constant_part, parts_row, role, token, tokens

TEMPLATE = load_template("describe@2")
ROLES = (role(0, "violet crimson", "violets", "autumn", "winter"),)


def evidence(n: int = 3, *, common: str = "") -> Evidence:
    rng = random.Random(n)
    words = [f"w{rng.randrange(10**6)}" for _ in range(7)]
    sharpest = [
        parts_row(at, f"sharp{at}", " ".join(words), suppressed="low", members="beside", row_class=at % 2)
        for at in range(n)
    ]
    salient = [parts_row(at, f"salient{at}", " ".join(words), ranking="salient") for at in range(n)]
    ids = frozenset(one.id for one in tokens(common))
    part = constant_part("he she", "quartz", share=0.314)
    return Evidence((*sharpest, *salient), constant=part, roles=ROLES, common=ids)


def asked(subject: Evidence) -> str:
    """What stands after the instructions, which are the same for every head."""
    text = TEMPLATE.render(subject)[0].content
    return text[text.rindex("\nconstant: share") :]


def test_a_name_without_version_means_what_the_map_can_fill_in() -> None:
    assert fitting_reference("describe", parts=False) == "describe@1"
    assert load_template(fitting_reference("describe", parts=True)).reference == "describe@2"
    assert fitting_reference("describe@1", parts=True) == "describe@1"
    assert fitting_reference("contrast", parts=False) == "contrast@1"
    assert fitting_reference("predict", parts=False) == "predict"
    with pytest.raises(BadPrompt, match="describe@2 needs the parts of heads"):
        fitting_reference("describe@2", parts=False)


def test_a_head_that_was_not_taken_apart_cannot_fill_it_in() -> None:
    rows = (Mapping(0, token(" a"), 1.0, tokens("b"), (1.0,)),)
    with pytest.raises(BadPrompt, match="parts of a head"):
        TEMPLATE.render(Evidence(rows))


def test_every_part_is_shown_and_rows_of_a_class_stand_together() -> None:
    text = asked(evidence(common="he w0 winter"))
    assert 'share 31%, raises [" he", " she"], lowers [" quartz"]' in text
    assert 'common: [" he", " winter"]' in text
    assert '[" violet", " crimson"] -> [" violets"]; opposite: [" autumn"] -> [" winter"]' in text
    places = [
        text.index(f'" {source}" (7.0') for source in ("sharp0", "sharp2", "sharp1", "salient0", "salient2")
    ]
    assert places == sorted(places)
    assert '; also [" beside"]) -> [' in text
    assert 'lowers [" low"]' in text


def test_as_many_rows_are_shown_as_the_budget_has_room_for() -> None:
    sizes = [estimate_tokens(asked(evidence(n))) for n in (20, 60, 200)]
    assert sizes[1] == pytest.approx(sizes[2], rel=0.03)
    assert max(sizes) < 4000
    assert '" sharp0"' in asked(evidence(200))
    assert '" salient0"' in asked(evidence(200))


def test_its_examples_are_in_no_operation_and_the_instructions_come_first() -> None:
    first, second = (TEMPLATE.render(evidence(n))[0].content for n in (3, 4))
    same = next(at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    assert estimate_tokens(first[:same]) > 900
    known = {(a.casefold(), b.casefold()) for one in builtin_operations() for a, b in one.pairs}
    assert not known & {("piano", "pianist"), ("drum", "drummer"), ("harp", "harpist")}


@pytest.mark.parametrize("name", ["contrast", "suppression"])
def test_every_describing_template_has_a_version_for_parts(name: str) -> None:
    other = (Mapping(0, token(" other"), 1.0, tokens("elsewhere"), (1.0,)),)
    text = load_template(f"{name}@2").render(replace(evidence(), contrast=(other,)))[0].content
    shown = text[text.rindex("The tokens are JSON strings") :]
    assert "share 31%" in shown
    assert '" sharp0" (7.0' in shown
    assert ('" other" -> [" elsewhere"]' in shown) == (name == "contrast")
    assert "The right description" in text
    assert "name the class" in text
