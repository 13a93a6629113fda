"""The pass over the texts of one split, saved now and then so that a kill does not lose it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import content_hash
from headscribe.core.lookups import LeftOut, Neuron, Split, TopPrompt
from headscribe.pipeline.lookups.request import LookupsRequest
from headscribe.pipeline.lookups.stages import stage_inputs
from headscribe.store.atomic import write_text
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookup_tables import PROMPTS

if TYPE_CHECKING:
    from headscribe.inference.blocks import Blocks
    from headscribe.lookups.reading import Reading
    from headscribe.lookups.texts import Texts

CHUNK = 1000
"""Texts after which the pass may be saved."""

SAVE_SECONDS = 30.0
"""It is saved no more often than this."""


@dataclass
class TextPass:
    """Reads the texts of one split once, and keeps the strongest prompts of all neurons.

    Attributes:
        best: the strongest prompts so far, by neuron.
        n_texts: texts read.
        n_tokens: tokens read.
        skipped: texts too short or cut, by reason.
    """

    request: LookupsRequest
    texts: Texts
    found: LookupDir
    blocks: Blocks
    reading: Reading
    split: Split
    best: list[TopPrompt] = field(default_factory=list)
    n_texts: int = 0
    n_tokens: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    _read: int = 0

    def run(self, neurons: Sequence[Neuron], n: int) -> TextPass:
        """Read all texts of the split, from where an earlier session ended."""
        from headscribe.lookups.activations import STAGE, strongest_prompts

        self._resume()
        progress, saved = self.request.progress, time.monotonic()
        progress.start(STAGE, self.texts.at_most(self.split))
        progress.advance(STAGE, self._read)
        texts = self._texts()
        while chunk := list(islice(texts, CHUNK)):
            part = strongest_prompts(
                self.blocks, chunk, neurons, n=n, split=self.split, reading=self.reading, progress=progress
            )
            self.best = _strongest([*self.best, *part.prompts], n)
            self.n_texts, self.n_tokens = self.n_texts + part.n_texts, self.n_tokens + part.n_tokens
            self.skipped.update({one.reason: one.count for one in part.left_out if one.neuron is None})
            self._read += len(chunk)
            if time.monotonic() - saved > SAVE_SECONDS:
                self._save()
                saved = time.monotonic()
        progress.finish(STAGE)
        self._save()
        return self

    def all_left_out(self, neurons: Sequence[Neuron]) -> list[LeftOut]:
        """Texts that were too short or cut, and neurons that no text makes fire."""
        fired = {prompt.neuron for prompt in self.best}
        texts = [LeftOut(reason, count, split=self.split) for reason, count in sorted(self.skipped.items())]
        silent = [neuron for neuron in neurons if neuron not in fired]
        return texts + [LeftOut("never fires", neuron=neuron, split=self.split) for neuron in silent]

    def _texts(self) -> Iterator[tuple[int, list[int]]]:
        encode = self.request.checkpoint.vocabulary.encode
        for document in islice(self.texts.documents(self.split), self._read, None):
            yield document.index, encode(document.text, False)[0]

    @property
    def _identity(self) -> str:
        before = self.found.done("neurons")
        return content_hash([stage_inputs(self.request, "prompts"), before.identity if before else ""])

    def _save(self) -> None:
        state = {
            "identity": self._identity,
            "read": self._read,
            "n_texts": self.n_texts,
            "n_tokens": self.n_tokens,
            "skipped": dict(self.skipped),
            "best": [asdict(prompt) for prompt in self.best],
        }
        write_text(_saved_at(self.found), json.dumps({**self._saved(), self.split: state}))

    def _saved(self) -> dict[str, Any]:
        """What an interrupted session saved of this very work, by split."""
        with suppress(OSError, ValueError, AttributeError):
            value = json.loads(_saved_at(self.found).read_text(encoding="utf-8"))
            return {split: one for split, one in value.items() if one.get("identity") == self._identity}
        return {}

    def _resume(self) -> None:
        if not (state := self._saved().get(self.split)):
            return
        self._read, self.n_texts, self.n_tokens = state["read"], state["n_texts"], state["n_tokens"]
        self.skipped = Counter(state["skipped"])
        self.best = [
            TopPrompt(
                Neuron(*one["neuron"]), one["text"], one["position"], one["activation"], tuple(one["ids"])
            )
            for one in state["best"]
        ]
        self.request.progress.say(f"Going on after {self._read:,} texts ({self.split})")


def _strongest(prompts: Sequence[TopPrompt], n: int) -> list[TopPrompt]:
    """The n strongest of each neuron; among equal ones the earlier text."""
    by_neuron: dict[Neuron, list[TopPrompt]] = {}
    for prompt in prompts:
        by_neuron.setdefault(prompt.neuron, []).append(prompt)
    return [
        prompt
        for own in by_neuron.values()
        for prompt in sorted(own, key=lambda one: (-one.activation, one.text))[:n]
    ]


def forget_pass(found: LookupDir) -> None:
    """Remove what was saved, once the stage has its tables."""
    _saved_at(found).unlink(missing_ok=True)


def _saved_at(found: LookupDir) -> Path:
    return found.path(PROMPTS).with_name("prompts.partial.json")
