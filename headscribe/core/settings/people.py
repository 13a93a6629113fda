"""Which items annotators get."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from headscribe.core.options import Option, Settings


class StudySettings(Settings):
    """What determines which items annotators get, apart from the run.

    The items' ids also depend on a secret that only the key has.
    """

    sample: Annotated[
        str,
        Option(
            "All heads, N of each layer group, or N in all over statuses and confidences.",
            metavar="all|layers:N|stratified:N",
        ),
    ] = "layers:10"
    groups: Annotated[str, Option("Layer groups: their number, or such as 0-3,4-11.", metavar="N|RANGES")] = (
        "4"
    )
    controls: Annotated[
        int | None,
        Field(ge=0),
        Option("Items with a wrong description, and repeated items. Default: a tenth of the heads each."),
    ] = None
    seed: Annotated[int, Option("Seeds the draws.")] = 0
