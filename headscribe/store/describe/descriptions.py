"""``descriptions.parquet``: what a run says of every head."""

from __future__ import annotations

from headscribe.core.descriptions import Description
from headscribe.store.tables.table import Table

DESCRIBE_AGAIN = "Run headscribe describe again; answers in the journal are kept"

DESCRIPTIONS = Table(
    "descriptions", Description, "One row per described head, by layer and head", DESCRIBE_AGAIN
)
