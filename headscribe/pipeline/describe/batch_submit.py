"""Batches over the network: written, uploaded, awaited, read, and again until nothing is left to ask."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from headscribe.core.batch import Batch
from headscribe.core.errors import BadOption, LLMUnavailable
from headscribe.core.progress import Progress
from headscribe.pipeline.describe.batch import BatchWork
from headscribe.store.atomic import replacing, write_text

if TYPE_CHECKING:
    from headscribe.agent.batch.remote import RemoteBatch, RemoteBatches

STAGE = "batch"
_LONGEST_PAUSE = 60.0


def submit(work: BatchWork) -> None:
    """Submit what the run needs next and take in the answers, round after round.

    What is under way is kept in ``batch.state``: after Ctrl-C, a kill or a lost connection the next call goes
    on with it. Partial results of a batch that expired or was cancelled are taken in.

    Raises:
        LLMUnavailable: the server fails, refuses the batch, or ended it before all was answered.
        BadOption: the state is of another LLM, or damaged.
        BadStore: a file cannot be written.
    """
    from headscribe.agent.batch.remote import RemoteBatches

    remote = RemoteBatches(work.request.spec)
    try:
        while _round(work, remote):
            pass
    finally:
        remote.close()


def _round(work: BatchWork, remote: RemoteBatches) -> bool:
    """One batch from its file to its answers; whether another one makes sense."""
    from headscribe.agent.batch.remote import MOST_BYTES, MOST_REQUESTS

    batch, progress = work.batch, work.request.progress
    state = _load(work)
    if state is None:
        number = work.write(MOST_REQUESTS, MOST_BYTES)
        if not number:
            return False
        state = {"llm": work.request.spec.name, "requests": number}
        state["input_file_id"] = remote.upload(batch.file)
        _save(batch, state)
    if "batch_id" not in state:
        state["batch_id"] = remote.create(state["input_file_id"])
        _save(batch, state)
    progress.say(
        f"Batch {state['batch_id']} of {state['requests']} requests is under way. Ctrl-C leaves it there; "
        "the same command goes on with it"
    )
    ended = _wait(remote, state, progress)
    new = _fetch(work, remote, ended)
    batch.state.unlink()
    if ended.status != "completed":
        raise LLMUnavailable(
            f"the batch {state['batch_id']} has {ended.status}: {ended.problem or 'no reason is given'}",
            where=work.request.spec.name,
            do="What it has answered is kept; give the same command again to submit what is left",
        )
    return new > 0


def _wait(remote: RemoteBatches, state: dict[str, Any], progress: Progress) -> RemoteBatch:
    done, pause = 0, 1.0
    progress.start(STAGE, state["requests"])
    try:
        while True:
            batch = remote.look(state["batch_id"])
            progress.advance(STAGE, batch.done - done, note=batch.status)
            done = batch.done
            if batch.ended:
                return batch
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    finally:
        progress.finish(STAGE)


def _fetch(work: BatchWork, remote: RemoteBatches, ended: RemoteBatch) -> int:
    """Download what the batch has brought and take it in; the number of new lines."""
    from headscribe.agent.batch.answers import BatchOutput

    output = BatchOutput()
    ids = (ended.output_file_id, ended.error_file_id)
    for file_id, path in zip(ids, work.batch.outputs, strict=True):
        path.unlink(missing_ok=True)
        if file_id is not None:
            with replacing(path) as temporary:
                remote.download(file_id, temporary)
            with path.open("rb") as lines:
                output.add(lines)
    return work.take(output)


def _load(work: BatchWork) -> dict[str, Any] | None:
    """The batch that is under way, None if there is none."""
    path, llm = work.batch.state, work.request.spec.name
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        sound = isinstance(state["input_file_id"], str) and isinstance(state["requests"], int)
        owner = state["llm"]
    except (OSError, ValueError, LookupError, TypeError):
        sound = False
    if not sound:
        do = "Remove it to submit anew; a batch that is under way would then be paid for twice"
        raise BadOption("this is not the state of a batch", where=path, do=do)
    if owner != llm:
        raise BadOption(
            f"a batch of {owner} is under way with this file",
            where=path,
            do="Name another file for the requests",
        )
    return dict(state)


def _save(batch: Batch, state: dict[str, Any]) -> None:
    write_text(batch.state, json.dumps(state, indent=2) + "\n")
