"""A head's top pairs, and source tokens ranked by them, against M multiplied out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.settings import Dtype, MapSettings
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.probe import probe
from headscribe.mapping.source_view import view_of_layer
from headscribe.mapping.top_pairs import top_pairs
from tests.mapping.memory_checkpoint import MemoryCheckpoint, random_checkpoint

FLOAT64 = MapSettings(view="paper", dtype="float64")


def every_pair(
    checkpoint: MemoryCheckpoint, head: Head, wanted: MapSettings, *, largest: bool = True
) -> list[tuple[int, int]]:
    """All pairs that take part, in order, from M in full."""
    view = view_of_layer(wanted, head.layer)
    m, e = checkpoint.m(head, view), checkpoint.sources(view)
    padded = set(checkpoint.vocabulary.padded) if wanted.padded_rows == "drop" else set()
    kept = [id for id in range(len(e)) if id not in padded]
    sign = -1 if largest else 1
    pairs = [(s, t) for s in kept if e[s].norm() > 0 for t in kept]
    return sorted(pairs, key=lambda pair: (sign * float(m[pair]), *pair))


@pytest.mark.parametrize("suppressed", [False, True])
@pytest.mark.parametrize("view", ["auto", "raw", "first-mlp"])
@pytest.mark.parametrize("head", [Head(0, 3), Head(2, 1)])
def test_top_pairs_are_the_largest_entries_of_the_map(head: Head, view: str, suppressed: bool) -> None:
    checkpoint = random_checkpoint(1, padded=(20, 51, 52))
    checkpoint.e[5] = 0
    wanted = FLOAT64.model_copy(update={"source_view": view})
    found = top_pairs(checkpoint.opened(), wanted, head, 60, suppressed=suppressed)
    expected = every_pair(checkpoint, head, wanted, largest=not suppressed)[:60]
    assert [(pair.source.id, pair.target.id) for pair in found] == expected
    m = checkpoint.m(head, view_of_layer(wanted, head.layer))
    assert [pair.logit for pair in found] == pytest.approx([float(m[pair]) for pair in expected])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    groups=st.sampled_from([(1, 1), (3, 1), (4, 2)]),
    top=st.sampled_from([1, 13, 10_000]),
    padded=st.sampled_from([(), (0, 7), (12, 13)]),
    rows=st.sampled_from(["drop", "keep"]),
    suppressed=st.booleans(),
)
def test_equal_pairs_go_by_source_then_target(
    *, seed: int, groups: tuple[int, int], top: int, padded: tuple[int, ...], rows: str, suppressed: bool
) -> None:
    checkpoint = random_checkpoint(
        seed, vocab=14, heads=groups[0], kv_heads=groups[1], whole=True, padded=padded
    )
    wanted = FLOAT64.model_copy(update={"padded_rows": rows})
    for head in checkpoint.heads:
        found = top_pairs(checkpoint.opened(), wanted, head, top, suppressed=suppressed)
        expected = every_pair(checkpoint, head, wanted, largest=not suppressed)[:top]
        assert [(pair.source.id, pair.target.id) for pair in found] == expected


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_probe_gives_the_same_entries_up_to_rounding(dtype: Dtype) -> None:
    checkpoint, wanted = random_checkpoint(2), MapSettings(view="paper", dtype=dtype)
    for pair in top_pairs(checkpoint.opened(), wanted, Head(1, 2), 5):
        (row,) = probe(checkpoint.opened(), wanted, Head(1, 2), [pair.source.id], top=53)
        entry = row.logits[row.targets.index(pair.target)]
        assert pair.logit == pytest.approx(entry, rel=1e-5 if dtype == "float32" else 0.05)


@pytest.mark.parametrize("padded", [(), (51, 52)])
def test_a_map_by_pairs_shows_the_sources_of_the_top_pairs(padded: tuple[int, ...]) -> None:
    checkpoint = random_checkpoint(3, padded=padded)
    checkpoint.e[4] = 0
    wanted = FLOAT64.model_copy(update={"salient": 8, "rank_by": "pairs"})
    by_saliency = {
        (found.head, row.source): row
        for found in map_heads(
            checkpoint.opened(), FLOAT64.model_copy(update={"salient": 53}), checkpoint.heads
        )
        for row in found.mappings
    }
    for found in map_heads(checkpoint.opened(), wanted, checkpoint.heads):
        ordered = every_pair(checkpoint, found.head, wanted)
        assert [row.source.id for row in found.mappings] == list(dict.fromkeys(s for s, _ in ordered))[:8]
        assert [row.logits[0] for row in found.mappings] == sorted(
            (row.logits[0] for row in found.mappings), reverse=True
        )
        for row in found.mappings:
            other = by_saliency[found.head, row.source]
            assert (row.targets, row.suppressed) == (other.targets, other.suppressed)
            assert row.saliency == pytest.approx(other.saliency)


def test_a_head_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BadOption, match="no head L3H0"):
        top_pairs(random_checkpoint(4).opened(), FLOAT64, Head(3, 0))


def test_numbers_that_overflow_are_one_line() -> None:
    checkpoint = random_checkpoint(5)
    checkpoint.w_v *= 1e4
    checkpoint.e *= 1e2
    with pytest.raises(BadOption, match="numbers overflow"):
        top_pairs(checkpoint.opened(), MapSettings(view="paper", dtype="float16"), Head(0, 0))
