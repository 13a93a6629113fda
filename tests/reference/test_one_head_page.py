"""docs/design/one-head.md: its program runs as it stands there, and its numbers are the package's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from headscribe.core.heads import Head
from headscribe.core.progress import Silent
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.parts.mapper import PartsMapper
from headscribe.mapping.scores import score_pairs
from headscribe.mapping.usable_tokens import usable_tokens
from headscribe.operations import Operation, single_token_pairs
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "design" / "one-head.md").read_text(encoding="utf-8")
FLOAT64 = MapSettings(view="paper", dtype="float64", salient=4)


@pytest.fixture(scope="module")
def program() -> tuple[dict[str, Any], str]:
    """The names that the program leaves, and what it printed."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.chdir(REPOSITORY)
        names["print"] = lines.append
        exec(code, names)
    return names, "\n".join(lines)


@pytest.fixture(scope="module")
def names(program: tuple[dict[str, Any], str]) -> dict[str, Any]:
    return program[0]


@pytest.fixture(scope="module")
def head(names: dict[str, Any]) -> Head:
    return Head(names["LAYER"], names["HEAD"])


@pytest.fixture(scope="module")
def demo() -> Checkpoint:
    return open_checkpoint("demo")


def test_it_prints_what_the_page_shows(program: tuple[dict[str, Any], str]) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)
    assert program[1] == shown.strip()


def test_its_map_is_the_package_s(names: dict[str, Any], demo: Checkpoint, head: Head) -> None:
    (found,) = map_heads(demo, FLOAT64, [head])
    values, ids = names["saliency"].topk(4)
    assert [row.source.id for row in found.mappings] == ids.tolist()
    assert [row.saliency for row in found.mappings] == pytest.approx(values.tolist())


def test_its_score_is_the_package_s(names: dict[str, Any], demo: Checkpoint, head: Head) -> None:
    words = tuple(zip(names["COUNTRIES"].split(), names["CAPITALS"].split(), strict=True))
    capitals = Operation("capitals", "any", 1, "", "", None, words)
    pairs = single_token_pairs(capitals, demo.vocabulary.word_id)
    assert pairs == list(zip(names["sources"].tolist(), names["targets"].tolist(), strict=True))
    assert len(pairs) == len(words)
    (score,) = score_pairs(demo, FLOAT64, [(capitals, pairs, 10)], [head], Silent())
    assert score.score == pytest.approx(float(names["score"]))
    assert score.shuffled_score == pytest.approx(float(names["shuffled"]))


def test_its_parts_are_the_package_s(names: dict[str, Any], demo: Checkpoint, head: Head) -> None:
    usable, z = names["usable"], names["standardised"]
    assert usable.tolist() == usable_tokens(demo, FLOAT64).mask.nonzero().flatten().tolist()
    wanted = FLOAT64.model_copy(update={"view": "parts"})
    (found,) = PartsMapper(demo, wanted)(head.layer, [head.head])
    assert found.constant.share == pytest.approx(float(names["share"]))
    strongest = names["constant"][usable].argmax()
    assert found.constant.promoted[0].id == int(usable[strongest])
    first = found.ranked("sharpest")[0]
    source = int(z.amax(1).argmax())
    assert (first.source.id, first.strength) == (int(usable[source]), pytest.approx(float(z.max())))
    places = {id: place for place, id in enumerate(usable.tolist())}
    for row in found.mappings:
        strengths = z[places[row.source.id]]
        assert row.strengths == pytest.approx([float(strengths[places[t.id]]) for t in row.targets])
