"""A real head's lift with scripted readers: what they know of the world is theirs, of the head what is said.

L23H4 of the pretrained model promotes other words of a source's country.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.readers import RELATED, RIGHT, WRONG, Reader, always_a, as_call, ideal, related
from headscribe.agent.verified import Verified
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.pipeline.describe.comparison_heads import TESTED_HEADS, ComparisonHeads
from headscribe.prompts import load_template

pytestmark = pytest.mark.real

HEAD = Head(23, 4)
ASKING = DescribeSettings(test=60, interval=0.3, max_items=300)


@pytest.fixture(scope="module")
def evidence(real_model: Path) -> Evidence:
    checkpoint, chosen = open_checkpoint(str(real_model)), ComparisonHeads(tested=TESTED_HEADS)
    needed = chosen.needed([HEAD], checkpoint.facts)
    head_maps = map_heads(checkpoint, MapSettings(salient=60), needed)
    ((_, found),) = chosen.evidence(head_maps, [HEAD], checkpoint.facts)
    return found


def outcome_of(evidence: Evidence, reader: Reader, description: str, seed: int = 0) -> Outcome:
    asking = ASKING.model_copy(update={"split_seed": seed})
    verified = Verified.shipped(load_template("describe"), asking)
    said = Outcome(Status.OK, description=description)
    return asyncio.run(verified.test(said, evidence, as_call(reader)))


@pytest.mark.parametrize("seed", range(4))
def test_the_right_description_has_a_large_lift_with_a_reader_who_applies_it(
    evidence: Evidence, seed: int
) -> None:
    found = outcome_of(evidence, ideal, RIGHT, seed)
    assert found.confidence is not None
    assert found.confidence >= 0.6
    assert found.confidence_low is not None
    assert found.confidence_high is not None
    assert found.confidence_low > 0.4
    assert found.confidence_high - found.confidence_low <= 0.35
    assert found.tested.null_accuracy is not None
    assert found.tested.null_accuracy > 0.55, "much of it can be answered without any description"


def test_the_interval_of_the_right_description_becomes_as_narrow_as_asked_for(evidence: Evidence) -> None:
    found = outcome_of(evidence, ideal, RIGHT)
    assert found.confidence_high is not None
    assert found.confidence_low is not None
    assert found.confidence_high - found.confidence_low <= 0.3


@pytest.mark.parametrize("reader", [ideal, related, always_a])
def test_related_words_add_nothing_to_what_any_reader_knows(evidence: Evidence, reader: Reader) -> None:
    found = outcome_of(evidence, reader, RELATED)
    assert found.confidence == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("reader", [ideal, related, always_a])
def test_a_wrong_description_adds_nothing(evidence: Evidence, reader: Reader) -> None:
    found = outcome_of(evidence, reader, WRONG)
    assert found.confidence is not None
    assert found.confidence <= 0.05


@pytest.mark.parametrize("description", [RIGHT, WRONG])
@pytest.mark.parametrize("reader", [related, always_a])
def test_readers_who_ignore_what_they_are_told_give_no_description_a_lift(
    evidence: Evidence, reader: Reader, description: str
) -> None:
    assert outcome_of(evidence, reader, description).confidence == pytest.approx(0, abs=0.1)
