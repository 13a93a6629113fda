"""What all figures share: an empty matplotlib figure, colours, texts, and SVG. No global state is touched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headscribe.core.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0b5fa5", "#d1701f", "#3b8f3e", "#b3372f", "#7a57a8", "#8a5a44", "#c2569c", "#6d7278", "#a8a32a")
"""For categories and arms; told apart also by people who see few colours, in this order."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(
            "plots need matplotlib, which is not installed",
            do="Install it: pip install 'headscribe[plots]', or leave out --plots",
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


@contextmanager
def plain_svg() -> Iterator[None]:
    """Text stays text in SVG, and equal figures give equal files."""
    import matplotlib as mpl  # there, or making the figure would have failed

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "headscribe"}):
        yield


def svg_text(figure: Figure) -> str:
    """A figure as one ``<svg>`` element, to stand inside a page; equal figures give equal text."""
    file = io.StringIO()
    with plain_svg():
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def colour(number: int) -> str:
    """The colour of a category or arm; they begin again where there are more than colours."""
    return COLOURS[number % len(COLOURS)]


def plain_text(text: str, width: int = 200) -> str:
    """A name or template as it is: without this, matplotlib reads what stands between two $ as a formula."""
    return (text if len(text) <= width else text[: width - 1] + "…").replace("$", r"\$")


def whole_ticks(axes: Axes) -> None:
    """Marks at whole numbers alone: layers and heads have no halves."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
