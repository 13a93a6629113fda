"""Records as JSON data, for ``--json`` and for files."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from headscribe.core.heads import Head


def json_data(value: Any) -> Any:
    """A value as JSON data: records as objects, heads by name, paths as texts, not-a-number as null."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    match value:
        case Head():
            return value.name
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): json_data(item) for key, item in value.items()}
        case list() | tuple():
            return [json_data(item) for item in value]
        case Path():
            return str(value)
        case _:
            return value
