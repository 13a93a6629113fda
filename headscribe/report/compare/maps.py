"""Render a comparison of models as one self-contained HTML file, without any script."""

from __future__ import annotations

from headscribe.core.model_comparison import Comparison
from headscribe.report.html import asset, render_file


def render_comparison(found: Comparison) -> str:
    """The whole page: models, operations × models, matches of heads, known heads.

    Labels and operation names are untrusted; they are escaped, and a content security policy forbids all but
    the page's own style.
    """
    return render_file(
        "compare.html.j2",
        asset("report.css"),
        title=" · ".join(model.label for model in found.models),
        found=found,
        percent=_percent,
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
