"""The map of heads: salient sources, promoted and suppressed targets, what is left out, and at what size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.salience import saliency
from headscribe.mapping.scores import score_heads
from headscribe.mapping.source_view import SourceTable, VocabularyRows, view_of_layer
from headscribe.mapping.targets import extreme_targets
from headscribe.operations import Operation
from tests.mapping.memory_checkpoint import MemoryCheckpoint, in_order, random_checkpoint

FLOAT64 = MapSettings(view="paper", salient=6, targets=4, dtype="float64")
SHAPES = [
    {"heads": 4, "kv_heads": 4},
    {"heads": 4, "kv_heads": 2},
    {"heads": 6, "kv_heads": 1, "d_head": 5},
    {"heads": 2, "kv_heads": 2, "d_head": 13},  # a head wider than the model
]


def expected_mappings(
    checkpoint: MemoryCheckpoint, head: Head, view: str, wanted: MapSettings
) -> list[tuple[int, float, list[int], list[int]]]:
    """Source, saliency, targets and suppressed targets of a head, from the matrix M in full."""
    norms = wanted.folding
    e, matrix = checkpoint.sources(view, norms), checkpoint.matrix(head, view, norms)
    m = checkpoint.m(head, view, norms)
    padded = set(checkpoint.vocabulary.padded) if wanted.padded_rows == "drop" else set()
    kept = [id for id in range(len(e)) if id not in padded]
    ratio = matrix.norm(dim=1) / e.norm(dim=1)
    salient = in_order(ratio, [id for id in kept if e[id].norm() > 0])[: wanted.salient]
    ends = [(in_order(m[s], kept), in_order(m[s], kept, largest=False)) for s in salient]
    return [
        (s, float(ratio[s]), up[: wanted.targets], down[: wanted.targets])
        for s, (up, down) in zip(salient, ends, strict=True)
    ]


def assert_equals_definition(checkpoint: MemoryCheckpoint, wanted: MapSettings) -> None:
    maps = list(map_heads(checkpoint.opened(), wanted, checkpoint.heads))
    assert [found.head for found in maps] == checkpoint.heads
    for found in maps:
        view = view_of_layer(wanted, found.head.layer)
        expected = expected_mappings(checkpoint, found.head, view, wanted)
        assert [mapping.rank for mapping in found.mappings] == list(range(len(expected)))
        m = checkpoint.m(found.head, view, wanted.folding)
        for mapping, (source, ratio, targets, suppressed) in zip(found.mappings, expected, strict=True):
            assert mapping.source.id == source
            assert mapping.saliency == pytest.approx(ratio)
            assert [token.id for token in mapping.targets] == targets
            assert [token.id for token in mapping.suppressed] == suppressed
            assert mapping.logits == pytest.approx(m[source, targets].tolist())
            assert mapping.suppressed_logits == pytest.approx(m[source, suppressed].tolist())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("source_view", ["auto", "raw", "first-mlp", "residual"])
@pytest.mark.parametrize("norms", ["leave", "fold"])
def test_the_map_is_what_the_definition_gives_when_multiplied_out(
    shape: Any, source_view: Any, norms: Any
) -> None:
    checkpoint = random_checkpoint(1, **shape)
    wanted = FLOAT64.model_copy(update={"source_view": source_view, "norms": norms})
    assert_equals_definition(checkpoint, wanted)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    vocab=st.integers(1, 40),
    d_model=st.integers(2, 9),  # with one dimension every row is equally salient
    d_head=st.integers(1, 9),
    groups=st.sampled_from([(1, 1), (3, 3), (3, 1), (4, 2)]),
    salient=st.integers(1, 50),
    padded=st.sets(st.integers(0, 39), max_size=6),
)
def test_the_map_holds_for_any_shape(
    seed: int, vocab: int, d_model: int, d_head: int, groups: tuple[int, int], salient: int, padded: set[int]
) -> None:
    rows = tuple(sorted(id for id in padded if id < vocab - 1))
    heads, kv_heads = groups
    checkpoint = random_checkpoint(
        seed,
        vocab=vocab,
        layers=1,
        heads=heads,
        kv_heads=kv_heads,
        d_model=d_model,
        d_head=d_head,
        padded=rows,
    )
    assert_equals_definition(checkpoint, FLOAT64.model_copy(update={"salient": salient}))


def test_a_planted_permutation_is_what_the_head_shows() -> None:
    vocab = 12
    permutation = torch.tensor([3, 0, 5, 1, 2, 4, 7, 6, 11, 8, 9, 10])
    e = torch.eye(vocab).double() * torch.linspace(1, 3, vocab)[:, None].double()
    w_v = torch.randn(1, 1, vocab, vocab, generator=torch.Generator().manual_seed(0)).double()
    write = torch.eye(vocab).double()[permutation]
    checkpoint = MemoryCheckpoint(
        e=e, u=torch.eye(vocab).double(), w_v=w_v, w_o=(torch.linalg.inv(w_v[0, 0]) @ write)[None, None],
        mlp=torch.eye(vocab).double(),
    )  # fmt: skip
    (found,) = map_heads(checkpoint.opened(), FLOAT64.model_copy(update={"salient": vocab}), [Head(0, 0)])
    assert {mapping.source.id: mapping.targets[0].id for mapping in found.mappings} == dict(
        enumerate(permutation.tolist())
    )
    assert [mapping.saliency for mapping in found.mappings] == pytest.approx([1.0] * vocab)


def test_layer_0_reads_the_embedding_and_later_layers_the_first_mlp() -> None:
    auto = MapSettings(view="paper")
    assert [view_of_layer(auto, layer) for layer in range(3)] == ["raw", "first-mlp", "first-mlp"]
    assert view_of_layer(MapSettings(source_view="first-mlp"), 0) == "first-mlp"


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), view=st.sampled_from(["raw", "residual"]))
def test_norm_weights_are_factors_of_the_weights_they_are_folded_into(seed: int, view: Any) -> None:
    checkpoint = random_checkpoint(seed, layers=2)
    assert checkpoint.front is not None
    assert checkpoint.final is not None
    multiplied = replace(
        checkpoint,
        w_v=checkpoint.w_v * checkpoint.front[:, None, :, None],
        w_o=checkpoint.w_o * checkpoint.final,
        front=None,
        final=None,
    )
    wanted = FLOAT64.model_copy(update={"norms": "fold", "source_view": view})
    maps, same = (map_heads(some.opened(), wanted, checkpoint.heads) for some in (checkpoint, multiplied))
    assert list(maps) == list(same)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(0.01, 100))
def test_a_change_of_basis_and_a_scaled_embedding_change_nothing_once_norms_are_folded(
    seed: int, factor: float
) -> None:
    checkpoint = replace(random_checkpoint(seed, layers=1), front=None, final=None)
    d_model = checkpoint.e.shape[1]
    random = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(d_model, d_model, generator=random, dtype=torch.float64)).Q
    turned = replace(
        checkpoint,
        e=factor * checkpoint.e @ turn,
        u=checkpoint.u @ turn,
        w_v=turn.T @ checkpoint.w_v,
        w_o=checkpoint.w_o @ turn,
    )
    wanted = FLOAT64.model_copy(update={"norms": "fold", "source_view": "raw"})
    maps, same = (map_heads(some.opened(), wanted, checkpoint.heads) for some in (checkpoint, turned))
    for one, other in zip(maps, same, strict=True):
        for row, its in zip(one.mappings, other.mappings, strict=True):
            assert (row.source, row.targets, row.suppressed) == (its.source, its.targets, its.suppressed)
            assert row.logits == pytest.approx(its.logits, rel=1e-4)
            assert row.saliency == pytest.approx(its.saliency, rel=1e-4)


@pytest.mark.parametrize("choice", ["drop", "keep"])
def test_padded_rows_take_part_only_on_request(choice: Any) -> None:
    padded = (4, 20, 50, 51, 52)
    checkpoint = random_checkpoint(2, padded=padded)
    wanted = FLOAT64.model_copy(update={"padded_rows": choice, "salient": 53})
    assert_equals_definition(checkpoint, wanted)
    maps = map_heads(checkpoint.opened(), wanted, checkpoint.heads)
    sources = {mapping.source.id for found in maps for mapping in found.mappings}
    assert sources.isdisjoint(padded) == (choice == "drop")
    assert maps.counts.padded_dropped == (5 if choice == "drop" else 0)
    assert maps.counts.rows == 53


def test_zero_rows_are_dropped_as_sources_counted_and_never_nan() -> None:
    checkpoint = random_checkpoint(3)
    checkpoint.e[[0, 17]] = 0
    maps = map_heads(checkpoint.opened(), FLOAT64.model_copy(update={"salient": 53}), checkpoint.heads)
    for found in maps:
        assert len(found.mappings) == 51
        assert {mapping.source.id for mapping in found.mappings}.isdisjoint({0, 17})
        assert all(mapping.saliency == mapping.saliency for mapping in found.mappings)
    assert maps.counts.zero_dropped == {"raw": 2, "first-mlp": 2}


def test_a_head_of_zeros_has_mappings_in_order_of_id() -> None:
    checkpoint = random_checkpoint(4, layers=1)
    checkpoint.w_o[0, 1] = 0
    (found,) = map_heads(checkpoint.opened(), FLOAT64, [Head(0, 1)])
    assert [mapping.source.id for mapping in found.mappings] == [0, 1, 2, 3, 4, 5]
    assert [token.id for token in found.mappings[0].targets] == [0, 1, 2, 3]
    assert [token.id for token in found.mappings[0].suppressed] == [0, 1, 2, 3]


def test_equal_entries_go_by_ascending_id_at_both_ends() -> None:
    checkpoint = random_checkpoint(5, vocab=300, d_model=4, d_head=2, layers=1, whole=True)
    rows = VocabularyRows(300, (7,), 1)
    values = checkpoint.e[:40] @ checkpoint.w_v[0, 0]
    m = checkpoint.m(Head(0, 0), "raw")[:40]
    kept = [id for id in range(300) if id != 7]
    assert any(len(set(row.topk(20).values.tolist())) < 20 for row in m)
    for width in (1, 13, 64, 300, None):
        ends = extreme_targets(values[None], checkpoint.w_o[0, :1], checkpoint.u, 20, rows, width)
        for row, up, down in zip(m, ends.promoted_ids.tolist(), ends.suppressed_ids.tolist(), strict=True):
            assert up == in_order(row, kept)[:20]
            assert down == in_order(row, kept, largest=False)[:20]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_size_of_a_block_changes_nothing(shape: Any) -> None:
    checkpoint = random_checkpoint(6, **shape)
    ov, vectors = checkpoint.ov(1, torch.float64), checkpoint.sources("raw")
    table = SourceTable("raw", vectors, vectors.norm(dim=1), torch.ones(53, dtype=torch.bool), ())
    whole = saliency(table, ov, [0, 1], block=53)
    for block in (1, 7, 52):
        assert torch.allclose(saliency(table, ov, [0, 1], block=block), whole, rtol=1e-12)


def test_heads_may_be_any_selection_in_any_order() -> None:
    checkpoint = random_checkpoint(7)
    everything = {found.head: found for found in map_heads(checkpoint.opened(), FLOAT64, checkpoint.heads)}
    chosen = [Head(2, 3), Head(0, 1), Head(2, 0), Head(2, 1), Head(0, 1)]
    found = list(map_heads(checkpoint.opened(), FLOAT64, chosen))
    assert [one.head for one in found] == sorted(set(chosen))
    for one in found:
        expected = everything[one.head]
        assert [m.source for m in one.mappings] == [m.source for m in expected.mappings]
        assert [m.targets for m in one.mappings] == [m.targets for m in expected.mappings]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_other_arithmetic_gives_nearby_numbers(dtype: Any) -> None:
    checkpoint = random_checkpoint(8, layers=1)
    exact = list(map_heads(checkpoint.opened(), FLOAT64, checkpoint.heads))
    rounded = list(
        map_heads(checkpoint.opened(), FLOAT64.model_copy(update={"dtype": dtype}), checkpoint.heads)
    )
    tolerance = 1e-5 if dtype == "float32" else 0.03
    for one, other in zip(exact, rounded, strict=True):
        assert other.mappings[0].saliency == pytest.approx(one.mappings[0].saliency, rel=tolerance)


def test_an_unknown_device_is_one_line_with_what_to_do() -> None:
    checkpoint = random_checkpoint(9)
    for device in ("tpu9", "meta", "cuda:77"):
        with pytest.raises(BadOption, match="--device"):
            map_heads(checkpoint.opened(), MapSettings(device=device), checkpoint.heads)


class Shapes(TorchDispatchMode):
    """Notes the shape of every tensor that any torch operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[int, ...]] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor):
                self.seen.add(tuple(value.shape))
        return result


def test_no_matrix_of_width_by_width_or_vocabulary_by_vocabulary_is_ever_made() -> None:
    vocab, d_model = 3001, 37
    checkpoint = random_checkpoint(10, vocab=vocab, d_model=d_model, heads=6, d_head=5, layers=2)
    operation = Operation("pairs", "any", 1, "", "", None, tuple((str(n), str(n + 1)) for n in range(900)))
    with Shapes() as shapes:
        list(map_heads(checkpoint.opened(), MapSettings(view="paper", source_view="raw"), checkpoint.heads))
        score_heads(
            checkpoint.opened(), MapSettings(view="paper", source_view="raw"), [operation], checkpoint.heads
        )
    assert shapes.seen
    for shape in shapes.seen:
        assert sum(size >= vocab for size in shape) <= 1
        assert shape.count(d_model) <= 1
        assert torch.Size(shape).numel() <= 1_000_000
