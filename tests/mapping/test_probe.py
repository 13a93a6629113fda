"""Any tokens through one head, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.probe import probe
from tests.mapping.memory_checkpoint import in_order, random_checkpoint

FLOAT64 = MapSettings(view="paper", dtype="float64")


@pytest.mark.parametrize("head", [Head(0, 3), Head(2, 1)])
def test_a_probe_shows_both_ends_of_the_tokens_rows(head: Head) -> None:
    checkpoint = random_checkpoint(1, padded=(51, 52))
    m = checkpoint.m(head, "raw" if head.layer == 0 else "first-mlp")
    found = probe(checkpoint.opened(), FLOAT64, head, [9, 4, 9], top=3)
    assert [(mapping.rank, mapping.source.text) for mapping in found] == [(0, "9"), (1, "4"), (2, "9")]
    for mapping in found:
        row, kept = m[mapping.source.id], list(range(51))
        assert [token.id for token in mapping.targets] == in_order(row, kept)[:3]
        assert [token.id for token in mapping.suppressed] == in_order(row, kept, largest=False)[:3]


def test_a_probe_agrees_with_the_map_on_salient_tokens() -> None:
    checkpoint = random_checkpoint(2)
    (mapped,) = map_heads(checkpoint.opened(), FLOAT64, [Head(1, 2)])
    ids = [mapping.source.id for mapping in mapped.mappings]
    for one, other in zip(probe(checkpoint.opened(), FLOAT64, Head(1, 2), ids), mapped.mappings, strict=True):
        assert one.saliency == pytest.approx(other.saliency)
        assert one.targets == other.targets
        assert one.logits == pytest.approx(other.logits)


@pytest.mark.parametrize("per_source_norm", [False, True])
def test_a_reverse_probe_shows_both_ends_of_the_tokens_columns(per_source_norm: bool) -> None:
    checkpoint = random_checkpoint(3, padded=(51, 52))
    checkpoint.e[5] = 0
    m = checkpoint.m(Head(1, 1), "first-mlp")
    if per_source_norm:
        m = m / checkpoint.sources("first-mlp").norm(dim=1, keepdim=True)
    kept = [id for id in range(51) if id != 5]
    (found,) = probe(
        checkpoint.opened(), FLOAT64, Head(1, 1), [8], reverse=True, top=60, per_source_norm=per_source_norm
    )
    assert [token.id for token in found.targets] == in_order(m[:, 8], kept)
    assert [token.id for token in found.suppressed] == in_order(m[:, 8], kept, largest=False)
    assert found.logits == pytest.approx(m[[token.id for token in found.targets], 8].tolist())
    write = checkpoint.w_v[1, 0] @ checkpoint.w_o[1, 1] @ checkpoint.u[8]
    assert found.saliency == pytest.approx(float(write.norm() / checkpoint.u[8].norm()))


def test_the_two_directions_give_the_same_entry() -> None:
    checkpoint = random_checkpoint(4)
    (forward,) = probe(checkpoint.opened(), FLOAT64, Head(2, 0), [7], top=53)
    entry = dict(zip((token.id for token in forward.targets), forward.logits, strict=True))
    for backward in probe(checkpoint.opened(), FLOAT64, Head(2, 0), [0, 30], reverse=True, top=53):
        sources = [token.id for token in backward.targets]
        assert backward.logits[sources.index(7)] == pytest.approx(entry[backward.source.id])


@pytest.mark.parametrize(
    ("head", "ids", "reverse", "says"),
    [
        (Head(3, 0), [1], False, "no head L3H0"),
        (Head(0, 4), [1], False, "no head L0H4"),
        (Head(0, 0), [53], False, "no token has the id 53"),
        (Head(0, 0), [-1], True, "no token has the id -1"),
        (Head(0, 0), [20], False, "no token has the id 20"),
        (Head(0, 0), [6], False, "is zero"),
        (Head(0, 0), [2], True, "is zero"),
    ],
)
def test_what_cannot_be_probed_is_one_line(head: Head, ids: list[int], reverse: bool, says: str) -> None:
    checkpoint = random_checkpoint(5, padded=(20, 52))
    checkpoint.e[6] = 0
    checkpoint.u[2] = 0
    with pytest.raises(BadOption, match=says):
        probe(checkpoint.opened(), FLOAT64, head, ids, reverse=reverse)


def test_no_tokens_give_no_rows() -> None:
    checkpoint: Any = random_checkpoint(6)
    assert probe(checkpoint, FLOAT64, Head(0, 0), []) == []
