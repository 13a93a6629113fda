"""Pages of the site that are made from the code when it is built: commands, Python API, changes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import headscribe
from headscribe.cli.app import app
from headscribe.core.options import Option, Settings

ROOT = Path(__file__).resolve().parents[2]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the site's files (an event of mkdocs)."""
    pages = {
        "reference/commands.md": commands_page(),
        "reference/python.md": python_page(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def commands_page() -> str:
    """Every command with its arguments and options, as Markdown."""
    parts = ["# Commands", "Exit codes: 0 success, 1 finished with failures, 2 bad input, 130 interrupted."]
    for name, command in leaves(typer.main.get_command(app), "headscribe"):
        context = typer.Context(command, info_name=name)
        parts += [f"## {name}", f"    {name} {' '.join(command.collect_usage_pieces(context))}"]
        parts.append((command.help or "").strip())
        parts += tables(command, context)
    return "\n\n".join(parts) + "\n"


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The commands that do something, with their whole names, in the order of ``--help``."""
    held = getattr(command, "commands", None)
    if held is None:
        yield name, command
        return
    for word, inner in held.items():
        yield from leaves(inner, f"{name} {word}")


def tables(command: Any, context: typer.Context) -> Iterator[str]:
    """One table of arguments, and one of options per panel of ``--help``."""
    shown = [param for param in command.params if not getattr(param, "hidden", False)]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    if arguments:
        yield table("Argument", arguments, context)
    options = [param for param in shown if param not in arguments]
    for panel in dict.fromkeys(param.rich_help_panel for param in options):
        yield table(panel or "Option", [one for one in options if one.rich_help_panel == panel], context)


def table(title: str, params: list[Any], context: typer.Context) -> str:
    """Rows of names and meanings, with defaults as ``--help`` gives them."""
    rows = [f"| {title} | |", "| --- | --- |"]
    for param in params:
        names, meaning = param.get_help_record(context)
        rows.append(f"| <code>{cell(names)}</code> | {cell(meaning)} |")
    return "\n".join(rows)


def cell(text: str) -> str:
    """Plain text inside a table of Markdown."""
    text = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"[|*_`\[\]\\]", lambda found: f"&#{ord(found[0])};", text)


def python_page() -> str:
    """Every name that the package offers, for mkdocstrings to fill in from its docstring."""
    parts = ["# Python", "What the command line can do, Python can do in a line: `from headscribe import …`."]
    for name in headscribe.__all__:
        parts.append(f"::: headscribe.{name}")
        offered = getattr(headscribe, name)
        if isinstance(offered, type) and issubclass(offered, Settings):
            parts.append(fields_table(offered))
    return "\n\n".join(parts) + "\n"


def fields_table(record: type[Settings]) -> str:
    """A settings record's fields with their defaults, and what their options say."""
    rows = ["| Field | Default | |", "| --- | --- | --- |"]
    for name, field in record.model_fields.items():
        meaning = next((about.help for about in field.metadata if isinstance(about, Option)), "")
        rows.append(f"| `{name}` | <code>{cell(repr(field.default))}</code> | {cell(meaning)} |")
    return "\n".join(rows)
