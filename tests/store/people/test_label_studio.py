"""Label Studio's own code accepts the tasks and the config, and what it exports comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headscribe.core.settings import StudySettings
from headscribe.pipeline.people.export import export_for_people
from headscribe.pipeline.people.files import LABELLING_CONFIG
from headscribe.pipeline.people.import_labels import import_labels
from headscribe.store.people.labels import read_labels
from tests.pipeline.people.planted_run import make_run

sdk = pytest.importorskip("label_studio_sdk.label_interface")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The run, and the folder with tasks and config."""
    folder = tmp_path_factory.mktemp("label-studio")
    run = make_run(folder / "run", n_layers=2, n_heads=4)
    settings = StudySettings(sample="all", groups="2")
    export_for_people(run.path, folder / "out", kind="label-studio", settings=settings, annotators="anna")
    return run.path, folder / "out"


@pytest.fixture(scope="module")
def interface(exported: tuple[Path, Path]) -> Any:
    return sdk.LabelInterface((exported[1] / LABELLING_CONFIG).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tasks(exported: tuple[Path, Path]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((exported[1] / "annotate-anna.json").read_text(encoding="utf-8"))
    return found


def annotated(interface: Any, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks as Label Studio exports them after user 3 has answered: yes and no in turn."""
    done = []
    for number, task in enumerate(tasks):
        said = ("Yes", "No")[number % 2]
        answers = {"pattern_visible": said, "description_fits": "Yes", "comment": "=a comment"}
        result = [json.loads(region.to_json()) for region in interface.create_regions(answers)]
        annotation = {"id": number, "completed_by": 3, "was_cancelled": False, "result": result}
        assert interface.validate_annotation({"result": result})
        done.append(task | {"id": number + 1, "annotations": [annotation]})
    return done


def test_label_studio_accepts_config_and_tasks(interface: Any, tasks: list[dict[str, Any]]) -> None:
    interface.validate()
    assert len(tasks) > 8
    assert all(interface.validate_task(task) for task in tasks)
    assert set(interface.controls and [control.name for control in interface.controls]) == {
        "pattern_visible",
        "description_fits",
        "comment",
    }


@pytest.mark.parametrize("form", ["JSON", "JSON_MIN", "CSV"])
def test_what_label_studio_exports_comes_back(
    exported: tuple[Path, Path], interface: Any, tasks: list[dict[str, Any]], tmp_path: Path, form: str
) -> None:
    converter = pytest.importorskip("label_studio_sdk.converter")
    run, folder = exported
    (run / "people" / "labels.parquet").unlink(missing_ok=True)
    (tmp_path / "in").mkdir()
    for task in annotated(interface, tasks):  # one file per task, as Label Studio keeps them
        (tmp_path / "in" / f"{task['id']}.json").write_text(json.dumps(task))
    made = converter.Converter(str(folder / LABELLING_CONFIG), str(tmp_path), download_resources=False)
    made.convert(str(tmp_path / "in"), str(tmp_path / "out"), form, is_dir=True)
    (file,) = (path for path in (tmp_path / "out").iterdir() if path.suffix in {".json", ".csv"})
    done = import_labels(run, [file])
    assert (done.added, done.problems) == (len(tasks), [])
    labels = {label.item: label for label in read_labels(run)}
    for number, task in enumerate(tasks):
        label = labels[task["data"]["item"]]
        assert (label.annotator, label.pattern, label.fits) == ("anna:3", number % 2 == 0, True)
        assert label.comment == "=a comment"


def test_several_people_on_one_task_and_cancelled_answers(
    exported: tuple[Path, Path], interface: Any, tasks: list[dict[str, Any]], tmp_path: Path
) -> None:
    run, _ = exported
    (run / "people" / "labels.parquet").unlink(missing_ok=True)
    done = annotated(interface, tasks)
    first = done[0]["annotations"][0]
    done[0]["annotations"] = [first, first | {"completed_by": {"id": 9, "email": "x@y.z"}}]
    done[1]["annotations"][0]["was_cancelled"] = True
    file = tmp_path / "export.json"
    file.write_text(json.dumps(done))
    taken = import_labels(run, [file])
    assert taken.annotators == {"anna:3": len(tasks) - 1, "anna:9": 1}
    assert "x@y.z" not in str(read_labels(run))
