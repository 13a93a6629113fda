"""An exported dataset on its way to the Hugging Face hub: one commit, and only to what it made itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption, BadStore, HubUnavailable
from headscribe.core.secrets import hide_keys
from headscribe.core.tokens import plain_line
from headscribe.store.export.export_dir import CARD, HEADER

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo

TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_ID = re.compile(r"\w[\w.-]{0,95}/\w[\w.-]{0,95}", re.ASCII)
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a dataset goes.

    Attributes:
        repo: the dataset, ``ORG/NAME``; made if it does not exist.
        revision: the branch, made if missing.
        private: whether a new dataset is private; one that exists must be.
        message: the commit's, None for one that names the studied model.

    Raises:
        BadOption: no dataset has such an id.
    """

    repo: str
    revision: str = "main"
    private: bool = False
    message: str | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.repo):
            raise BadOption(f"'{self.repo}' is no dataset's id", where="--repo", do="Give ORG/NAME")


def push_folder(folder: Path, files: Sequence[Path], to: Destination, message: str) -> str:
    """Push files as one commit to a dataset; gives the commit's address.

    Tables of an earlier export that this one does not have are removed in the same commit. The token comes
    from the environment (``HF_TOKEN``), never from a file.

    Args:
        folder: the exported dataset.
        to: where they go.
        message: the commit's.

    Raises:
        HubUnavailable: no token, the hub refuses, or it cannot be reached.
        BadStore: the dataset holds what Headscribe did not write, or is public where a private one was asked
            for.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    token = next((value for name in TOKEN_NAMES if (value := os.environ.get(name, "").strip())), None)
    if token is None:
        raise HubUnavailable(
            "there is no token to push with", where=to.repo, do="Set HF_TOKEN to one that may write datasets"
        )
    with _plain_errors(to.repo):
        api = HfApi(token=token, library_name="headscribe")
        held = _held(api, to)
        names = {path.relative_to(folder).as_posix(): path for path in files}
        gone = sorted(name for name in held if name.startswith("data/") and name not in names)
        commit = api.create_commit(
            to.repo,
            [
                *(CommitOperationDelete(name) for name in gone),
                *(CommitOperationAdd(name, path) for name, path in names.items()),
            ],
            repo_type="dataset",
            revision=to.revision,
            commit_message=message,
        )
    return str(commit.commit_url)


def _held(api: HfApi, to: Destination) -> set[str]:
    """The files that the branch holds; the dataset and the branch are made if they are missing."""
    info = _info(api, to)
    if info is None:
        api.create_repo(to.repo, repo_type="dataset", private=to.private, exist_ok=True)
    elif to.private and not info.private:
        raise BadStore(
            "the dataset exists and is public",
            where=to.repo,
            do="Make it private on the hub, or give another --repo",
        )
    if to.revision != "main":
        api.create_branch(to.repo, branch=to.revision, repo_type="dataset", exist_ok=True)
        info = _info(api, to)
    held = {entry.rfilename for entry in (info.siblings or [])} if info else set()
    if held - {".gitattributes", CARD} and HEADER not in held:
        raise BadStore(
            "the dataset holds files that are no export of Headscribe",
            where=to.repo,
            do="Give another --repo",
        )
    return held


def _info(api: HfApi, to: Destination) -> DatasetInfo | None:
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        return api.dataset_info(to.repo, revision=to.revision, timeout=_ANSWER_SECONDS)
    except RevisionNotFoundError:
        return api.dataset_info(to.repo, timeout=_ANSWER_SECONDS)
    except RepositoryNotFoundError:
        return None


@contextmanager
def _plain_errors(repo: str) -> Iterator[None]:
    """Turn what the hub's package raises into one line."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    # the base error of the HTTP library, which is another one in other versions of the hub's package
    no_answer: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise HubUnavailable(
            "the hub is switched off by HF_HUB_OFFLINE", where=repo, do="Unset it to push"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = plain_line(hide_keys(error.server_message or "no reason given", "***"), 200)
        if status in {401, 403}:
            raise HubUnavailable(
                f"the hub refuses the push: {said}", where=repo, do="See that HF_TOKEN may write to it"
            ) from error
        raise HubUnavailable(
            f"the hub answered {status}: {said}", where=repo, do="Try again later"
        ) from error
    except ValueError as error:
        said = plain_line(hide_keys(str(error), "***"), 200)
        raise HubUnavailable(
            f"the hub does not take the dataset: {said}", where=repo, do="Check --licence"
        ) from error
    except (no_answer, OSError) as error:
        raise HubUnavailable(
            f"the hub cannot be reached: {type(error).__name__}", where=repo, do="Try again later"
        ) from error
