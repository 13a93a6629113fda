"""A map of heads taken apart: what is written is what was computed, and comes back whole."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps
from headscribe.core.parts import TakenApart
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.pipeline import MapDir, map_model, score_model
from headscribe.store.map.kept_layers import KeptLayers
from tests.pipeline.conftest import Listening

SETTINGS = MapSettings(view="parts", salient=5)
HEADS = [Head(1, 0), Head(1, 2)]


def said(one: TakenApart) -> object:
    """Everything but the numbers, which files keep as float32."""
    rows = [
        (row.ranking, row.rank, row.source, row.targets, row.suppressed, row.members, row.row_class)
        for row in one.mappings
    ]
    roles = [
        (role.role, role.sources, role.targets, role.far_sources, role.far_targets) for role in one.roles
    ]
    return one.head, rows, one.constant.promoted, one.constant.suppressed, roles


def test_what_was_computed_comes_back(model: str, tmp_path: Path) -> None:
    made = map_model(model, tmp_path / "map", SETTINGS, heads="L1H0,L1H2")
    computed = list(map_heads(open_checkpoint(model), SETTINGS, HEADS))
    found = MapDir.open(tmp_path / "map").head_maps()
    assert all(isinstance(one, TakenApart) for one in (*found, *computed))
    assert [said(one) for one in found if isinstance(one, TakenApart)] == [
        said(one) for one in computed if isinstance(one, TakenApart)
    ]
    assert [row.strengths for row in found[0].mappings] == [  # type: ignore[attr-defined]
        pytest.approx(row.strengths)
        for row in computed[0].mappings  # type: ignore[attr-defined]
    ]
    header = made.header
    assert header.constants is not None
    assert header.roles is not None
    assert header.constants.rows == len(HEADS)
    assert pq.read_table(tmp_path / "map" / "roles.parquet").num_rows == header.roles.rows


def test_heads_are_added_to_a_map_in_parts(model: str, tmp_path: Path, listening: Listening) -> None:
    map_model(model, tmp_path / "map", SETTINGS, heads="L1H2")
    added = map_model(model, tmp_path / "map", SETTINGS, heads="L1H0,L1H2", progress=listening)
    assert listening.stages == [("map", 1)]
    assert [one.head for one in added.iter_head_maps()] == HEADS
    assert added.mappings_of(Head(1, 2)) == MapDir.open(tmp_path / "map").mappings_of(Head(1, 2))


def test_a_kept_layer_is_the_layer(model: str, tmp_path: Path) -> None:
    made = map_model(model, tmp_path / "map", SETTINGS, heads="L1H0,L1H2")
    layer = tuple(made.head_maps())
    with KeptLayers(tmp_path / "other") as kept:
        kept.keep_maps("some identity", LayerMaps(1, layer, {"padded": 3}))
        found = kept.maps("some identity", 1, HEADS)
    assert found is not None
    assert found.maps == layer
    assert found.dropped == {"padded": 3}


def test_the_paper_s_map_has_none_of_it(model: str, tmp_path: Path) -> None:
    paper = MapSettings(view="paper", salient=5)
    made = map_model(model, tmp_path / "map", paper, heads="L1H0")
    assert {path.name for path in (tmp_path / "map").iterdir()} == {"map.json", "mappings.parquet"}
    assert "ranking" not in pq.read_schema(tmp_path / "map" / "mappings.parquet").names
    assert (made.header.constants, made.header.roles) == (None, None)


def test_scoring_a_map_in_parts_leaves_its_heads_taken_apart(
    model: str, operations: Path, tmp_path: Path
) -> None:
    settings = MapSettings(view="parts", salient=4)
    made = map_model(model, tmp_path / "m", settings)
    scored = score_model(model, tmp_path / "m", settings, operations=[operations])
    assert MapDir.open(tmp_path / "m").head_maps() == made.head_maps()
    assert (scored.header.constants, scored.header.roles) == (made.header.constants, made.header.roles)


def test_a_ranking_of_the_paper_s_map_is_refused(model: str, tmp_path: Path) -> None:
    by_pairs = SETTINGS.model_copy(update={"rank_by": "pairs"})
    with pytest.raises(BadOption, match="--rank-by pairs"):
        map_model(model, tmp_path / "map", by_pairs, heads="L1H0")


def test_a_map_of_the_paper_s_view_is_gone_on_with_in_that_view_alone(model: str, tmp_path: Path) -> None:
    paper = MapSettings(view="paper", salient=5)
    made = map_model(model, tmp_path / "map", paper, heads="L1H0")
    with pytest.raises(BadStore, match="its view is paper, not parts"):
        map_model(model, tmp_path / "map", MapSettings(salient=5), heads="L1")
    assert MapDir.open(tmp_path / "map").content_hash == made.content_hash
    more = map_model(model, tmp_path / "map", paper, heads="L1H0,L1H2")
    assert sorted(more.mapped_heads()) == HEADS
