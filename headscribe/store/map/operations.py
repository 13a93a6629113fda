"""``operations.parquet``: the score of every head for every operation."""

from __future__ import annotations

from headscribe.core.records import OperationScore
from headscribe.store.map.mappings import MAKE_AGAIN
from headscribe.store.tables.table import Table

# Shares are float64: 7 of 10 must compare equal to 0.7, which float32 does not.
OPERATIONS = Table("operations", OperationScore, "One row per head and operation", MAKE_AGAIN)
