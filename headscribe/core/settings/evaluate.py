"""How a run is evaluated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from headscribe.core.errors import BadOption
from headscribe.core.options import Option, Settings
from headscribe.core.settings.describe import JUDGING, RELATION_HEAD, Seed


def read_threshold(share: float) -> float:
    """See that some scores can reach a threshold, and not all do.

    Raises:
        BadOption: not above 0 and up to 1.
    """
    if not 0 < share <= 1:
        do = "Scores are shares: choose one above 0 and up to 1"
        raise BadOption(f"{share:g} is no threshold", where="--threshold", do=do)
    return share


class EvaluateSettings(Settings):
    """How a run is evaluated. No resamples give no intervals, no permutations no baseline."""

    panel = JUDGING

    threshold: Annotated[
        float,
        Field(gt=0, le=1),
        Option("Score from which a head implements an operation.", metavar="SHARE", read=read_threshold),
    ] = RELATION_HEAD
    judge: Annotated[str, Option("Template that asks what a description expresses.")] = "judge"
    categorize: Annotated[str, Option("Template that asks for categories.")] = "categorize"
    resamples: Annotated[int, Field(ge=0), Option("Bootstrap draws of the intervals.")] = 1000
    permutations: Annotated[
        int, Field(ge=0), Option("Shuffles of the descriptions, for what chance reaches.")
    ] = 1000
    seed: Seed = 0
