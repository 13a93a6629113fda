"""The settings of maps, of asking an LLM, of look-ups, evaluations and studies, as validated records.

A field's ``Option`` is its documentation, and what the command line makes an option of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field

from headscribe.core.errors import BadOption
from headscribe.core.options import Option, Settings
from headscribe.core.prices import read_price

SourceView = Literal["auto", "raw", "first-mlp", "residual"]
MapView = Literal["paper", "parts"]
VIEW: MapView = "parts"
"""The view of a map that asks for none: the paper's mostly lists what heads do whatever the source."""
Norms = Literal["fold", "leave"]
"""Whether the norms around attention are folded into W_V and W_O, or left out as in the paper."""
PaddedRows = Literal["drop", "keep"]
RankBy = Literal["saliency", "pairs"]
Method = Literal["verified", "agent", "single"]
TESTING: frozenset[Method] = frozenset({"verified", "agent"})
"""Methods that test their descriptions on held-out tokens."""
Dtype = Literal["auto", "float32", "float64", "bfloat16", "float16"]
EngineName = Literal["local", "ray"]
"""Where the work is done: in this process, or on the nodes of a Ray cluster."""
Stage = Literal["neurons", "prompts", "heads", "ablation", "explanations", "scores"]
"""The stages of look-ups, in the order in which they are made."""

MIN_PAIRS = 30
"""An operation is valid for a model with at least this many single-token pairs (definitions section 2)."""

RELATION_HEAD = 0.15
"""Score from which the paper calls a head a relation head; a parameter wherever it is used."""

MAPPING, ASKING = "How the map is made", "How the LLM is asked"
TEXTS, RUNNING, JUDGING = "Which texts", "How the model is looked at", "How descriptions are judged"


def read_k(text: str) -> Literal["auto"] | int:
    """Read ``--k``.

    Raises:
        BadOption: neither ``auto`` nor a whole number of at least 1.
    """
    if text == "auto":
        return "auto"
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise BadOption(f"'{text}' is not a k", where="--k", do="Use auto or a whole number of at least 1")


def read_views(names: Sequence[str]) -> tuple[MapView, ...]:
    """Read ``--view``, given once or more often.

    Raises:
        BadOption: there is no such view.
    """
    known = get_args(MapView)
    for name in names:
        if name not in known:
            raise BadOption(f"there is no view '{name}'", where="--view", do=f"Use {' or '.join(known)}")
    return tuple(view for name in dict.fromkeys(names) for view in known if view == name)


def read_threshold(share: float) -> float:
    """See that some scores can reach a threshold, and not all do.

    Raises:
        BadOption: not above 0 and up to 1.
    """
    if not 0 < share <= 1:
        do = "Scores are shares: choose one above 0 and up to 1"
        raise BadOption(f"{share:g} is no threshold", where="--threshold", do=do)
    return share


Device = Annotated[
    str,
    Option("auto, cpu, cuda (every GPU), cuda:1, or a list such as cuda:0,cuda:1", panel=MAPPING),
]
Arithmetic = Annotated[Dtype, Option("Arithmetic; auto is float32.", panel=MAPPING)]
Seed = Annotated[int, Option("Seeds every draw.")]


class MapSettings(Settings):
    """What determines the numbers of a map, apart from the checkpoint and the operations.

    By default heads are taken apart, because on real models a few tokens that a head promotes whatever the
    source fill most lists of the paper's view; ``view="paper"`` gives that. 30 salient tokens and 5 targets
    are the paper's; in its code the padded rows take part (``keep``).
    """

    panel = MAPPING

    salient: Annotated[int, Field(ge=1), Option("Salient source tokens per head.")] = 30
    targets: Annotated[int, Field(ge=1), Option("Promoted, and suppressed, tokens per source.")] = 5
    rank_by: Annotated[
        RankBy,
        Option(
            "Which source tokens a head shows with --view paper: the most salient (saliency), or those of "
            "the largest entries of its whole map (pairs)."
        ),
    ] = "saliency"
    view: Annotated[
        MapView,
        Option(
            "parts: the map of what the head reads and writes with its norms, from the residual stream, "
            "taken apart into what it does whatever the source and because of it. paper: the map as the "
            "paper defines it."
        ),
    ] = VIEW
    source_view: Annotated[
        SourceView,
        Option(
            "What a head reads: the embedding (raw), what the first MLP makes of it (first-mlp), or both "
            "(residual). auto: raw in layer 0, in later layers residual, or first-mlp with --view paper."
        ),
    ] = "auto"
    norms: Annotated[
        Literal["auto", Norms],
        Option(
            "The norms in front of attention and of the unembedding: folded into the weights (fold), or left "
            "out (leave). auto: fold, or leave with --view paper."
        ),
    ] = "auto"
    padded_rows: Annotated[PaddedRows, Option("Vocabulary rows that the tokenizer does not know.")] = "drop"
    k: Annotated[
        Literal["auto"] | int,
        Option(
            "A pair counts when its target is among the k largest. "
            "auto: 10, copying 1; with 100,000 tokens or more 25 and 3.",
            metavar="auto|N",
            read=read_k,
            typed=str,
        ),
    ] = "auto"
    device: Device = "auto"
    dtype: Arithmetic = "auto"
    seed: Seed = 0

    @property
    def folding(self) -> Norms:
        """What becomes of the norms; never ``auto``."""
        if self.norms == "auto":
            return "leave" if self.view == "paper" else "fold"
        return self.norms


class SteerSettings(Settings):
    """How descriptions are tried in the running model."""

    sources: Annotated[
        int, Field(ge=1, le=100), Option("Sources tried of each description at most.", name="--sources")
    ] = 8
    texts: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        Option(
            "A text after which a next token is looked at, instead of the default ones. May be repeated.",
            name="--text",
            metavar="TEXT",
        ),
    ] = ("The", "I think that", "There was a", "They said it is the", "In the end, he saw")
    seed: Annotated[int, Field(ge=0), Option("Draws the pairs of named operations.", name="--seed")] = 0


class CheckSettings(Settings):
    """What ``check`` compares with the running model, beside the settings of the map.

    Without names every operation is checked, without views the map's own. ``ablate`` and ``remove`` are for
    ablation alone.
    """

    views: Annotated[
        tuple[MapView, ...],
        Option(
            "The map's view, as for headscribe map. May be repeated: the views are then compared with one "
            "run of the model. Without it: the view of the map that MAP holds.",
            name="--view",
            metavar="paper|parts",
            panel=MAPPING,
            read=read_views,
            typed=list[str],
        ),
    ] = ()

    names: Annotated[
        tuple[str, ...],
        Option("Check this operation only. May be repeated.", name="--operation", metavar="NAME"),
    ] = ()
    templates: Annotated[
        tuple[str, ...],
        Option(
            "A prompt with {source} in it, instead of the default ones. May be repeated.",
            name="--template",
            metavar="TEXT",
        ),
    ] = ()
    ablate: Annotated[
        str | None,
        Option(
            "Silence these heads in this order, instead of the operation's top heads.", metavar="L1H2,L0H3"
        ),
    ] = None
    remove: Annotated[
        int | None,
        Field(ge=1),
        Option("Silence at most so many top heads. Without it: 30 to 250, by the model's heads."),
    ] = None


class AskSettings(Settings):
    """How an LLM is asked, whatever it is asked about.

    ``temperature`` (None leaves it to the server) and ``max_reply_tokens`` determine an answer; the rest does
    not. Costs and tokens are limited over all calls together.
    """

    panel = ASKING

    concurrency: Annotated[int, Field(ge=1), Option("Calls in flight at once.")] = 16
    max_retries: Annotated[int, Field(ge=0), Option("Further attempts after one that failed.")] = 5
    timeout: Annotated[float, Field(ge=0.1), Option("Seconds allowed per attempt.")] = 120.0
    max_reply_tokens: Annotated[int, Field(ge=16), Option("Where a reply is cut.")] = 1024
    temperature: Annotated[float | None, Field(ge=0.0), Option("Sampling temperature.")] = 0.0
    prompt_folders: Annotated[
        tuple[str, ...],
        Option(
            "A folder of your own templates, beside the shipped ones. May be repeated.",
            name="--prompts",
            metavar="DIR",
        ),
    ] = ()
    max_cost: Annotated[
        float | None, Field(ge=1e-6), Option("Stop before the run costs more than this.", metavar="USD")
    ] = None
    max_tokens: Annotated[
        int | None,
        Field(ge=1),
        Option("Stop before the run sends and receives more tokens than this.", metavar="N"),
    ] = None
    price: Annotated[
        tuple[float, float] | None,
        Option(
            "US dollars per million tokens sent and received, where no price is known or another one holds.",
            metavar="IN,OUT",
            read=read_price,
            typed=str,
        ),
    ] = None


class DescribeSettings(AskSettings):
    """How an LLM describes heads.

    ``method``, ``prompt`` and, for ``verified``, ``rounds``, ``validation``, ``test`` and ``split_seed``
    determine the answer too, as do ``max_tool_calls``, ``max_head_tokens``,
    ``running_model`` and ``tool_choice`` for ``agent``.
    ``single`` asks as the paper does. ``split_seed`` is of the draw of held-out rows, and of the rows of
    other heads beside them; ``tool_choice="required"`` makes a model that never calls tools of itself do so
    until its limit.
    """

    method: Annotated[
        Method,
        Option(
            "verified: describe, test on held-out tokens, refine. agent: run experiments on the head, "
            "describe, test. single: one prompt per head, untested."
        ),
    ] = "verified"
    prompt: Annotated[str, Option("Template: NAME, NAME@VERSION or a file.")] = "describe"
    rounds: Annotated[int, Field(ge=0), Option("How often verified may refine.")] = 2
    validation: Annotated[int, Field(ge=0), Option("Rows per head held out to choose between rounds.")] = 6
    test: Annotated[int, Field(ge=1), Option("Rows per head held out to measure the confidence.")] = 10
    split_seed: int = 0
    max_tool_calls: Annotated[int, Field(ge=1), Option("Experiments that agent may run per head.")] = 12
    max_head_tokens: Annotated[
        int, Field(ge=1), Option("Tokens, sent and received, from which agent ends a head's experiments.")
    ] = 40_000
    running_model: Annotated[
        bool, Option("Let agent run the model on texts, with the head and without it.")
    ] = False
    tool_choice: Literal["auto", "required"] = "auto"


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


class EvaluateSettings(Settings):
    """How a run is evaluated. No resamples give no intervals, no permutations no baseline."""

    panel = JUDGING

    threshold: Annotated[
        float,
        Field(gt=0, le=1),
        Option("Score from which a head implements an operation.", metavar="SHARE", read=read_threshold),
    ] = RELATION_HEAD
    judge: Annotated[str, Option("Template that asks what a description expresses.")] = "judge"
    categorize: Annotated[str, Option("Template that asks for categories.")] = "categorize"
    resamples: Annotated[int, Field(ge=0), Option("Bootstrap draws of the intervals.")] = 1000
    permutations: Annotated[
        int, Field(ge=0), Option("Shuffles of the descriptions, for what chance reaches.")
    ] = 1000
    seed: Seed = 0


class StudySettings(Settings):
    """What determines which items annotators get, apart from the run.

    The items' ids also depend on a secret that only the key has.
    """

    sample: Annotated[
        str,
        Option(
            "All heads, N of each layer group, or N in all over statuses and confidences.",
            metavar="all|layers:N|stratified:N",
        ),
    ] = "layers:10"
    groups: Annotated[str, Option("Layer groups: their number, or such as 0-3,4-11.", metavar="N|RANGES")] = (
        "4"
    )
    controls: Annotated[
        int | None,
        Field(ge=0),
        Option("Items with a wrong description, and repeated items. Default: a tenth of the heads each."),
    ] = None
    seed: Annotated[int, Option("Seeds the draws.")] = 0
