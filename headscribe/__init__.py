"""Headscribe: what every attention head of a language model does, read from its weights.

The names below are the Python API. They are loaded when first used, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headscribe.core.errors import HeadscribeError
    from headscribe.core.heads import Head
    from headscribe.core.settings import (
        AskSettings,
        CheckSettings,
        DescribeSettings,
        EvaluateSettings,
        LookupSettings,
        MapSettings,
        SteerSettings,
        StudySettings,
        TextSettings,
    )
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.operations import load_operations
    from headscribe.pipeline import (
        check_model,
        describe_model,
        evaluate_run,
        export_for_people,
        export_run,
        import_labels,
        look_up,
        map_model,
        measure_agreement,
        probe_model,
        score_model,
        steer_run,
    )
    from headscribe.store.describe.run_dir import RunDir
    from headscribe.store.export.export_dir import ExportDir
    from headscribe.store.export.hub_upload import Destination
    from headscribe.store.lookups.lookup_dir import LookupDir
    from headscribe.store.map.map_dir import MapDir

_HOMES = {
    "HeadscribeError": "headscribe.core.errors",
    "Head": "headscribe.core.heads",
    "AskSettings": "headscribe.core.settings",
    "CheckSettings": "headscribe.core.settings",
    "DescribeSettings": "headscribe.core.settings",
    "EvaluateSettings": "headscribe.core.settings",
    "LookupSettings": "headscribe.core.settings",
    "MapSettings": "headscribe.core.settings",
    "SteerSettings": "headscribe.core.settings",
    "StudySettings": "headscribe.core.settings",
    "TextSettings": "headscribe.core.settings",
    "open_checkpoint": "headscribe.mapping.checkpoint",
    "load_operations": "headscribe.operations",
    "check_model": "headscribe.pipeline",
    "describe_model": "headscribe.pipeline",
    "evaluate_run": "headscribe.pipeline",
    "export_for_people": "headscribe.pipeline",
    "export_run": "headscribe.pipeline",
    "import_labels": "headscribe.pipeline",
    "look_up": "headscribe.pipeline",
    "map_model": "headscribe.pipeline",
    "measure_agreement": "headscribe.pipeline",
    "probe_model": "headscribe.pipeline",
    "score_model": "headscribe.pipeline",
    "steer_run": "headscribe.pipeline",
    "ExportDir": "headscribe.store.export.export_dir",
    "Destination": "headscribe.store.export.hub_upload",
    "LookupDir": "headscribe.store.lookups.lookup_dir",
    "MapDir": "headscribe.store.map.map_dir",
    "RunDir": "headscribe.store.describe.run_dir",
}

__all__ = [
    "AskSettings",
    "CheckSettings",
    "DescribeSettings",
    "Destination",
    "EvaluateSettings",
    "ExportDir",
    "Head",
    "HeadscribeError",
    "LookupDir",
    "LookupSettings",
    "MapDir",
    "MapSettings",
    "RunDir",
    "SteerSettings",
    "StudySettings",
    "TextSettings",
    "check_model",
    "describe_model",
    "evaluate_run",
    "export_for_people",
    "export_run",
    "import_labels",
    "load_operations",
    "look_up",
    "map_model",
    "measure_agreement",
    "open_checkpoint",
    "probe_model",
    "score_model",
    "steer_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headscribe' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
