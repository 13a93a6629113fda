"""Items as Label Studio tasks with a labelling config, and its exports (JSON, JSON_MIN) back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import quoteattr

from headscribe.core.people import PATTERN, SCHEMA_VERSION, Item
from headscribe.store.people.sheets import NO_PATTERN, as_text

CONFIG = (
    files("headscribe.store.people")
    .joinpath("label_studio.xml")
    .read_text(encoding="utf-8")
    .format(question=quoteattr(PATTERN))
)
"""The labelling config of every export; the description appears once the first question is answered."""


def tasks_text(items: Sequence[Item], annotator: str, export: str, content_hash: str) -> str:
    """The tasks of one annotator as JSON, to be imported into a project.

    No field is called as one of those that Label Studio adds to its exports.
    """
    tasks = [
        {
            "data": {
                "place": place,
                "mappings": as_text(item.rows),
                "description": NO_PATTERN if item.description is None else item.description,
                "question": item.question,
                "item": item.id,
                "assigned": annotator,
                "export_id": export,
                "content_hash": content_hash,
                "schema_version": SCHEMA_VERSION,
            }
        }
        for place, item in enumerate(items, 1)
    ]
    return json.dumps(tasks, indent=1, ensure_ascii=True) + "\n"


def exported_rows(tasks: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The answers in what Label Studio exports as JSON or JSON_MIN: (place of the task, fields).

    A task may hold annotations of several people; those that were cancelled are passed over.
    """
    for place, task in enumerate(tasks, 1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            yield place, flat_row(task) if isinstance(task, dict) else {}
            continue
        annotations = task.get("annotations")
        for annotation in annotations if isinstance(annotations, list) else []:
            if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
                answers = task["data"] | _answers(annotation) | {"annotator": annotation.get("completed_by")}
                yield place, flat_row(answers)


def flat_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON_MIN or of Label Studio's CSV with the names of our own sheets.

    ``annotator`` is then its user's number, which is told apart from those of other projects by the annotator
    that the tasks were made for: ``anna:1``.
    """
    if "export_id" not in row:
        return row
    user = row.get("annotator")
    user = user.get("id") if isinstance(user, dict) else user
    assigned = row.get("assigned") or ""
    named = f"{assigned}:{user}" if user is not None and user != "" else assigned
    return row | {"export": row["export_id"], "annotator": named, "comment": _joined(row.get("comment"))}


def _answers(annotation: dict[str, Any]) -> dict[str, Any]:
    """Question to answer; unlike in the flat forms, each answer is a list inside a region."""
    answers: dict[str, Any] = {}
    result = annotation.get("result")
    for region in result if isinstance(result, list) else []:
        value = region.get("value") if isinstance(region, dict) else None
        if isinstance(value, dict):
            said = value.get("choices") or value.get("text")
            answers[str(region.get("from_name"))] = _joined(said)
    return answers


def _joined(said: Any) -> Any:
    return "\n".join(map(str, said)) if isinstance(said, list) else said
