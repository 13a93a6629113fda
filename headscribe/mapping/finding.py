"""Finding a checkpoint: the bundled one, a folder, or a repository of the hub."""

from __future__ import annotations

import os
import re
from importlib.resources import files as package_files
from pathlib import Path

from headscribe.core.errors import BadOption, ModelNotFound
from headscribe.mapping.files import CheckpointFiles, LocalFolder

_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


def find_checkpoint(model: str, revision: str | None = None) -> CheckpointFiles:
    """The files of a model, of which none is read or fetched yet.

    Args:
        model: ``demo``, a local folder, or a hub id.
        revision: a branch, tag or commit of the hub.

    Raises:
        ModelNotFound: there is none.
        BadOption: a revision of what has none.
    """
    if model == "demo":
        return _bundled(revision)
    path = Path(model).expanduser()
    # os.path: a text that can be no path at all, such as one that is too long, is no folder either
    if model and os.path.isdir(path):
        if revision is not None:
            raise BadOption("a local folder has no revisions", where="--revision", do="Leave it out")
        return LocalFolder(path)
    if model and os.path.exists(path):
        raise ModelNotFound("this is a file, not a checkpoint's folder", where=path, do="Give its folder")
    if not _HUB_ID.fullmatch(model):
        raise ModelNotFound("there is no such folder", where=model or "MODEL", do="Check the path")
    from headscribe.mapping.hub import HubRepository

    return HubRepository(model, revision)


def _bundled(revision: str | None) -> CheckpointFiles:
    if revision is not None:
        raise BadOption("the bundled model has no revisions", where="--revision", do="Leave it out")
    path = Path(str(package_files("headscribe") / "demo" / "checkpoint"))
    if not path.is_dir():
        raise ModelNotFound(
            "the bundled model is not in this installation", where=path, do="Run: make demo-model"
        )
    return LocalFolder(path)
