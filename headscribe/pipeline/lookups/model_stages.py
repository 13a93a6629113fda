"""The stages of context look-ups for which the studied model runs: neurons, prompts, heads, ablation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from headscribe.core.errors import BadOption
from headscribe.core.lookup_scores import ShownPrompt
from headscribe.core.lookups import (
    SPLITS,
    CutPrompt,
    HeadActivity,
    LeftOut,
    Neuron,
    NextTokenNeuron,
    PromptHeads,
    Split,
)
from headscribe.core.settings import MapSettings
from headscribe.pipeline.lookups.request import LookupsRequest
from headscribe.pipeline.lookups.text_pass import TextPass, forget_pass
from headscribe.pipeline.map.running import run_checkpoint
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookup_tables import (
    ABLATION,
    HEADS,
    LEFT_OUT,
    NEURONS,
    PROMPT_HEADS,
    PROMPTS,
    ActiveHeads,
    ActivityRow,
    LeftOutRow,
    PromptRow,
)

if TYPE_CHECKING:
    from headscribe.inference.blocks import Blocks
    from headscribe.lookups.reading import Reading


@dataclass(slots=True)
class Made:
    """What a stage says of itself.

    Attributes:
        counts: of rows and whatever else it counted.
        left_out: what took no further part.
        unanswered: questions that failed.
    """

    counts: dict[str, int]
    left_out: list[LeftOut] = field(default_factory=list)
    unanswered: int = 0


class ModelStages:
    """One call's stages for which the model runs; it is loaded when the first of them is made."""

    def __init__(self, request: LookupsRequest, found: LookupDir) -> None:
        self._request, self._found = request, found

    @cached_property
    def _blocks(self) -> Blocks:
        from headscribe.inference.blocks import Blocks
        from headscribe.mapping.devices import choose_arithmetic

        settings = self._request.settings
        arithmetic = choose_arithmetic(MapSettings(dtype=settings.dtype, device=settings.device))
        return Blocks(run_checkpoint(self._request.checkpoint, arithmetic))

    @cached_property
    def reading(self) -> Reading:
        """What stands in front of every text and prompt: the tokenizer's own tokens, or the model's."""
        from headscribe.lookups.reading import Reading

        encode = self._request.checkpoint.vocabulary.encode
        plain, whole = encode("a", False)[0], encode("a", True)[0]
        at = next((at for at in range(len(whole)) if whole[at : at + len(plain)] == plain), 0)
        bos = self._blocks.model.bos_id
        if at == 0 and bos is not None and self._request.settings.bos == "auto":
            return Reading(prefix=(bos,))
        return Reading(prefix=tuple(whole[:at]))

    @cached_property
    def _texts(self) -> list[str]:
        """Every token as it reads inside running text, by id."""
        vocabulary = self._request.checkpoint.vocabulary
        return vocabulary.texts(range(vocabulary.size))

    def neurons(self) -> Made:
        """``neurons.parquet``: the next-token neurons of each layer, and as many random ones."""
        from headscribe.lookups.neurons import choose_neurons

        request, settings = self._request, self._request.settings
        found = choose_neurons(
            self._blocks,
            request.layers,
            self._texts,
            per_layer=settings.neurons_per_layer,
            seed=settings.seed,
        )
        arms = ("next-token", "random") if settings.baseline == "random" else ("next-token",)
        found = [neuron for neuron in found if neuron.arm in arms]
        self._found.write(NEURONS, found)
        return Made(dict(Counter(neuron.arm for neuron in found)))

    def prompts(self) -> Made:
        """``prompts.parquet``: the strongest prompts of every neuron, cut to what makes it fire."""
        from headscribe.lookups.truncation import truncate

        request, counts, left_out = self._request, Counter[str](), list[LeftOut]()
        if request.texts is None:
            raise BadOption(
                "the prompts have to be made again", where="--texts", do="Give the texts to read the model on"
            )
        neurons = [found.neuron for found in read_neurons(self._found)]
        rows: list[ShownPrompt] = []
        most = {"explain": request.settings.explain_prompts, "score": request.settings.score_prompts}
        for split in SPLITS:
            reading = TextPass(request, request.texts, self._found, self._blocks, self.reading, split)
            strongest = reading.run(neurons, most[split])
            counts[f"{split} texts"], counts[f"{split} tokens"] = strongest.n_texts, strongest.n_tokens
            left_out += strongest.all_left_out(neurons)
            left_out += [LeftOut(why, n, split=split) for why, n in request.texts.excluded[split].items()]
            cut, lost = truncate(
                self._blocks, strongest.best, split=split, reading=self.reading, progress=request.progress
            )
            left_out += lost
            rows += self._shown(cut, split)
        counts["prompts"] = len(rows)
        if not rows:
            request.progress.say("No neuron fires on any of these texts, so there is nothing to explain")
        self._found.write(PROMPTS, map(PromptRow.of, rows))
        self._found.write(LEFT_OUT, (LeftOutRow("prompts", one) for one in left_out))
        forget_pass(self._found)
        return Made(dict(counts), left_out)

    def _shown(self, prompts: Iterable[CutPrompt], split: Split) -> Iterator[ShownPrompt]:
        decode, ranks = self._request.checkpoint.vocabulary.decode, Counter[Neuron]()
        for prompt in prompts:
            texts, cut = ([self._texts[id] for id in ids] for ids in (prompt.ids, prompt.cut))
            before, whole = decode(prompt.ids[:-1]), decode(prompt.ids)
            last = whole.removeprefix(before) if whole.startswith(before) else texts[-1]
            yield ShownPrompt(prompt, split, ranks[prompt.neuron], before, last, tuple(texts), tuple(cut))
            ranks[prompt.neuron] += 1

    def heads(self) -> Made:
        """``prompt_heads.parquet`` and ``heads.parquet``: which heads feed each neuron, and how often."""
        from headscribe.lookups.attribution import activity, pairs_to_explain, prompt_heads

        shown = list(read_prompts(self._found))
        found = prompt_heads(
            self._blocks,
            [one.prompt for one in shown],
            reading=self.reading,
            progress=self._request.progress,
        )
        rows = activity(one for one, prompt in zip(found, shown, strict=True) if prompt.split == "explain")
        explained = {(row.neuron, row.head) for row in pairs_to_explain(rows)}
        self._found.write(PROMPT_HEADS, map(ActiveHeads.of, found, shown))
        self._found.write(HEADS, (ActivityRow(row, (row.neuron, row.head) in explained) for row in rows))
        return Made({"prompts": len(found), "pairs": len(rows), "pairs to explain": len(explained)})

    def ablation(self) -> Made:
        """``ablation.parquet``: the next token's probability without head, neuron or both."""
        from headscribe.lookups.ablation import ablate

        heads: dict[Neuron, list[Any]] = {}
        for row in read_pairs(self._found):
            heads.setdefault(row.neuron, []).append(row.head)
        tokens = {found.neuron: found.token.id for found in read_neurons(self._found)}
        rows = ablate(
            self._blocks,
            _prompt_heads(self._found, heads.keys()),
            heads,
            tokens,
            reading=self.reading,
            progress=self._request.progress,
        )
        written = self._found.write(ABLATION, rows)
        return Made({"ablations": written})


def read_neurons(found: LookupDir) -> list[NextTokenNeuron]:
    """The rows of ``neurons.parquet``."""
    return list(found.read(NEURONS))


def read_prompts(found: LookupDir) -> Iterator[ShownPrompt]:
    """The rows of ``prompts.parquet``."""
    return (row.shown() for row in found.read(PROMPTS))


def read_pairs(found: LookupDir) -> list[HeadActivity]:
    """The pairs that are to be explained: those rows of ``heads.parquet``."""
    return [row.activity for row in found.read(HEADS) if row.explained]


def _prompt_heads(found: LookupDir, neurons: Iterable[Neuron]) -> Iterator[PromptHeads]:
    """``PromptHeads`` of some neurons' prompts again, from the tables."""
    request = set(neurons)
    prompts = {shown.key: shown.prompt for shown in read_prompts(found) if shown.prompt.neuron in request}
    for row in found.read(PROMPT_HEADS):
        if prompt := prompts.get(row.key):
            yield PromptHeads(prompt, row.mean, row.deviation, row.active, row.n_heads)
