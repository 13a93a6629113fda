"""The one error family: what is wrong, where, and what to do about it, in a single line."""

from __future__ import annotations


class HeadscribeError(Exception):
    """An error that a person can act on.

    Args:
        what: what is wrong, without a final period.
        where: the file, option, tensor or head concerned; left out of the line when empty.
        do: what to do next, as an instruction.

    The command line prints ``error: WHAT (WHERE). DO`` and exits with ``exit_code``.
    """

    code = "error"
    exit_code = 2

    def __init__(self, what: str, *, where: object = "", do: str = "") -> None:
        self.what, self.where, self.do = what, str(where), do
        super().__init__(what)

    def __str__(self) -> str:
        line = self.what + (f" ({self.where})" if self.where else "")
        line = f"{line}. {self.do}" if self.do else line
        return " ".join(line.split())


class BadOption(HeadscribeError):
    """An option's value that cannot be used."""

    code = "bad-option"


class BadHeads(BadOption):
    """A head selection that cannot be read, or that names heads the model does not have."""

    code = "bad-heads"


class ModelNotFound(HeadscribeError):
    """Neither a local folder with a checkpoint nor a model that the hub knows."""

    code = "model-not-found"


class NotACausalLM(HeadscribeError):
    """A checkpoint of another kind (an encoder, a classifier, no ``config.json``)."""

    code = "not-a-causal-lm"


class UnsupportedFamily(HeadscribeError):
    """An architecture without a file in ``headscribe/mapping/families``."""

    code = "unsupported-family"


class UnhookableAttention(HeadscribeError):
    """A model whose attention cannot be watched while it runs, or that transformers cannot run at all."""

    code = "unhookable-attention"


class QuantisedWeights(HeadscribeError):
    """Weights stored in a quantised format, which have no plain value or output matrices to read."""

    code = "quantised-weights"


class DamagedCheckpoint(HeadscribeError):
    """A shard that is missing, cut short or holds a tensor of the wrong shape, or weights that are NaN."""

    code = "damaged-checkpoint"


class NotFinite(HeadscribeError):
    """A running model that gives NaN or infinity, so that nothing can be said of it."""

    code = "not-finite"


class BadTokenizer(HeadscribeError):
    """No tokenizer, or one that does not fit the embedding."""

    code = "bad-tokenizer"


class HubUnavailable(HeadscribeError):
    """The model hub cannot be reached, or refuses access."""

    code = "hub-unavailable"


class BadOperations(HeadscribeError):
    """An operation file that breaks the rules of ``docs/operations.md``."""

    code = "bad-operations"


class BadPrompt(HeadscribeError):
    """A prompt template that is unknown, or whose variables or reply schema are wrong."""

    code = "bad-prompt"


class BadTexts(HeadscribeError):
    """Texts for look-ups that cannot be found or read, or a split of them that holds none."""

    code = "bad-texts"


class LLMUnavailable(HeadscribeError):
    """The describing LLM cannot be used: unknown spec, no key, unreachable, or its server did not start."""

    code = "llm-unavailable"


class BudgetSpent(LLMUnavailable):
    """No further call fits into ``--max-cost`` or ``--max-tokens``, which ``where`` names."""

    code = "budget-spent"
    exit_code = 1


class BadStore(HeadscribeError):
    """A folder that is not a map or a run, or was written by a newer version."""

    code = "bad-store"


class MissingExtra(HeadscribeError):
    """An optional package that is not installed; the line gives the command that installs it."""

    code = "missing-extra"


class ClusterUnavailable(HeadscribeError):
    """The Ray cluster cannot be reached, or has no node left that could work."""

    code = "cluster-unavailable"
