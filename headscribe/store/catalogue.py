"""Every table that Headscribe writes, by its file's place in a map or a run."""

from __future__ import annotations

from typing import Any

from headscribe.store.check.check_tables import ABLATION, CORRELATION, MULTI_TOKEN
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.transcripts import TRANSCRIPTS
from headscribe.store.evaluate.evaluation_tables import TABLES as EVALUATION
from headscribe.store.lookups.lookup_tables import HEADS_IN_CONTEXT
from headscribe.store.lookups.lookup_tables import TABLES as LOOKUPS
from headscribe.store.map.operations import OPERATIONS
from headscribe.store.map.parts import CONSTANTS, PARTS_MAPPINGS, ROLES
from headscribe.store.people.labels import LABELS, REJECTED
from headscribe.store.prompts.prompt_results import COMPARISON
from headscribe.store.steer.steering_table import STEERING
from headscribe.store.tables.table import Table

_FLAT: tuple[Table[Any], ...] = (
    *(PARTS_MAPPINGS, CONSTANTS, ROLES, OPERATIONS, CORRELATION, MULTI_TOKEN, ABLATION),
    *(DESCRIPTIONS, *TRANSCRIPTS, *EVALUATION, STEERING, HEADS_IN_CONTEXT, COMPARISON),
)
TABLES: dict[str, Table[Any]] = {
    **{table.name: table for table in _FLAT},
    **{f"lookups/{table.name}": table for tables in LOOKUPS.values() for table in tables},
    **{f"people/{table.name}": table for table in (LABELS, REJECTED)},
}
"""``lookups/heads`` lies in ``lookups/heads.parquet``."""


def meanings(exported: str) -> tuple[str, dict[str, str]]:
    """What an exported table has a row of, and what its columns mean; nothing for a table that is not known.

    Args:
        exported: its name in an export, such as ``lookups_heads``.
    """
    for place, table in TABLES.items():
        if place.replace("/", "_") == exported:
            return table.rows_are, {column.name: column.meaning for column in table.columns}
    return "", {}
