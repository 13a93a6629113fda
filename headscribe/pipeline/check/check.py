"""The check stage: does the map predict the running model?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from headscribe.core.errors import BadHeads, BadOption, BadStore
from headscribe.core.heads import Head, parse_head
from headscribe.core.progress import Progress, Silent
from headscribe.core.settings import CheckSettings, MapSettings, MapView
from headscribe.operations import Operation, load_operations
from headscribe.pipeline.check.context import CheckContext
from headscribe.pipeline.check.results import CheckReport
from headscribe.pipeline.check.views import checked_view
from headscribe.pipeline.engines.job import MapJob
from headscribe.pipeline.map.job import open_job
from headscribe.pipeline.map.map import fill_map
from headscribe.store.check.check_tables import TABLES, CheckTables
from headscribe.store.map.map_dir import MapDir

By = Literal["correlation", "ablation", "multi-token"]
VIEWS = "views"
"""Folder inside a map for the maps of other views that were compared with it."""


def check_model(  # noqa: PLR0913 - one argument per option of the command
    model: str,
    out: Path | str,
    by: By,
    settings: MapSettings | None = None,
    checks: CheckSettings | None = None,
    *,
    operations: Sequence[Path] | None = None,
    revision: str | None = None,
    force: bool = False,
    command: str = "",
    progress: Progress | None = None,
) -> CheckReport:
    """Compare a map's operation scores with the running model, and add the numbers to the map folder.

    Static scores that the folder lacks are made first. What was checked there before is not run again.

    Args:
        model: a hub id, a local folder, or ``demo``.
        out: the map's folder, made if missing.
        by: ``correlation`` with dynamic scores; ``ablation`` of the top heads; ``multi-token`` for dynamic
            scores of sources of several tokens (definitions section 4).
        settings: those of the map.
        checks: which views and operations are checked, in which prompts, and which heads are silenced.
        operations: files or folders of the user's own, None for the built-in ones.
        revision: branch, tag or commit of a hub model.
        force: check again what is done; a map of another model is never replaced.
        command: what was typed, for the headers.

    Raises:
        BadStore: the folder holds a map of another model or other settings, or something that is no map.
        BadOption: a template, an operation's name or a head cannot be used.
        UnhookableAttention: the model cannot be run and watched.
        HeadscribeError: the model or the operations cannot be used.
    """
    from headscribe.eval.check.prompts import MULTI_TOKEN_TEMPLATES, TEMPLATES, check_template

    progress, settings, checks = progress or Silent(), settings or MapSettings(), checks or CheckSettings()
    templates = [check_template(text, at_end=by == "multi-token") for text in dict.fromkeys(checks.templates)]
    for option, value in (("--ablate", checks.ablate), ("--remove", checks.remove)):
        if value is not None and by != "ablation":
            raise BadOption(f"{option} goes with --by ablation only", where=option, do="Leave it out")
    views = _views(checks.views, settings, Path(out))
    if len(views) > 1 and by == "ablation":
        do = "Give --view once, or another --by"
        raise BadOption("an ablation is of one view", where="--view", do=do)
    loaded = load_operations(operations or [])
    checked = _named(loaded, checks.names)
    scored = loaded if by == "ablation" else checked
    first = settings.model_copy(update={"view": views[0]})
    job = open_job(model, revision, first, "all", mappings=False, operations=scored)
    silenced = [] if checks.ablate is None else _heads(checks.ablate, job.heads)
    map_dir = _static_scores(job, Path(out), command, progress)
    checked_views = [checked_view(first, map_dir)]
    for view in views[1:]:
        other = replace(job, settings=settings.model_copy(update={"view": view}))
        beside = _static_scores(other, Path(out) / VIEWS / view, command, progress)
        checked_views.append(checked_view(other.settings, beside))
    context = CheckContext(
        job.checkpoint,
        checked_views,
        checked,
        map_dir=map_dir,
        map_operations=scored,
        tables=CheckTables(map_dir.path, command),
        progress=progress,
        redo=force,
    )
    table = TABLES[by].path(Path(out))
    if by == "ablation":
        from headscribe.pipeline.check.ablation import ablate_operations

        ablations, left_out = ablate_operations(context, templates, silenced, checks.remove)
        return CheckReport(by, Path(out), table, ablations=ablations, left_out=left_out)
    from headscribe.pipeline.check.correlation import correlate_operations

    usual = TEMPLATES if by == "correlation" else MULTI_TOKEN_TEMPLATES
    correlations, compared, left_out = correlate_operations(context, by, templates or usual)
    return CheckReport(by, Path(out), table, correlations=correlations, views=compared, left_out=left_out)


def _views(asked: Sequence[MapView], settings: MapSettings, folder: Path) -> list[MapView]:
    """The views compared, that of a map in the folder first; it alone where none is asked for."""
    own = MapDir.open(folder).header.settings.view if MapDir.exists(folder) else None
    if not asked:
        return [settings.view if own is None or "view" in settings.model_fields_set else own]
    return sorted(dict.fromkeys(asked), key=lambda view: view != own)


def _static_scores(job: MapJob, out: Path, command: str, progress: Progress) -> MapDir:
    """The map with the scores that are compared; one of another model or other settings is never replaced."""
    try:
        return fill_map(job, out, force=False, command=command, progress=progress)
    except BadStore as error:
        if "--force" not in error.do:
            raise
        do = "Choose another folder with -o, or give the options that the map was made with"
        raise BadStore(error.what, where=error.where, do=do) from None


def _named(operations: Sequence[Operation], names: Sequence[str]) -> list[Operation]:
    known = {operation.name: operation for operation in operations}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.5)
            do = f"Did you mean {' or '.join(near)}" if near else "docs/operations.md lists the built-in ones"
            raise BadOption(f"there is no operation '{name}'", where="--operation", do=do)
    return [known[name] for name in dict.fromkeys(names)] if names else list(operations)


def _heads(text: str, model_heads: Sequence[Head]) -> list[Head]:
    heads = [parse_head(part) for part in text.split(",")]
    for head in heads:
        if head not in model_heads:
            last = model_heads[-1].name
            raise BadHeads(f"the model has no head {head.name}", where="--ablate", do=f"The last is {last}")
    return list(dict.fromkeys(heads))
