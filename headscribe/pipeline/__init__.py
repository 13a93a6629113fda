"""The stages joined to the store. What a command does, one call here does."""

from headscribe.pipeline.check.check import check_model
from headscribe.pipeline.compare.maps import analyse_map, compare_maps
from headscribe.pipeline.describe.plan import plan_run
from headscribe.pipeline.describe.request import read_statuses
from headscribe.pipeline.describe.summary import Plan, RunSummary
from headscribe.pipeline.doctor.check import Check
from headscribe.pipeline.doctor.doctor import examine
from headscribe.pipeline.evaluate.evaluate import evaluate_run
from headscribe.pipeline.evaluate.plan import plan_evaluation
from headscribe.pipeline.export.export import export_run
from headscribe.pipeline.lookups.look_up import plan_lookups
from headscribe.pipeline.map.map import map_model, score_model
from headscribe.pipeline.map.pairs import pairs_of_head
from headscribe.pipeline.map.probe import probe_model
from headscribe.pipeline.people.agreement import measure_agreement
from headscribe.pipeline.people.export import export_for_people
from headscribe.pipeline.people.import_labels import import_labels
from headscribe.pipeline.report.report import run_facts
from headscribe.pipeline.runs import describe_model, look_up, report_run
from headscribe.pipeline.steer.steer import steer_run
from headscribe.store.describe.run_dir import RunDir, default_run, runs_in
from headscribe.store.map.map_dir import MapDir

__all__ = [
    "Check",
    "MapDir",
    "Plan",
    "RunDir",
    "RunSummary",
    "analyse_map",
    "check_model",
    "compare_maps",
    "default_run",
    "describe_model",
    "evaluate_run",
    "examine",
    "export_for_people",
    "export_run",
    "import_labels",
    "look_up",
    "map_model",
    "measure_agreement",
    "pairs_of_head",
    "plan_evaluation",
    "plan_lookups",
    "plan_run",
    "probe_model",
    "read_statuses",
    "report_run",
    "run_facts",
    "runs_in",
    "score_model",
    "steer_run",
]
