"""The values that the MAPS paper's authors published (arXiv 2412.11965), read from a folder of CSV files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from headscribe.core.errors import BadOption

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "published"
"""Comparison the checkout; it is no part of the package."""

PAPER_MODELS = {
    "gpt2-xl": "gpt2-xl",
    "openai-community/gpt2-xl": "gpt2-xl",
    "EleutherAI/pythia-6.9b": "EleutherAI/pythia-6.9b",
    "EleutherAI/pythia-12b": "EleutherAI/pythia-12b",
    "microsoft/phi-2": "microsoft/phi-2",
    "meta-llama/Llama-3.1-8B": "meta-llama/Meta-Llama-3.1-8B",
    "meta-llama/Meta-Llama-3.1-8B": "meta-llama/Meta-Llama-3.1-8B",
    "meta-llama/Llama-3.1-70B": "meta-llama/Meta-Llama-3.1-70B",
    "meta-llama/Meta-Llama-3.1-70B": "meta-llama/Meta-Llama-3.1-70B",
}
"""Hub id -> the model's name in the published tables."""

WITHOUT_FIRST_MLP = frozenset({"meta-llama/Meta-Llama-3.1-70B"})
"""Models that the paper reads from the embedding itself."""

OPERATIONS = {
    "adj_antonym": "adjective_to_antonym",
    "adj_comparative": "adjective_to_comparative",
    "adj_superlative": "adjective_to_superlative",
    "country_to_capital_wikidata": "country_to_capital",
    "country_to_official_language_wikidata": "country_to_language",
    "english_to_french": "english_to_french",
    "english_to_spanish": "english_to_spanish",
    "entity_to_pronoun": "noun_to_pronoun",
    "general_copying_english_500": "copying",
    "name_copying": "name_copying",
    "object_superclass": "object_to_superclass",
    "product_by_company": "product_to_company",
    "verb_past_tense": "verb_to_past_tense",
    "word_first_letter": "word_to_first_letter",
    "word_last_letter": "word_to_last_letter",
    "word_to_compound": "word_to_compound",
    "word_to_homophone": "word_to_homophone",
    "word_to_synonym": "word_to_synonym",
    "work_location": "work_to_location",
    "year_to_following": "year_to_following",
}
"""The paper's relation -> our operation."""

_TITLES = {
    "Adj to comparative": "adjective_to_comparative",
    "Copying": "copying",
    "Country to capital": "country_to_capital",
    "Country to language": "country_to_language",
    "English to Spanish": "english_to_spanish",
    "Name copying": "name_copying",
    "Noun to pronoun": "noun_to_pronoun",
    "Object to superclass": "object_to_superclass",
    "Product by company": "product_to_company",
    "Verb to past tense": "verb_to_past_tense",
    "Word to first letter": "word_to_first_letter",
    "Year to following": "year_to_following",
}
"""The causal table has titles in place of names."""

_CORRELATION = {
    "without context": "corr_wo_context",
    "with context": "corr_w_context",
    "suppr. without": "supp_corr_wo_context",
    "suppr. with": "supp_corr_w_context",
}
_ABLATION = {
    "heads removed": "heads_removed",
    "base accuracy": "base_accuracy",
    "without top": "after_removing_top_heads",
    "without random": "after_removing_random_heads",
    "control tasks": "control_tasks",
    "control base": "control_base",
    "control without": "control_after",
}
_TABLES = {
    "correlation": ("maps_correlations.csv", "relation", OPERATIONS, _CORRELATION),
    "multi-token": ("maps_multi_token_correlations.csv", "relation", OPERATIONS, _CORRELATION),
    "ablation": ("maps_causal.csv", "operation", _TITLES, _ABLATION),
}
CHECKS = tuple(_TABLES)
MEASURES = {check: tuple(columns) for check, (_, _, _, columns) in _TABLES.items()}
"""Per check, what is compared, in the order of printing."""

_SEE = "See docs/reproducing.md"

Values = dict[str, dict[str, float]]
"""Per operation, the value of each measure; a measure that was not published is left out."""


@dataclass(frozen=True)
class Published:
    """The published values of one model: per check, those of each operation; empty where there are none."""

    model: str
    tables: dict[str, Values]


def read_published(folder: Path, model: str, name: str | None = None) -> Published:
    """What was published of a model.

    Args:
        folder: with the three CSV files.
        model: as typed; its name in the tables is known for the paper's models.
        name: its name in the tables, for any other.

    Raises:
        BadOption: no such folder or file, a value that is no number, or no such model.
    """
    if not folder.is_dir():
        raise BadOption(
            "the folder of the published values is not there",
            where=folder,
            do="Name it with --published FOLDER",
        )
    rows = {check: _rows(folder, check) for check in CHECKS}
    known = {row["model"] for table in rows.values() for row in table} | set(PAPER_MODELS.values())
    called = name or PAPER_MODELS.get(model)
    if called not in known:
        what = f"nothing is published of '{called}'" if called else f"'{model}' is not a model of the paper"
        raise BadOption(
            what, where="--published-name", do=f"Say as which one: {', '.join(sorted(map(repr, known)))}"
        )
    tables = {check: _values(check, folder, rows[check], called) for check in CHECKS}
    return Published(called, tables)


def _rows(folder: Path, check: str) -> list[dict[str, str]]:
    file, key, _, columns = _TABLES[check]
    path = folder / file
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadOption(f"cannot be read: {reason}", where=path, do=_SEE) from None
    if missing := {"model", key, *columns.values()}.difference(reader.fieldnames or ()):
        raise BadOption(f"has no column {', '.join(sorted(missing))}", where=path, do=_SEE)
    return rows


def _values(check: str, folder: Path, rows: list[dict[str, str]], model: str) -> Values:
    file, key, names, columns = _TABLES[check]
    found: Values = {}
    for row in rows:
        if row["model"] == model:
            cells = {measure: row[column] for measure, column in columns.items()}
            try:
                numbers = {measure: _mean(cell) for measure, cell in cells.items() if cell}
            except ValueError as error:
                raise BadOption(f"{row[key]}: {error}", where=folder / file, do=_SEE) from None
            found[names.get(row[key], row[key])] = numbers
    return found


def _mean(cell: str) -> float:
    """A value, or the mean of ``mean ± deviation``."""
    return float(cell.partition("±")[0])
