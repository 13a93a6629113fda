"""Records as JSON data."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from headscribe.core.descriptions import Status
from headscribe.core.heads import Head
from headscribe.core.plain import json_data


@dataclass(frozen=True, slots=True)
class Leaf:
    head: Head
    score: float


@dataclass(frozen=True, slots=True)
class Tree:
    leaves: tuple[Leaf, ...]
    by_layer: dict[int, float | None]
    folder: Path
    status: Status


def test_a_record_is_an_object_of_plain_values() -> None:
    tree = Tree(
        (Leaf(Head(1, 2), 0.5), Leaf(Head(0, 3), math.nan)), {2: math.inf, 3: 1}, Path("a/b"), Status.OK
    )
    assert json.loads(json.dumps(json_data(tree), allow_nan=False)) == {
        "leaves": [{"head": "L1H2", "score": 0.5}, {"head": "L0H3", "score": None}],
        "by_layer": {"2": None, "3": 1},
        "folder": "a/b",
        "status": "ok",
    }
