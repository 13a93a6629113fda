"""What the paper's map finds in a pretrained model."""

from __future__ import annotations

from pathlib import Path

import pytest

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.scores import score_heads
from headscribe.operations import load_operations

pytestmark = pytest.mark.real

HEADS = (Head(23, 0), Head(23, 2), Head(23, 4), Head(24, 5), Head(26, 1))
FIGURES = (
    ("L23H4", "country_to_nationality", 0.84),
    ("L23H4", "nationality_to_country", 0.79),
    ("L23H4", "city_to_us_state", 0.67),
    ("L23H4", "country_to_capital", 0.60),
    ("L23H2", "name_copying", 0.85),
    ("L23H2", "lower_to_title_case", 0.58),
    ("L23H0", "lower_to_upper_case", 0.55),
    ("L26H1", "number_word_to_next", 0.47),
)


@pytest.fixture(scope="module")
def scores(real_model: Path) -> dict[tuple[str, str], OperationScore]:
    settings = MapSettings(view="paper")
    found, _ = score_heads(open_checkpoint(str(real_model)), settings, load_operations([]), HEADS)
    return {(score.head.name, score.operation): score for score in found}


@pytest.mark.parametrize(("head", "operation", "figure"), FIGURES)
def test_the_papers_scores_of_known_heads(
    scores: dict[tuple[str, str], OperationScore], head: str, operation: str, figure: float
) -> None:
    score = scores[head, operation]
    assert score.n_pairs >= 30
    assert score.score == pytest.approx(figure, abs=0.02)
