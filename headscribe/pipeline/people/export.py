"""``people export``: a blinded sample of a run's heads for annotators, and the key that stays behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.chat import content_hash
from headscribe.core.descriptions import ANSWERED, Description
from headscribe.core.errors import BadOption, BadStore
from headscribe.core.heads import Head
from headscribe.core.layer_groups import LayerGroup, layer_groups
from headscribe.core.people import SCHEMA_VERSION, Format, Item, items_hash
from headscribe.core.settings import StudySettings
from headscribe.pipeline.people.files import paths_for, read_annotators, spare_answers
from headscribe.pipeline.people.results import PeopleExport
from headscribe.store.atomic import write_text
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.people.keys import Key, KeyItem, key_path, read_key, read_keys, write_key
from headscribe.store.tool import this_tool

if TYPE_CHECKING:
    from headscribe.eval.people.study import Study

_DEFAULT = StudySettings()


def export_for_people(
    run: Path | str,
    out: Path | str | None = None,
    *,
    kind: Format = "html",
    settings: StudySettings = _DEFAULT,
    annotators: str = "1",
    key: Path | None = None,
    command: str = "",
) -> PeopleExport:
    """Write the files for annotators and the key that unblinds them.

    The same run and settings give the same items under the same ids, whatever the format and the annotators;
    so more annotators can be added later.

    Args:
        run: a run with descriptions.
        out: a file for one annotator, otherwise a folder; None for ``people/FORMAT`` in the run.
        kind: ``html``, ``csv``, ``jsonl`` or ``label-studio``.
        settings: which heads and controls.
        annotators: their number, or names with commas.
        key: where the key is written, None for the run's ``people`` folder.
        command: what was typed.

    Raises:
        BadStore: no run, no descriptions, none with an answer, or a file cannot be written.
        BadOption: an option cannot be read, or its files would lie where others do.
    """
    opened, names = RunDir.open(run), read_annotators(annotators)
    descriptions = opened.descriptions()
    answered = [row for row in descriptions if row.outcome.status in ANSWERED]
    if not answered:
        raise BadStore("no head of this run has an answer", where=run, do="Go on with headscribe describe")
    groups = layer_groups(settings.groups, opened.header.model.n_layers)
    made, study, again = _make(opened, answered, groups, settings, key, command)
    key = key or key_path(opened.path, made.export)
    files = paths_for(Path(out) if out is not None else opened.path / "people" / kind, kind, names, key)
    texts = {path: _file_text(kind, study, name, made) for name, path in zip(names, files, strict=False)}
    spare_answers(kind, texts)
    write_key(key, made)
    for path, text in texts.items():
        write_text(path, text)
    if kind == "label-studio":
        from headscribe.store.people.label_studio import CONFIG

        write_text(files[-1], CONFIG)
    judged = [truth.head for truth in study.truths if truth.kind == "head"]
    return PeopleExport(
        export=made.export,
        key=key,
        again=again,
        files=tuple(files),
        annotators=tuple(names),
        heads=len(judged),
        wrong=study.count("wrong"),
        repeats=study.count("repeat"),
        groups={group.name: sum(map(group.holds, judged)) for group in groups},
        left_out=len(descriptions) - len(answered),
        not_drawn=len(answered) - len(judged),
        fewer=tuple(_fewer(study, judged, groups, settings)),
    )


def _make(
    run: RunDir,
    answered: Sequence[Description],
    groups: Sequence[LayerGroup],
    settings: StudySettings,
    key: Path | None,
    command: str,
) -> tuple[Key, Study, bool]:
    """The key and the items, and whether an earlier export had the same."""
    from headscribe.eval.people.sampling import draw, read_sample
    from headscribe.eval.people.study import BlindNames, build_study, shown

    map_dir = run.map()
    said = [[row.head.name, shown(row)] for row in answered]
    identity = content_hash([SCHEMA_VERSION, settings.model_dump(), map_dir.content_hash, said])
    there = key if key and key.is_file() else None
    if there and read_key(there).identity != identity:
        raise BadOption("this is the key of another export", where=there, do="Give another --key")
    keys = read_keys(run.path, there).values()
    before = next((found for found in keys if found.identity == identity), None)
    secret = before.secret if before else secrets.token_hex(16)
    names = BlindNames(secret)
    study = build_study(
        draw(answered, read_sample(settings.sample), groups, settings.seed),
        answered,
        {found.head: found for found in map_dir.iter_head_maps({row.head for row in answered})},
        map_dir.scores(),
        names=names,
        controls=settings.controls,
        seed=settings.seed,
    )
    made = Key(
        tool=this_tool(),
        command=command,
        export=names.of("export"),
        content_hash=items_hash(list(study.items.values())),
        secret=secret,
        identity=identity,
        settings=settings,
        n_layers=run.header.model.n_layers,
        map_hash=map_dir.content_hash,
        created_at=before.created_at if before else datetime.now(UTC).isoformat(timespec="seconds"),
        items=tuple(map(KeyItem.from_truth, study.truths)),
    )
    return made, study, before is not None


def _fewer(
    study: Study, judged: Sequence[Head], groups: Sequence[LayerGroup], settings: StudySettings
) -> Iterator[str]:
    """What there is less of than was asked for."""
    from headscribe.eval.people.sampling import read_sample
    from headscribe.eval.people.study import n_controls

    sample = read_sample(settings.sample)
    short = [group.name for group in groups if sum(map(group.holds, judged)) < sample.n]
    if sample.how == "layers" and short:
        yield f"Fewer than {sample.n} heads with an answer in {', '.join(short)}."
    if sample.how == "stratified" and len(judged) < sample.n:
        yield f"The run has {len(judged)} heads with an answer, fewer than the {sample.n} asked for."
    wanted = n_controls(len(judged), settings.controls)
    if (wrong := study.count("wrong")) < wanted:
        yield (
            f"{wrong} of {wanted} controls with another head's description: no other pairs of heads differ "
            "clearly enough."
        )
    if (repeats := study.count("repeat")) < wanted:
        yield f"{repeats} of {wanted} repeated items: there are no more heads."


def _file_text(kind: Format, study: Study, annotator: str, key: Key) -> str:
    """The file that one annotator gets."""
    from headscribe.eval.people.study import order_for
    from headscribe.report.people.annotation_page import render_annotation_page
    from headscribe.store.people.label_studio import tasks_text
    from headscribe.store.people.sheets import csv_text, jsonl_text

    make = {
        "html": render_annotation_page,
        "csv": csv_text,
        "jsonl": jsonl_text,
        "label-studio": tasks_text,
    }[kind]
    items: list[Item] = [study.items[id_] for id_ in order_for(annotator, key.export, key.truths)]
    return make(items, annotator, key.export, key.content_hash)
