"""Many questions to one open checkpoint get the answers that single probes and dense matrices give."""

from __future__ import annotations

import pytest

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.bench import Bench
from headscribe.mapping.probe import probe
from tests.mapping.memory_checkpoint import in_order, random_checkpoint

FLOAT64 = MapSettings(view="paper", dtype="float64")


@pytest.mark.parametrize("head", [Head(0, 3), Head(2, 1)])
def test_rows_and_sources_are_those_of_probe(head: Head) -> None:
    opened = random_checkpoint(1, padded=(51, 52)).opened()
    bench = Bench(opened, FLOAT64)
    assert bench.rows(head, [9, 4], 3) == probe(opened, FLOAT64, head, [9, 4], top=3)
    for id in (8, 3):
        (found,) = probe(opened, FLOAT64, head, [id], reverse=True, top=6)
        assert bench.sources(head, id, 6) == found.targets


@pytest.mark.parametrize("head", [Head(0, 0), Head(1, 3)])
def test_a_pair_is_promoted_if_its_target_is_among_the_k_largest_of_its_row(head: Head) -> None:
    checkpoint = random_checkpoint(2, padded=(51, 52))
    m = checkpoint.m(head, "raw" if head.layer == 0 else "first-mlp")
    pairs = [(source, target) for source in (5, 9, 5) for target in range(51)]
    kept = list(range(51))
    expected = [
        (target in in_order(m[source], kept)[:4], target in in_order(m[source], kept, largest=False)[:4])
        for source, target in pairs
    ]
    assert Bench(checkpoint.opened(), FLOAT64).among_ends(head, pairs, 4) == expected


def test_padded_rows_take_no_part() -> None:
    bench = Bench(random_checkpoint(3, padded=(51, 52)).opened(), FLOAT64)
    assert (bench.n_targets, bench.takes_part(50), bench.takes_part(51), bench.takes_part(-1)) == (
        51, True, False, False,
    )  # fmt: skip
    with pytest.raises(BadOption):
        bench.rows(Head(0, 0), [51], 3)
