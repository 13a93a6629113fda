"""What the card of an exported dataset says, from the headers of its run and its map."""

from __future__ import annotations

from typing import Any

from headscribe.report.export.card import Card, CardColumn, CardTable, render_card
from headscribe.store.catalogue import meanings
from headscribe.store.export.export_header import ExportedTable, ExportHeader

_MAP_SETTINGS = ("salient", "targets", "rank_by", "view", "source_view", "norms", "padded_rows", "k", "seed")
_ASK_SETTINGS = ("temperature", "max_reply_tokens")
_METHOD_SETTINGS = {
    "verified": ("rounds", "validation", "test", "split_seed"),
    "agent": ("validation", "test", "split_seed", "max_tool_calls", "max_head_tokens", "running_model"),
}


def card_text(header: ExportHeader, repo: str | None) -> str:
    """``README.md`` of an exported dataset; ``repo`` is where it will lie on the hub."""
    run, model = header.run, header.run["model"]
    counts = {status: number for status, number in run["counts"].items() if number}
    licences = sorted({item["licence"] for item in header.map["operations"] if item["licence"]})
    return render_card(
        Card(
            licence=header.licence,
            licence_said=_licence_said(header.licence),
            pretty_name=f"Attention heads of {model['name']}",
            model=model["name"],
            llm="Headscribe's built-in rules" if run["method"] == "rules" else run["llm"],
            address=repo or "path/of/this/folder",
            n_heads=sum(counts.values()),
            counts=", ".join(f"{number} {status}" for status, number in run["counts"].items()),
            notes=_notes(run),
            facts=tuple((name, str(value)) for name, value in _facts(header) if value not in (None, "")),
            pair_licences=", ".join(licences) or "the terms that their authors set",
            citation=_citation(header),
            tables=tuple(_table(table) for table in header.tables),
        )
    )


def _licence_said(licence: str) -> str:
    if licence == "other":
        return "Whoever exported this dataset chose no licence."
    return f"Whoever exported this dataset gives it away under {licence}."


def _notes(run: dict[str, Any]) -> tuple[str, ...]:
    notes = list(run["model"].get("notes", []))
    if run["method"] == "rules":
        notes.append("No LLM was used: the built-in rules know some operations and general patterns.")
    if run["llm"].split(":")[0] == "fake":
        notes.append("The LLM was the built-in fake: its words and confidences say nothing of the model.")
    if run["state"] != "finished":
        notes.append(f"The run is not complete ({run['state']}).")
    return tuple(notes)


def _facts(header: ExportHeader) -> list[tuple[str, object]]:
    run, settings, tool = header.run, header.run["settings"], header.run["tool"]
    model, totals = run["model"], run["totals"]
    asked = () if run["method"] == "rules" else (*_ASK_SETTINGS, *_METHOD_SETTINGS.get(run["method"], ()))
    tokens = f"{totals['prompt_tokens']} tokens sent, {totals['completion_tokens']} received"
    if estimated := totals.get("calls_estimated"):
        tokens += f", those of {estimated} calls estimated"
    cost = "" if totals["cost_usd"] is None else f", {totals['cost_usd']:.4g} USD"
    return [
        ("Model", model["name"]),
        ("Revision", model["revision"]),
        ("Weights", model["weights_hash"]),
        ("Tokenizer", model["tokenizer_hash"]),
        ("Architecture", f"{model['family']}, {model['n_layers']} layers of {model['n_heads']} heads"),
        ("LLM", run["llm"]),
        ("Method", run["method"]),
        ("Prompt", f"{run['prompt']} ({run['prompt_hash']})" if run["prompt"] else None),
        ("Asked with", ", ".join(f"{name} {settings[name]}" for name in asked)),
        ("Map", ", ".join(f"{name} {header.map['settings'][name]}" for name in _MAP_SETTINGS)),
        ("Rules of the map", "; ".join(f"{name}: {rule}" for name, rule in header.map["rules"].items())),
        ("Vocabulary rows left out", ", ".join(f"{n} {why}" for why, n in header.map["dropped"].items())),
        ("Heads", run["heads"]),
        ("Used", f"{totals['calls']} calls, {tokens}{cost}" if totals["calls"] else None),
        ("Made", f"{run['started_at']} to {run['finished_at'] or 'now'}"),
        ("Headscribe", _version(tool)),
        ("Packages", ", ".join(f"{name} {version}" for name, version in tool["packages"].items())),
        ("Command", run["command"]),
        ("Exported", header.exported_at),
    ]


def _version(tool: dict[str, Any]) -> str:
    return f"{tool['version']}, commit {tool['commit']}" if tool["commit"] else str(tool["version"])


def _table(table: ExportedTable) -> CardTable:
    rows_are, known = meanings(table.name)
    columns = [CardColumn(name, kind, known.get(name, "")) for name, kind in table.columns.items()]
    return CardTable(table.name, table.file, table.rows, rows_are, tuple(columns))


def _citation(header: ExportHeader) -> str:
    year = header.run["started_at"][:4]
    return f"""@misc{{elhelo2024inferring,
  title = {{Inferring Functionality of Attention Heads from their Parameters}},
  author = {{Elhelo, Amit and Geva, Mor}},
  year = {{2024}},
  eprint = {{2412.11965}},
  archivePrefix = {{arXiv}}
}}

@software{{headscribe,
  title = {{Headscribe}},
  author = {{{{The Headscribe authors}}}},
  version = {{{header.run["tool"]["version"]}}},
  year = {{{year}}}
}}"""
