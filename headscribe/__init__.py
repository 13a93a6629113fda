"""Headscribe: what every attention head of a language model does, read from its weights.

The names below are the Python API. They are loaded when first used, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headscribe.core.errors import HeadscribeError as HeadscribeError
    from headscribe.core.heads import Head as Head
    from headscribe.core.settings import AskSettings as AskSettings
    from headscribe.core.settings import CheckSettings as CheckSettings
    from headscribe.core.settings import DescribeSettings as DescribeSettings
    from headscribe.core.settings import EvaluateSettings as EvaluateSettings
    from headscribe.core.settings import LookupSettings as LookupSettings
    from headscribe.core.settings import MapSettings as MapSettings
    from headscribe.core.settings import SteerSettings as SteerSettings
    from headscribe.core.settings import StudySettings as StudySettings
    from headscribe.core.settings import TextSettings as TextSettings
    from headscribe.mapping.checkpoint import open_checkpoint as open_checkpoint
    from headscribe.operations import load_operations as load_operations
    from headscribe.pipeline import check_model as check_model
    from headscribe.pipeline import describe_model as describe_model
    from headscribe.pipeline import evaluate_run as evaluate_run
    from headscribe.pipeline import export_for_people as export_for_people
    from headscribe.pipeline import export_run as export_run
    from headscribe.pipeline import import_labels as import_labels
    from headscribe.pipeline import look_up as look_up
    from headscribe.pipeline import map_model as map_model
    from headscribe.pipeline import measure_agreement as measure_agreement
    from headscribe.pipeline import probe_model as probe_model
    from headscribe.pipeline import score_model as score_model
    from headscribe.pipeline import steer_run as steer_run
    from headscribe.store.describe.run_dir import RunDir as RunDir
    from headscribe.store.export.export_dir import ExportDir as ExportDir
    from headscribe.store.export.hub_upload import Destination as Destination
    from headscribe.store.lookups.lookup_dir import LookupDir as LookupDir
    from headscribe.store.map.map_dir import MapDir as MapDir

_NAMES = {
    "core.errors": "HeadscribeError",
    "core.heads": "Head",
    "core.settings": "AskSettings CheckSettings DescribeSettings EvaluateSettings LookupSettings "
    "MapSettings SteerSettings StudySettings TextSettings",
    "mapping.checkpoint": "open_checkpoint",
    "operations": "load_operations",
    "pipeline": "check_model describe_model evaluate_run export_for_people export_run import_labels "
    "look_up map_model measure_agreement probe_model score_model steer_run",
    "store.describe.run_dir": "RunDir",
    "store.export.export_dir": "ExportDir",
    "store.export.hub_upload": "Destination",
    "store.lookups.lookup_dir": "LookupDir",
    "store.map.map_dir": "MapDir",
}
"""The module of each name."""
_HOMES = {name: f"headscribe.{module}" for module, names in _NAMES.items() for name in names.split()}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headscribe' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
