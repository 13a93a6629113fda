"""Head explanation scores as a drawing: a point per pair, a row per arm, the mean with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from headscribe.core.lookup_scores import ArmScores

WIDTH, LEFT, RIGHT, ROW = 640, 130, 20, 76
NAMES = {"next-token": "Next-token neurons", "random": "Random neurons"}


def distributions(arms: Sequence[ArmScores]) -> str:
    """An SVG that uses the page's own classes; empty where no pair has a score."""
    scored = [arm for arm in arms if arm.scores]
    if not scored:
        return ""
    height = ROW * len(scored) + 30
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        'aria-label="Head explanation scores of both arms">'
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = _x(tick)
        parts.append(f'<line class="axis" x1="{x}" x2="{x}" y1="4" y2="{height - 24}"/>')
        parts.append(f'<text x="{x}" y="{height - 8}" text-anchor="middle">{tick:g}</text>')
    for place, arm in enumerate(scored):
        parts += _row(arm, place)
    return "".join([*parts, "</svg>"])


def _row(arm: ArmScores, place: int) -> Iterator[str]:
    base = ROW * (place + 1) - 14
    yield f'<text x="0" y="{base - 16}">{NAMES[arm.arm]}</text>'
    yield f'<text x="0" y="{base - 2}">{len(arm.scores)} pairs</text>'
    stacked: Counter[int] = Counter()
    tallest = max(Counter(round(score * 50) for score in arm.scores).values())
    step = min(7.0, (ROW - 30) / tallest)
    for score in sorted(arm.scores):
        column = round(score * 50)
        y = base - 4 - step * stacked[column]
        stacked[column] += 1
        yield f'<circle class="c{place} point" cx="{_x(column / 50)}" cy="{y:.1f}" r="{step / 2:.1f}"/>'
    if arm.mean is not None:
        low, high = (arm.mean if end is None else end for end in (arm.low, arm.high))
        yield f'<line class="axis mean" x1="{_x(low)}" x2="{_x(high)}" y1="{base + 6}" y2="{base + 6}"/>'
        yield f'<path class="c{place}" d="M{_x(arm.mean)} {base + 1}l5 5-5 5-5-5z"/>'


def _x(score: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * score, 1)
