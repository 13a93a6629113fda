"""What determines a map, how an LLM is asked and describes heads; and what settings of others share."""

from __future__ import annotations

from typing import Annotated, Literal

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
CANDIDATE_TEMPERATURE = 0.8
"""At which further answers to a question are drawn where the first is given at temperature 0."""
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


class AskSettings(Settings):
    """How an LLM is asked, whatever it is asked about.

    ``temperature`` (None leaves it to the server) and ``max_reply_tokens`` determine an answer; the rest does
    not. Costs and tokens are limited over all calls together.
    """

    panel = ASKING

    concurrency: Annotated[int, Field(ge=1, le=4096), Option("Calls in flight at once.")] = 16
    max_retries: Annotated[int, Field(ge=0), Option("Further attempts after one that failed.")] = 5
    timeout: Annotated[float, Field(ge=0.1), Option("Seconds allowed per attempt.")] = 120.0
    max_reply_tokens: Annotated[int, Field(ge=16), Option("Where a reply is cut.")] = 1024
    temperature: Annotated[
        float | None, Field(ge=0.0, allow_inf_nan=False), Option("Sampling temperature.")
    ] = 0.0
    prompt_folders: Annotated[
        tuple[str, ...],
        Option(
            "A folder of your own templates, beside the shipped ones. May be repeated.",
            name="--prompts",
            metavar="DIR",
        ),
    ] = ()
    max_cost: Annotated[
        float | None,
        Field(ge=1e-6),
        Option("Begin no call that would likely make the run cost more.", metavar="USD"),
    ] = None
    max_tokens: Annotated[
        int | None,
        Field(ge=1),
        Option("Begin no call that would likely make the run send and receive more.", metavar="N"),
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

    ``method``, ``prompt`` and, for ``verified``, ``candidates``, ``critic``, ``rounds``, ``validation``,
    ``test``, ``interval``, ``max_items``, ``intruders`` and ``split_seed`` determine the answer too, as do
    ``max_tool_calls``, ``max_head_tokens``, ``running_model`` and ``tool_choice`` for ``agent``. ``single``
    asks as the paper does. ``split_seed`` is of the draw of held-out rows, and of the rows of other heads
    beside them; ``tool_choice="required"`` makes a model that never calls tools of itself do so until its
    limit.
    """

    method: Annotated[
        Method,
        Option(
            "verified: describe, test on held-out tokens, refine. agent: run experiments on the head, "
            "describe, test. single: one prompt per head, untested."
        ),
    ] = "verified"
    prompt: Annotated[str, Option("Template: NAME, NAME@VERSION or a file.")] = "describe"
    candidates: Annotated[
        int,
        Field(ge=1),
        Option(
            "Descriptions that verified draws, the first as ever and the others at temperature "
            f"{CANDIDATE_TEMPERATURE} unless --temperature is above 0; the best is refined."
        ),
    ] = 1
    critic: Annotated[
        bool,
        Option(
            "Let an LLM name sources for which a description of verified predicts something, and tell the "
            "describer where the head does otherwise."
        ),
    ] = False
    rounds: Annotated[int, Field(ge=0), Option("How often verified may refine.")] = 2
    validation: Annotated[int, Field(ge=0), Option("Rows per head held out to choose between rounds.")] = 6
    test: Annotated[int, Field(ge=1), Option("Rows per head held out to measure the confidence.")] = 20
    interval: Annotated[
        float,
        Field(gt=0),
        Option("Ask about a description until its confidence's interval is so narrow.", metavar="WIDTH"),
    ] = 0.3
    max_items: Annotated[
        int,
        Field(ge=1),
        Option("At most so many questions about a head's test rows, each put with and without description."),
    ] = 72
    intruders: Annotated[
        int,
        Field(ge=0),
        Option("Questions without any description: which of five rows is another head's. 0 for none."),
    ] = 8
    split_seed: int = 0
    max_tool_calls: Annotated[int, Field(ge=1), Option("Experiments that agent may run per head.")] = 12
    max_head_tokens: Annotated[
        int, Field(ge=1), Option("Tokens, sent and received, from which agent ends a head's experiments.")
    ] = 40_000
    running_model: Annotated[
        bool, Option("Let agent run the model on texts, with the head and without it.")
    ] = False
    tool_choice: Literal["auto", "required"] = "auto"
