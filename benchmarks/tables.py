"""The suite's results as text: on the screen, and in the pages that quote them.

A page has ``<!-- benchmarks: PART -->`` and ``<!-- end -->`` around what is written here, so that its numbers
are those of ``benchmarks/results.json`` and no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results.json")
PAGES = (REPOSITORY / "README.md", REPOSITORY / "docs" / "performance.md")
_PART = re.compile(r"(<!-- benchmarks: (?P<part>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

IN_SHORT = (
    "salience of all 144 heads, as published",
    "scores of the paper's 20 operations, with shuffled scores, all 144 heads",
    "100 top pairs, all heads of demo",
    "describe --help",
)
"""What the README shows."""


def table(entries: Sequence[dict[str, Any]]) -> str:
    """A table of entries, one a row; what was measured by itself has a star."""
    lines = [
        "| what | seconds (least to most) | plain way | ratio | floor | times the floor | target |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for entry in entries:
        low, high = entry["spread"]
        spread = f" ({_number(low)} to {_number(high)})" if entry["repeats"] > 1 else ""
        cells = (
            entry["name"] + (" *" if "machine" in entry else ""),
            f"{_number(entry['seconds'])}{spread}",
            _number(entry["baseline_seconds"]),
            _number(entry["ratio_to_baseline"]),
            _number(entry["floor_seconds"]),
            _number(entry["ratio_to_floor"]),
            _target(entry),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def notes(entries: Sequence[dict[str, Any]]) -> str:
    """What each entry is set beside, and its further figures, as a list."""
    lines = []
    for entry in entries:
        figures = ", ".join(f"{name} {_number(value)}" for name, value in entry["figures"].items())
        said = [f"Plain way: {entry['baseline']}", f"Floor: {entry['floor']}", entry["note"], figures]
        if own := entry.get("machine"):
            said.append(f"Run by itself on {_machine(own)}")
        lines.append(f"- **{entry['name']}.** {'. '.join(text for text in said if text)}.")
    return "\n".join(lines) + "\n"


def machine_line(results: dict[str, Any]) -> str:
    """What it was measured on, in a sentence."""
    machine = results["machine"]
    return (
        f"Measured on {_machine(machine)} at the end; Python {machine['python']}, torch {machine['torch']}, "
        f"transformers {machine['transformers']}. Medians. What has a star was run by itself, beside other "
        "programs: ratios say more than seconds there, and the notes say on what.\n"
    )


def parts(results: dict[str, Any]) -> dict[str, str]:
    """What can stand in a page, by name."""
    entries = results["entries"]
    by_name = {entry["name"]: entry for entry in entries}
    return {
        "machine": machine_line(results),
        "table": table(entries),
        "notes": notes(entries),
        "in-short": table([by_name[name] for name in IN_SHORT if name in by_name]),
    }


def filled(page: str, results: dict[str, Any]) -> str:
    """A page with its parts written anew."""
    made = parts(results)
    return _PART.sub(lambda found: f"{found[1]}{made[found['part']]}{found[3]}", page)


def fill_pages() -> None:
    """Write the numbers of the results into the pages."""
    results = json.loads(RESULTS.read_text())
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8"), results), encoding="utf-8")


def _machine(machine: dict[str, Any]) -> str:
    several = "" if machine["threads"] == 1 else "s"
    return (
        f"{machine['cores']} cores of an {machine['cpu']}, {machine['memory_gib']} GiB, "
        f"{machine['threads']} thread{several}, load {machine['load_1_minute']}"
    )


def _target(entry: dict[str, Any]) -> str:
    if entry["target"] is None:
        return ""
    return f"{entry['target'].replace('_', ' ')}: {'met' if entry['met'] else '**missed**'}"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
