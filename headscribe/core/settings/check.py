"""What ``check`` compares with the running model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, get_args

from pydantic import Field

from headscribe.core.errors import BadOption
from headscribe.core.options import Option, Settings
from headscribe.core.settings.describe import MAPPING, MapView


def read_views(names: Sequence[str]) -> tuple[MapView, ...]:
    """Read ``--view``, given once or more often.

    Raises:
        BadOption: there is no such view.
    """
    known = get_args(MapView)
    for name in names:
        if name not in known:
            raise BadOption(f"there is no view '{name}'", where="--view", do=f"Use {' or '.join(known)}")
    return tuple(view for name in dict.fromkeys(names) for view in known if view == name)


class CheckSettings(Settings):
    """What ``check`` compares with the running model, beside the settings of the map.

    Without names every operation is checked, without views the map's own. ``ablate`` and ``remove`` are for
    ablation alone.
    """

    views: Annotated[
        tuple[MapView, ...],
        Option(
            "The map's view, as for headscribe map. May be repeated: the views are then compared with one "
            "run of the model. Without it: the view of the map that MAP holds.",
            name="--view",
            metavar="paper|parts",
            panel=MAPPING,
            read=read_views,
            typed=list[str],
        ),
    ] = ()

    names: Annotated[
        tuple[str, ...],
        Option("Check this operation only. May be repeated.", name="--operation", metavar="NAME"),
    ] = ()
    templates: Annotated[
        tuple[str, ...],
        Option(
            "A prompt with {source} in it, instead of the default ones. May be repeated.",
            name="--template",
            metavar="TEXT",
        ),
    ] = ()
    ablate: Annotated[
        str | None,
        Option(
            "Silence these heads in this order, instead of the operation's top heads.", metavar="L1H2,L0H3"
        ),
    ] = None
    remove: Annotated[
        int | None,
        Field(ge=1),
        Option("Silence at most so many top heads. Without it: 30 to 250, by the model's heads."),
    ] = None
