"""Which texts look-ups read, and what determines their tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from headscribe.core.options import Option, Settings
from headscribe.core.settings.describe import MAPPING, RUNNING, TEXTS, Arithmetic, Device


class TextSettings(Settings):
    """Which texts a model is looked at on: where they lie, and what of them is read."""

    panel = TEXTS

    texts: Annotated[
        str | None,
        Option(
            "A file or folder of .txt (a document per line), .jsonl or .parquet, or a dataset's id "
            "(ID or ID:CONFIGURATION). For demo: its own.",
            metavar="TEXTS",
        ),
    ] = None
    text_column: Annotated[str | None, Option("Where the text stands, if it is not found.")] = None
    explain_split: Annotated[str | None, Option("Default: train.")] = None
    score_split: Annotated[
        str | None,
        Option(
            "Default: validation or test; without one, one half of the documents explains and the "
            "other scores."
        ),
    ] = None
    texts_revision: Annotated[str | None, Option("Branch, tag or commit of a dataset.")] = None


class LookupSettings(Settings):
    """What determines next-token neurons, their prompts and their heads (definitions section 7).

    The defaults are the paper's. With ``bos="auto"`` every text begins as it does in TransformerLens, also
    where the tokenizer puts nothing there. ``seed`` is that of the random neurons, of the division of the
    texts, and of the intervals' resamples.
    """

    panel = RUNNING

    max_texts: Annotated[int, Field(ge=1), Option("Texts read for each of both, at most.", panel=TEXTS)] = (
        10_000
    )
    layers: Annotated[
        str | None, Option("Whose neurons: L9, L8-11, or several with commas. Default: the last third.")
    ] = None
    neurons_per_layer: Annotated[int, Field(ge=1), Option("Neurons of each arm.")] = 20
    baseline: Annotated[
        Literal["random", "none"], Option("Random neurons beside the next-token neurons.")
    ] = "random"
    explain_prompts: Annotated[int, Field(ge=2), Option("Prompts per neuron that explain.")] = 20
    score_prompts: Annotated[int, Field(ge=2), Option("Prompts per neuron that score.")] = 10
    bos: Annotated[
        Literal["auto", "tokenizer"],
        Option(
            "Put the model's beginning-of-text token in front of every text (auto), or what the "
            "tokenizer puts there."
        ),
    ] = "auto"
    ablate: Annotated[bool, Option("Measure what head and neuron do to the next token's probability.")] = True
    device: Device = "auto"
    dtype: Arithmetic = "auto"
    seed: Annotated[int, Option("Seeds every draw.", panel=MAPPING)] = 0
