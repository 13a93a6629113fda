"""Finding texts, and which of them explain and which score."""

from __future__ import annotations

from pathlib import Path

from headscribe.core.errors import BadOption, BadTexts
from headscribe.lookups.text_files import LocalTexts
from headscribe.lookups.text_hub import HubTexts
from headscribe.lookups.texts import Texts, TextSource

_EXPLAIN = ("explain", "train")


_SCORE = ("score", "validation", "valid", "dev", "test")


_BUNDLED = Path(__file__).parent / "data" / "demo_texts.jsonl.gz"


def open_texts(
    texts: str,
    *,
    column: str | None = None,
    explain_split: str | None = None,
    score_split: str | None = None,
    revision: str | None = None,
    max_texts: int = 10_000,
    seed: int = 0,
) -> Texts:
    """Find texts and decide which of them explain and which score.

    Args:
        texts: ``demo`` for those that come with the bundled model; a file or folder of ``.txt`` (one document
            per line), ``.jsonl`` or ``.parquet``, also compressed; or a ``datasets`` id of the hub, with
            ``:NAME`` for a configuration.
        column: where the text stands; None to find it.
        explain_split: split to explain with; None for ``train``, or whatever there is.
        score_split: split to score on; None for ``validation`` or ``test``, else a half of the first.
        revision: branch, tag or commit of a dataset of the hub.
        max_texts: documents read per part, at most.
        seed: of the halves, where one split has to do for both parts.

    Raises:
        BadTexts: there are none, no text column is found, or a split is missing or unreadable.
        HubUnavailable, MissingExtra: a dataset cannot be fetched.
    """
    source = _open(texts, column, revision)
    for option, split in (("--explain-split", explain_split), ("--score-split", score_split)):
        if split is not None and split not in source.splits:
            do = f"Its splits: {', '.join(source.splits)}"
            raise BadTexts(f"there is no split '{split}' ({source.name})", where=option, do=do)
    explain = explain_split or _first(_EXPLAIN, source.splits) or source.splits[0]
    score = score_split or (None if explain_split else _first(_SCORE, source.splits)) or explain
    return Texts(source, {"explain": explain, "score": score}, max_texts, seed)


def _open(texts: str, column: str | None, revision: str | None) -> TextSource:
    path = _BUNDLED if texts == "demo" else Path(texts).expanduser()
    if texts and path.exists():
        if revision is not None:
            raise BadOption("local texts have no revisions", where="--texts-revision", do="Leave it out")
        return LocalTexts(path, column, name="demo" if texts == "demo" else texts)
    return HubTexts(texts, column, revision)


def _first(wanted: tuple[str, ...], splits: tuple[str, ...]) -> str | None:
    return next((name for name in wanted if name in splits), None)
