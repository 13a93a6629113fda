from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap
from headscribe.store.map.map_dir import MapDir
from tests.store.samples import MODEL, head_map, map_header, score

MAPS = [head_map(0, 2), head_map(1, 0), head_map(1, 1)]
SCORES = [score(0, 2), score(1, 0, "copying")]


def test_a_map_is_read_back_table_by_table(tmp_path: Path) -> None:
    MapDir.write(tmp_path / "m", map_header(), MAPS, SCORES)
    opened = MapDir.open(tmp_path / "m")
    assert opened.mapped_heads() == {Head(0, 2), Head(1, 0), Head(1, 1)}
    assert [one.head for one in opened.iter_head_maps({Head(1, 1), Head(0, 2)})] == [Head(0, 2), Head(1, 1)]
    assert opened.mappings_of(Head(1, 0)).mappings[0].source == MAPS[1].mappings[0].source
    assert opened.scores() == SCORES
    assert opened.scored_heads() == {"country_to_capital": {Head(0, 2)}, "copying": {Head(1, 0)}}
    assert opened.header.mappings is not None
    assert opened.header.mappings.rows == 6
    with pytest.raises(BadStore, match="L1H2"):
        opened.mappings_of(Head(1, 2))


def test_the_content_hash_follows_the_content_alone(tmp_path: Path) -> None:
    first = MapDir.write(tmp_path / "a", map_header(), MAPS, SCORES)
    later = MapDir.write(
        tmp_path / "b", map_header(started_at="2030-01-01T00:00:00+00:00", command="x"), MAPS, SCORES
    )
    other = MapDir.write(tmp_path / "c", map_header(), [*MAPS[:2], head_map(1, 1, " Spain")], SCORES)
    weights = map_header(model=MODEL.model_copy(update={"weights_hash": "sha256:other"}))
    assert first.content_hash == later.content_hash == MapDir.open(tmp_path / "a").content_hash
    assert len({first.content_hash, other.content_hash}) == 2
    assert MapDir.write(tmp_path / "d", weights, MAPS, SCORES).content_hash != first.content_hash


def test_scores_can_be_added_later_and_leave_the_mappings(tmp_path: Path) -> None:
    made = MapDir.write(tmp_path / "m", map_header(), MAPS)
    assert made.scores() == []
    (tmp_path / "m" / "correlation.parquet").write_bytes(b"kept")
    MapDir.write(tmp_path / "m", made.header, scores=SCORES)
    opened = MapDir.open(tmp_path / "m")
    assert opened.scores() == SCORES
    assert opened.mapped_heads() == made.mapped_heads()
    assert (tmp_path / "m" / "correlation.parquet").read_bytes() == b"kept"


def test_scores_without_mappings_say_so(tmp_path: Path) -> None:
    made = MapDir.write(tmp_path / "m", map_header(), scores=SCORES)
    with pytest.raises(BadStore, match="scores only"):
        made.head_maps()


def test_an_error_while_mapping_leaves_nothing_or_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[HeadMap]:
        yield MAPS[0]
        raise RuntimeError("NaN")

    with pytest.raises(RuntimeError):
        MapDir.write(tmp_path / "m", map_header(), broken())
    assert list(tmp_path.iterdir()) == []
    made = MapDir.write(tmp_path / "m", map_header(), MAPS)
    with pytest.raises(RuntimeError):
        MapDir.write(tmp_path / "m", map_header(), broken())
    assert MapDir.open(tmp_path / "m") == made
    assert list(tmp_path.iterdir()) == [tmp_path / "m"]


def test_what_is_no_map_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BadStore, match="not empty"):
        MapDir.exists(tmp_path)
    with pytest.raises(BadStore, match="a file, not a map folder"):
        MapDir.exists(tmp_path / "thesis.tex")
    assert MapDir.exists(tmp_path / "new") is False
