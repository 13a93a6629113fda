"""``steer``: every described head's named sources, put into the running model, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import content_hash
from headscribe.core.descriptions import Description, Status
from headscribe.core.errors import BadOption, BadStore
from headscribe.core.heads import Head
from headscribe.core.layers import by_layer
from headscribe.core.plain import json_data
from headscribe.core.progress import Progress, Silent
from headscribe.core.records import Token
from headscribe.core.settings import MapSettings, SteerSettings
from headscribe.core.steering import HeadSteering, SteeredSource, head_steering
from headscribe.operations import Operation, load_operations, with_builtin
from headscribe.pipeline.map.identity import map_identity
from headscribe.pipeline.map.running import run_checkpoint
from headscribe.store.describe.run_dir import LOCK, RunDir
from headscribe.store.lock import RunLock
from headscribe.store.steer.steering_table import read_steering, write_steering

if TYPE_CHECKING:
    from headscribe.eval.steer.named import NamedSource, NamedSources
    from headscribe.eval.steer.steering import Tried
    from headscribe.mapping.checkpoint import Checkpoint

STAGE = "steering"


@dataclass(frozen=True, slots=True)
class SteeringSummary:
    """What a command says of it.

    Attributes:
        run: the run's folder.
        heads: the figures of heads that were steered, in model order.
        silent: described heads whose descriptions name no pair of single tokens.
    """

    run: Path
    heads: list[HeadSteering]
    silent: list[Head]

    def as_json(self) -> dict[str, Any]:
        """As one JSON document."""
        return {"run": str(self.run), "heads": json_data(self.heads), "nothing_named": json_data(self.silent)}


def steer_run(
    run: Path | str,
    settings: SteerSettings | None = None,
    *,
    operations: Sequence[Path] = (),
    progress: Progress | None = None,
) -> SteeringSummary:
    """Add heads' values of the sources that descriptions name, and see which next tokens the model raises.

    Rows lie in ``steering.parquet`` of the run, layer by layer as they are done; heads whose description has
    not changed since are not run again.

    Args:
        run: a run of ``describe``.
        settings: texts, and how many sources.
        operations: files or folders of operations by which descriptions are read, beside the built-in ones.

    Raises:
        BadStore: not a run, or the model there is another one now.
        BadOption: a text has no tokens.
        UnhookableAttention, HeadscribeError: the model cannot be run.
    """
    progress, settings = progress or Silent(), settings or SteerSettings()
    opened = RunDir.open(run)
    described = [row for row in opened.descriptions() if row.outcome.status is Status.OK]
    with RunLock(opened.path / LOCK):
        own = load_operations(operations) if operations else []
        steering = _Steering(opened, settings, with_builtin(own))
        named = {row.head: steering.named(row) for row in described}
        hashes = {row.head: steering.identity(row) for row in described}
        rows = [row for row in read_steering(opened.path) if hashes.get(row.head) == row.description_hash]
        done = {row.head for row in rows}
        missing = {head: sources for head, sources in named.items() if sources and head not in done}
        progress.start(STAGE, len(missing))
        for _, layer in groupby(steering.steered(missing, hashes), key=lambda one: one[0].layer):
            for head, found in layer:
                rows += found
                progress.advance(STAGE, note=head.name)
            write_steering(opened.path, sorted(rows, key=lambda row: row.head))
        progress.finish(STAGE)
    silent = [head for head, sources in named.items() if not sources]
    return SteeringSummary(opened.path, head_steering(rows), silent)


class _Steering:
    """What all heads share; the model is loaded when the first head needs it."""

    def __init__(self, run: RunDir, settings: SteerSettings, operations: Mapping[str, Operation]) -> None:
        from headscribe.mapping.checkpoint import open_checkpoint

        model = run.header.model
        self._run, self._settings = run, settings
        self._map_settings: MapSettings = run.map().header.settings
        self._checkpoint: Checkpoint = open_checkpoint(model.name, model.revision)
        if self._checkpoint.weights_hash != model.weights_hash:
            do = "Describe it again, or bring the model back that the run describes"
            raise BadStore("the model is not the one that was described", where=model.name, do=do)
        self._map_identity = map_identity(model, self._map_settings)
        self._reader = self._named_sources(operations)
        self._operations = content_hash([one.digest() for one in operations.values()])
        self._texts = [self._ids(text) for text in settings.texts]
        self._opened: Any = None

    def named(self, row: Description) -> list[NamedSource]:
        """The sources that a description names."""
        return self._reader.of(row.outcome.description or "")

    def identity(self, row: Description) -> str:
        """Hash of what determines a head's rows."""
        settings = self._settings.model_dump(mode="json")
        return content_hash([row.outcome.description, self._map_identity, settings, self._operations])

    def steered(
        self, named: Mapping[Head, Sequence[NamedSource]], identities: Mapping[Head, str]
    ) -> Iterator[tuple[Head, list[SteeredSource]]]:
        """Each head's rows, in model order; a layer's weights are read once for all of its heads."""
        from headscribe.mapping.salience import value_head
        from headscribe.mapping.source_view import view_of_layer
        from headscribe.mapping.values import SourceValues

        ids = sorted({one.source for sources in named.values() for one in sources})
        place = {id: n for n, id in enumerate(ids)}
        values = SourceValues(self._checkpoint, self._arithmetic, ids)
        facts, text = self._checkpoint.facts, self._checkpoint.vocabulary.text
        for layer, heads in by_layer(named).items():
            table = values.of_layer(layer, view_of_layer(self._map_settings, layer))
            for head in heads:
                read = value_head(head.head, facts.n_heads, facts.n_kv_heads)
                own = table[read, [place[one.source] for one in named[head]]]
                tried = self._model.of_head(head, named[head], own)
                yield head, [_row(head, identities[head], one, text) for one in tried]

    @property
    def _model(self) -> Any:
        if self._opened is None:
            from headscribe.eval.steer.steering import Steering

            self._opened = Steering(run_checkpoint(self._checkpoint, self._arithmetic), self._texts)
        return self._opened

    @property
    def _arithmetic(self) -> Any:
        from headscribe.mapping.devices import choose_arithmetic

        return choose_arithmetic(self._map_settings)

    def _named_sources(self, operations: Mapping[str, Operation]) -> NamedSources:
        from headscribe.eval.evaluate.rules_judge import RulesJudge, wordings_of
        from headscribe.eval.steer.named import NamedSources

        return NamedSources(
            RulesJudge(wordings_of(operations.values(), operations)),
            {name: one.pairs for name, one in operations.items()},
            self._checkpoint.vocabulary.word_id,
            limit=self._settings.sources,
            seed=self._settings.seed,
        )

    def _ids(self, text: str) -> list[int]:
        ids, _ = self._checkpoint.vocabulary.encode(text, True)
        if not ids:
            raise BadOption(f"the text '{text}' has no tokens", where="--text", do="Give some words")
        return ids


def _row(head: Head, identity: str, tried: Tried, text: Callable[[int], str]) -> SteeredSource:
    source, *targets = (Token(id, text(id)) for id in (tried.source.source, *tried.source.targets))
    return SteeredSource(
        head, identity, source, tuple(targets), tried.raised, tried.raised_by_others, tried.change
    )
