"""Reading what mapping needs of a checkpoint, against loading all of it as the running model does."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.entry import Comparison, Entry, in_turn
from benchmarks.gpt2_shape import LAYERS
from benchmarks.rates import reading_seconds
from headscribe.mapping.checkpoint import open_checkpoint


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds to have every needed number in memory, the file's pages being cached for all three."""
    files = sorted(folder.glob("*.safetensors"))
    n_bytes = _read(folder)
    floors: list[float] = []

    seconds = in_turn(
        repeats,
        whole=lambda: _load(folder),
        floor=lambda: floors.append(reading_seconds(n_bytes, files)),
        ours=lambda: _read(folder),
    )
    size = sum(file.stat().st_size for file in files)
    entry = Entry(
        "reading what mapping needs",
        seconds["ours"],
        Comparison(
            "transformers loads model and tokenizer, its imports not counted", median(seconds["whole"])
        ),
        Comparison("the same bytes read in large pieces", median(floors)),
        figures={"mebibytes": n_bytes / 2**20, "share_of_checkpoint": n_bytes / size},
        note="opening the tokenizer and checking every tensor's shape are part of it",
    )
    return {"entries": [entry]}


def _read(folder: Path) -> int:
    """Open the checkpoint and touch every number that a map needs; how many bytes that is."""
    checkpoint = open_checkpoint(str(folder))
    tensors = [checkpoint.embedding(), checkpoint.unembedding()]
    for layer in range(LAYERS):
        ov = checkpoint.ov(layer)
        tensors += [ov.w_v, ov.w_o]
    distinct = {tensor.data_ptr(): tensor for tensor in tensors}.values()
    for tensor in distinct:
        tensor.sum()
    return sum(tensor.nbytes for tensor in distinct)


def _load(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    for parameter in model.parameters():
        parameter.sum()
