"""Texts of a dataset on the hub, streamed at one revision; no code of the dataset is run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadTexts, HubUnavailable, MissingExtra
from headscribe.core.tokens import plain_line
from headscribe.lookups.text_columns import find_column
from headscribe.lookups.text_files import is_text_file
from headscribe.lookups.texts import usable

_ID = re.compile(r"(\w[\w.-]*(?:/\w[\w.-]*)?)(?::([\w.-]+))?", re.ASCII)


class HubTexts:
    """A dataset of the hub, ``ID`` or ``ID:CONFIGURATION``; ``TextSource`` says the rest.

    Args:
        texts: as typed.
        column: where the text stands, None to find it.
        revision: branch, tag or commit; what it comes to is written down.

    Raises:
        BadTexts: the words name no dataset, or one without such a configuration.
        HubUnavailable: the hub cannot be reached, or does not know it.
        MissingExtra: the package ``datasets`` is not installed.
    """

    local = False

    def __init__(self, texts: str, column: str | None, revision: str | None) -> None:
        match = _ID.fullmatch(texts)
        if not match or is_text_file(Path(texts)):
            do = "Give a file, a folder, demo, or a dataset's id such as NeelNanda/pile-10k"
            raise BadTexts("there are no such texts", where=texts or "--texts", do=do)
        self._datasets = _library()
        self.name, self._id, self._config, self._column = texts, match[1], match[2], column
        with _asking(texts):
            self.revision = _commit(self._id, revision)
            found = self._datasets.get_dataset_split_names(
                self._id, config_name=self._config, revision=self.revision
            )
        self.splits = tuple(found)
        self.identity = f"{self._id}:{self._config or ''}@{self.revision} {column or ''}"

    def read(self, split: str, excluded: Counter[str]) -> Iterator[str]:
        """The documents of a split, streamed."""
        with _asking(self.name):
            rows = self._datasets.load_dataset(
                self._id, name=self._config, split=split, revision=self.revision, streaming=True
            )
            yield from usable(map(self._text, rows), excluded)

    def _text(self, row: dict[str, Any]) -> Any:
        if self._column not in row:
            texts = [name for name, value in row.items() if isinstance(value, str)]
            self._column = find_column(self._column, texts, list(row), self.name)
        return row[self._column]


def _library() -> Any:
    try:
        import datasets
    except ImportError:
        do = 'Install it: pip install "headscribe[datasets]"'
        raise MissingExtra("texts of the hub need the package datasets", where="--texts", do=do) from None
    datasets.disable_progress_bars()
    return datasets


def _commit(name: str, revision: str | None) -> str:
    from huggingface_hub import HfApi

    return str(HfApi().dataset_info(name, revision=revision).sha)


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """Turns what goes wrong on the way to the hub into one line."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

    try:
        yield
    except RepositoryNotFoundError as error:
        do = "There is no such file either. Check the name, and HF_TOKEN for a private dataset"
        raise HubUnavailable("the hub knows no such dataset", where=name, do=do) from error
    except (OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        what = f"the dataset cannot be fetched: {plain_line(str(error), 160)}"
        do = "There is no such file either. Check the name, the network and HF_TOKEN, or give local texts"
        raise HubUnavailable(what, where=name, do=do) from error
    except (ValueError, RuntimeError, TypeError, KeyError) as error:
        what = f"the dataset cannot be read: {plain_line(str(error), 160)}"
        do = "Choose a configuration as ID:NAME; datasets that need code of their own are not read"
        raise BadTexts(what, where=name, do=do) from error
