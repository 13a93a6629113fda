"""Plots of a feature, drawn once: written as files, and embedded in pages as SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import MissingExtra
from headscribe.core.progress import Progress, Silent
from headscribe.report.plots.canvas import plain_svg, svg_text
from headscribe.store.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Plots = Sequence[tuple[str, "Callable[[], Figure]"]]
"""Names, and what draws each: a figure is made when its turn comes, so that one is in memory at a time."""

FORMATS = ("png", "svg")


def svg_plots(plots: Plots) -> dict[str, str]:
    """The plots as SVG text, by name; none where matplotlib is not installed."""
    try:
        return {name: svg_text(draw()) for name, draw in plots}
    except MissingExtra:
        return {}


def write_plots(plots: Plots, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Write the plots as PNG and SVG; gives the files.

    Raises:
        BadStore: the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    written = []
    progress = progress or Silent()
    progress.start("plots", len(plots))
    for name, draw in plots:
        figure = draw()
        with plain_svg():
            for kind in FORMATS:
                path = folder / f"{_file_name(name)}.{kind}"
                with replacing(path) as temporary:
                    metadata = {"Date": None} if kind == "svg" else None
                    figure.savefig(temporary, format=kind, dpi=150, metadata=metadata)
                written.append(path)
        progress.advance("plots")
    progress.finish("plots")
    return written


def _file_name(name: str) -> str:
    """A name that every file system takes: labels and operations may come from elsewhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "plot"
