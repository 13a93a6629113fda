"""Render a comparison of models as one self-contained HTML file, without any script."""

from __future__ import annotations

from collections.abc import Sequence

from headscribe.core.sections import Section
from headscribe.report.html import asset, render_file
from headscribe.report.sections import shown_sections
from headscribe.report.words import line


def render_comparison(title: str, notes: Sequence[str], sections: Sequence[Section]) -> str:
    """The whole page.

    Labels and operation names are untrusted; they are escaped, and a content security policy forbids all but
    the page's own style.

    Args:
        title: the models' labels.
        notes: what differs between the maps, and what was left out.
        sections: what the comparison found.
    """
    return render_file(
        "compare.html.j2",
        asset("report.css"),
        title=line(title),
        notes=list(map(line, notes)),
        sections=shown_sections(sections, set()),
    )
