"""The page on which people judge descriptions: one self-contained HTML file that works offline."""

from __future__ import annotations

from collections.abc import Sequence

from headscribe.core.people import FITS, PATTERN, SCHEMA_VERSION, UNCLEAR, Item
from headscribe.report.html import asset, render_file
from headscribe.report.words import script_json


def render_annotation_page(items: Sequence[Item], annotator: str, export: str, content_hash: str) -> str:
    """The whole page for one annotator.

    Args:
        items: in the order in which they are shown.
        annotator: whose page it is; stands in the page and in the file of answers.
        export: the export's id.
        content_hash: of the items; the answers name both, so that import knows what they are about.

    Descriptions and tokens reach the page as JSON in a block that no browser executes, and are put on the
    screen as text only. The page's policy forbids all scripts but its own, and the network.
    """
    scripts = [asset("annotate_answers.js"), asset("annotate.js")]
    data = {
        "schema": SCHEMA_VERSION,
        "export": export,
        "hash": content_hash,
        "annotator": annotator,
        "questions": {"pattern": PATTERN, "fits": FITS, "unclear": UNCLEAR},
        "items": [[item.id, item.description, item.rows] for item in items],
    }
    return render_file(
        "annotate.html.j2",
        asset("annotate.css"),
        scripts,
        annotator=annotator,
        n_items=len(items),
        pattern=PATTERN,
        parts=scripts,
        data=script_json(data),
    )
