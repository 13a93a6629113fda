"""The tables of columns in ``docs/files.md``, from the records that declare them: ``make columns``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from headscribe.store.catalogue import TABLES
from headscribe.store.tables.columns import type_name
from headscribe.store.tables.table import Table

PAGE = Path(__file__).resolve().parents[1] / "files.md"
_HEAD = "| column | type | meaning |\n| --- | --- | --- |\n"


def with_columns(page: str) -> str:
    """The page with the columns of every table anew, in the section that describes it."""
    for place, table in TABLES.items():
        before, heading, after = page.partition(f"\n### {place}.parquet\n")
        section, end, rest = after.partition("\n#")
        text, head, listed = section.partition(_HEAD)
        if not head or not " ".join(text.split()).startswith(table.rows_are):
            raise ValueError(f"docs/files.md lacks '### {place}.parquet', '{table.rows_are}' or its columns")
        text_after = re.sub(r"\A(\|.*(\n|\Z))*", "", listed)
        page = before + heading + text + head + _rows(table) + text_after + end + rest
    return page


def _rows(table: Table[Any]) -> str:
    return "".join(
        f"| `{column.name}` | {type_name(column.type)} | {column.meaning} |\n" for column in table.columns
    )


if __name__ == "__main__":
    PAGE.write_text(with_columns(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
