"""Figures as files, and as SVG text inside a page; one in memory at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.progress import Progress, Silent
from headscribe.store.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


FORMATS = ("png", "svg")


@contextmanager
def _plain_svg() -> Iterator[None]:
    """Text stays text in SVG files, and equal figures give equal files."""
    import matplotlib as mpl  # there, or making the figure would have failed

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "headscribe"}):
        yield


def svg_text(figure: Figure) -> str:
    """A figure as one ``<svg>`` element, to stand inside a page; equal figures give equal text."""
    file = io.StringIO()
    with _plain_svg():
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def write_figures(
    figures: Iterable[tuple[str, Figure]], total: int, folder: Path, progress: Progress | None
) -> list[Path]:
    """Write figures as they come, one in memory at a time."""
    written = []
    progress = progress or Silent()
    progress.start("plots", total)
    for name, figure in figures:
        with _plain_svg():
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
