"""A table made from a record: its schema, and what its reader refuses in one line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.columns import Column
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import Token
from headscribe.store.tables.declared import columns_of
from headscribe.store.tables.table import Table


class Mood(StrEnum):
    GLAD = "glad"
    SAD = "sad"


class Place(NamedTuple):
    row: Annotated[int, Column("its row")]
    seat: Annotated[int, Column("its seat")]


@dataclass(frozen=True, slots=True)
class Guest:
    head: Head
    mood: Annotated[Mood, Column("how it goes")]
    side: Annotated[Literal["left", "right"], Column("where it sits", after="won")]
    token: Annotated[Token, Column("the token on its card")]
    words: Annotated[tuple[Token, ...], Column("the tokens it says", as_long_as="weights")]
    weights: Annotated[tuple[float, ...], Column("of each", type="float32")]
    wins: Annotated[int, Column("share of its games won", name="won", share_of="games")]
    games: Annotated[int, Column("games played", type="int64")]
    secret: str = "kept out"
    drinks: Annotated[tuple[tuple[str, ...], ...], Column("glass by glass")] = ()
    place: Place | None = None
    height: Annotated[float | None, Column("how tall", unit="m")] = None

    @property
    def tall(self) -> Annotated[bool, Column("whether over 2 m", after="head")]:
        return self.height is not None and self.height > 2


GUESTS = Table("guests", Guest, "One row per guest", "Ask them again")
GUEST = Guest(
    Head(3, 1),
    Mood.SAD,
    "left",
    Token(7, " tea"),
    (Token(1, "a"), Token(2, "b")),
    (0.5, -0.25),
    wins=7,
    games=10,
    drinks=(("x",), ("y", "z")),
    place=Place(4, 9),
    height=2.5,
)


def test_columns_stand_where_the_record_says() -> None:
    assert [(column.name, str(column.type)) for column in GUESTS.schema] == [
        ("layer", "int32"),
        ("head", "int32"),
        ("tall", "bool"),
        ("mood", "string"),
        ("token_id", "int32"),
        ("token", "string"),
        ("word_ids", "list<item: int32>"),
        ("words", "list<item: string>"),
        ("weights", "list<item: float>"),
        ("won", "double"),
        ("side", "string"),
        ("games", "int64"),
        ("drinks", "list<item: list<item: string>>"),
        ("row", "int32"),
        ("seat", "int32"),
        ("height", "double"),
    ]


def test_meanings_of_tokens_and_units_are_made() -> None:
    said = {column.name: column.meaning for column in GUESTS.columns}
    assert said["token_id"] == "id of the token on its card"
    assert said["word_ids"] == "ids of the tokens it says"
    assert said["words"] == "their texts"
    assert said["height"] == "how tall (m)"


@settings(deadline=None)
@given(
    st.builds(
        Guest,
        head=st.builds(Head, st.integers(0, 99), st.integers(0, 99)),
        mood=st.sampled_from(Mood),
        side=st.sampled_from(["left", "right"]),
        token=st.builds(Token, st.integers(0, 9), st.text()),
        words=st.just((Token(1, "é"),)),
        weights=st.tuples(st.floats(width=32, allow_nan=False)),
        wins=st.integers(0, 10**6),
        games=st.just(10**6),
        secret=st.just("kept out"),
        drinks=st.lists(st.lists(st.text()).map(tuple)).map(tuple),
        place=st.none() | st.builds(Place, st.integers(0, 9), st.integers(0, 9)),
        height=st.none() | st.floats(allow_nan=False),
    )
)
def test_records_come_back_from_rows(guest: Guest) -> None:
    assert GUESTS.records(GUESTS.rows([guest, GUEST]), Path("x")) == [guest, GUEST]


def test_records_come_back_from_a_file(tmp_path: Path) -> None:
    GUESTS.write(GUESTS.path(tmp_path), [GUEST, GUEST])
    assert list(GUESTS.read(GUESTS.path(tmp_path))) == [GUEST, GUEST]
    assert list(GUESTS.read(GUESTS.path(tmp_path), heads={Head(0, 0)})) == []
    assert list(GUESTS.read_columns(GUESTS.path(tmp_path), ["head", "won"])) == [(1, 0.7)] * 2


def test_columns_that_an_old_file_lacks_read_as_defaults(tmp_path: Path) -> None:
    GUESTS.write(tmp_path / "g.parquet", [GUEST])
    old = pq.read_table(tmp_path / "g.parquet").drop_columns(["height", "drinks", "tall"])
    pq.write_table(old.append_column("later", pa.array(["?"])), tmp_path / "g.parquet")
    (guest,) = GUESTS.read(tmp_path / "g.parquet")
    assert (guest.height, guest.drinks, guest.place, guest.token) == (None, (), Place(4, 9), Token(7, " tea"))


ROW = GUESTS.rows([GUEST])[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mood": "odd"}, "column mood holds 'odd', which is none of glad, sad"),
        ({"side": "up"}, "column side holds 'up', which is none of left, right"),
        ({"layer": None}, "column layer holds a missing value where there must be one"),
        ({"words": None}, "column words holds a missing value"),
        ({"words": ["a", None]}, "column words holds a list with a missing value"),
        ({"words": ["a"]}, "column words holds lists that are not as long as those of word_ids"),
        ({"weights": [0.5]}, "column word_ids holds lists that are not as long as those of weights"),
        ({"weights": [0.5, float("nan")]}, "column weights holds NaN"),
        ({"won": float("nan")}, "column won holds NaN"),
        ({"height": float("nan")}, "column height holds NaN"),
        ({"drinks": [["x", None]]}, "column drinks holds a list with a missing value"),
    ],
)
def test_a_value_that_cannot_be_is_one_line(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "guests.parquet"
    pq.write_table(pa.Table.from_pylist([ROW, ROW | change], GUESTS.schema), path)
    with pytest.raises(BadStore) as caught:
        list(GUESTS.read(path))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "Ask them again" in str(caught.value)
    with pytest.raises(BadStore, match="column"):
        GUESTS.records([ROW | change], path)


@pytest.mark.parametrize("column", ["layer", "mood", "word_ids", "won"])
def test_another_schema_is_one_line(tmp_path: Path, column: str) -> None:
    path = tmp_path / "guests.parquet"
    whole = pa.Table.from_pylist([ROW], GUESTS.schema)
    pq.write_table(whole.drop_columns([column]), path)
    with pytest.raises(BadStore, match=f"a column is missing: {column}"):
        list(GUESTS.read(path))
    at = whole.column_names.index(column)
    pq.write_table(whole.set_column(at, column, pa.array([b"x"])), path)
    with pytest.raises(BadStore, match=f"column {column} holds binary in place of"):
        list(GUESTS.read(path))


def test_rows_of_other_types_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadStore, match="a table cannot be read"):
        GUESTS.records([ROW | {"layer": "three"}], tmp_path)
    with pytest.raises(BadStore):
        GUESTS.records([ROW | {"layer": 10**12}], tmp_path)
    with pytest.raises(BadStore, match="a column is missing: layer"):
        GUESTS.records([{"head": 1}], tmp_path)


def test_a_type_that_no_column_can_hold_is_refused_when_declared() -> None:
    class Odd(NamedTuple):
        values: Annotated[dict[str, int], Column("nothing that a column holds")]

    with pytest.raises(TypeError, match="no column can hold"):
        columns_of(Odd)
