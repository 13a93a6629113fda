"""What ``headscribe doctor`` looks at: this machine, a model, an LLM."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption, HeadscribeError
from headscribe.core.tokens import show_token
from headscribe.pipeline.doctor.check import Check

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

MIB, GIB = 2**20, 2**30
EXAMPLES = 8
"""Undertrained tokens that are named; ``details`` has all."""


def examine(
    *,
    model: str | None = None,
    llm: str | None = None,
    revision: str | None = None,
    self_check: bool = False,
) -> list[Check]:
    """Look at the machine and, where given, at a model and an LLM, which is asked nothing about heads.

    A hub model's configuration, tokenizer and embeddings are fetched, and the other weights looked for.

    Args:
        model: a hub id, a local folder, or ``demo``.
        llm: as for ``describe``.
        revision: branch, tag or commit of a hub model.
        self_check: run the model too, and compare with it what is read of every layer.

    Raises:
        BadOption: a self-check of no model is asked for.
    """
    if self_check and model is None:
        raise BadOption("there is no model to check", where="--self-check", do="Give MODEL too")
    checks = list(_machine())
    if model is not None:
        checks += _try("model", lambda: _model(model, revision))
    if model is not None and self_check:
        checks += _try("self-check", lambda: _self_check(model, revision))
    checks += _try("LLM", lambda: [_llm(llm)])
    return checks


def _machine() -> Iterator[Check]:
    from headscribe.mapping.devices import device_facts
    from headscribe.store.tool import this_tool

    tool = this_tool()
    version = platform.python_version()
    yield Check("Headscribe", True, tool.version + (f" (commit {tool.commit[:10]})" if tool.commit else ""))
    yield Check("Python", sys.version_info >= (3, 11), version)
    yield Check("packages", True, ", ".join(f"{name} {number}" for name, number in tool.packages.items()))
    yield Check("devices", True, device_facts())
    yield Check("processor", True, f"{os.cpu_count()} cores, {_memory()}")
    ray = find_spec("ray")
    yield Check(
        "Ray", True, "installed, for --engine ray" if ray else "not installed; only --engine ray needs it"
    )
    free = shutil.disk_usage(Path.cwd()).free / GIB
    yield Check("disk", free > 1, f"{free:.0f} GiB free in the current folder")


def _memory() -> str:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return "memory unknown"
    return f"{pages * size / GIB:.0f} GiB memory"


def _model(model: str, revision: str | None) -> list[Check]:
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.operations import load_operations
    from headscribe.operations.rules import single_token_pairs, valid

    checkpoint = open_checkpoint(model, revision)
    facts, vocabulary = checkpoint.facts, checkpoint.vocabulary
    shape = (
        f"{facts.family}, {facts.n_layers} layers × {facts.n_heads} heads ({facts.n_kv_heads} key/value), "
        f"d_model {facts.d_model}, d_head {facts.d_head}, {facts.vocab_size} vocabulary rows, {facts.dtype}"
    )
    needed = facts.vocab_size * facts.d_model * 4 * (2 if facts.tied else 3) / MIB
    operations = load_operations([])
    usable = sum(valid(len(single_token_pairs(operation, vocabulary.word_id))) for operation in operations)
    return [
        Check("model", True, shape),
        *(Check("note", True, note) for note in facts.notes),
        Check("memory needed", True, f"about {needed:.0f} MiB for the embeddings in float32, plus one layer"),
        Check("operations", True, f"{usable} of {len(operations)} have enough single-token pairs"),
        *_tokens(checkpoint),
    ]


def _tokens(checkpoint: Checkpoint) -> Iterator[Check]:
    from headscribe.core.settings import MapSettings
    from headscribe.mapping.usable_tokens import usable_tokens

    usable, vocabulary = usable_tokens(checkpoint, MapSettings()), checkpoint.vocabulary
    n = int(usable.mask.sum())
    others = ", ".join(f"{count} {reason}" for reason, count in usable.left_out.items() if count)
    found = f"{n} of {len(usable.mask)} are usable sources" + (f"; left out: {others}" if others else "")
    yield Check("tokens", True, found, {"usable": n, "left_out": usable.left_out})
    undertrained = usable.undertrained
    if undertrained.indicator is None:
        why = "cannot be told: no group of unused tokens shows in the weights"
        yield Check("undertrained tokens", True, why, {"indicator": None, "tokens": []})
        return
    odd = vocabulary.controls | vocabulary.byte_pieces
    words = [show_token(vocabulary.text(id)) for id in undertrained.ids if id not in odd]
    more = [*words[:EXAMPLES], *(["…"] if len(words) > EXAMPLES else [])]
    found = f"{len(words)} of text" + (f": {' '.join(more)}" if words else "")
    tokens = [{"id": id, "text": vocabulary.text(id)} for id in undertrained.ids]
    details = {"indicator": undertrained.indicator, "threshold": undertrained.threshold, "tokens": tokens}
    yield Check("undertrained tokens", True, found, details)


def _llm(llm: str | None) -> Check:
    from headscribe.agent.llm.check import check_llm

    return Check("LLM", True, check_llm(llm))


def _self_check(model: str, revision: str | None) -> Iterator[Check]:
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.pipeline.doctor.self_check import check_readings

    return check_readings(open_checkpoint(model, revision))


def _try(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    found: list[Check] = []
    try:
        for check in look():
            found.append(check)  # noqa: PERF402 - what came before an error is kept
    except HeadscribeError as error:
        found.append(Check(name, False, str(error)))
    return found
