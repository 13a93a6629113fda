"""Tables of heads taken apart: lists that belong together are equally long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.store.map.parts import PARTS_MAPPINGS, HeadPartsMapping
from tests.agent.parts_rows import parts_row

ROW = parts_row(0, "one", "two three", suppressed="four five six")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strengths": (7.0,)}, "strengths holds lists that are not as long as those of logits"),
        ({"own_spelling": (True,) * 3}, "own_spelling holds lists that are not as long as those of logits"),
        ({"suppressed_strengths": ()}, "suppressed_strengths holds lists that are not as long as those of"),
        ({"suppressed_own_spelling": ()}, "suppressed_own_spelling holds lists that are not as long as"),
    ],
)
def test_a_row_with_lists_of_unequal_lengths_is_one_line(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = PARTS_MAPPINGS.path(tmp_path)
    whole = HeadPartsMapping(Head(1, 2), ROW)
    PARTS_MAPPINGS.write(path, [whole])
    assert list(PARTS_MAPPINGS.read(path)) == [whole]
    PARTS_MAPPINGS.write(path, [whole, HeadPartsMapping(Head(1, 2), replace(ROW, **change))])
    with pytest.raises(BadStore, match=said):
        list(PARTS_MAPPINGS.read(path))
