"""Which earlier heads feed a neuron at the last token of its prompts (definitions section 7, step 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.lookups import CutPrompt, HeadActivity, Neuron, PromptHeads
from headscribe.core.progress import Progress, Silent
from headscribe.inference.blocks import Blocks
from headscribe.inference.hooks import Tap
from headscribe.inference.weights import ResidualWeights
from headscribe.lookups.reading import Reading, TokenBatch, batches

if TYPE_CHECKING:
    from jaxtyping import Float

DEVIATIONS = 2.0
"""A head is active when its attribution exceeds the heads' mean by more than so many standard deviations."""

FEWEST_HEADS = 6
"""With fewer heads none can lie two standard deviations (n − 1) above the mean: at most (n − 1) / √n."""

EXPLAINED_SHARE = (0.25, 0.75)
"""Pairs are explained whose head is active on this share of the prompts, ends included."""

GROUP = 64
"""Neurons whose directions, heads x d_head numbers per earlier layer, are held together."""

STAGE = "heads"


def prompt_heads(
    blocks: Blocks,
    prompts: Sequence[CutPrompt],
    *,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> list[PromptHeads]:
    """The active heads of every prompt, in the order given.

    Args:
        prompts: of any neurons, as ``truncate`` gives them.
        reading: as the prompts were made.
        progress: told of every prompt.
    """
    progress = progress or Silent()
    progress.start(STAGE, len(prompts))
    found: list[PromptHeads] = []
    for table, prompt in zip(head_attributions(blocks, prompts, reading=reading), prompts, strict=True):
        found.append(_active(prompt, table))
        progress.advance(STAGE)
    progress.finish(STAGE)
    return found


def head_attributions(
    blocks: Blocks, prompts: Sequence[CutPrompt], *, reading: Reading | None = None
) -> Iterator[Float[Tensor, "earlier n_heads"]]:
    """⟨a head's output at the last position, the neuron's input weights⟩ for all heads of earlier layers.

    A head's output is (z − its constant part) W_O, without output bias; weights are folded and centred as
    ``ResidualWeights`` says. It is never built: z at the last position is multiplied by W_O w_in, d_head
    numbers per head, which are computed once per neuron. Earlier are the layers before the neuron's; the
    neuron's own layer never counts, also where its attention is added before its MLP.

    The input weights of a gated neuron act(g) · u, g = ⟨w_gate, x⟩ and u = ⟨w_up, x⟩, are act'(g) u w_gate +
    act(g) w_up at the prompt's last position: the direction in which its post-activation grows. (That of a
    plain neuron is w_in times act'(⟨w_in, x⟩), one factor for all heads, which the definition leaves out.)

    The MLP norm's scale at that position is left out; it too is one factor for all heads, so neither changes
    which heads are active.

    Args:
        prompts: of any neurons.
        reading: as the prompts were made.

    Yields:
        Per prompt, in order, [earlier layers, n_heads] in float32 on the CPU.
    """
    reading, weights = reading or Reading(), ResidualWeights(blocks)
    order = sorted(range(len(prompts)), key=lambda place: prompts[place].neuron)
    by_neuron = [list(same) for _, same in groupby(order, lambda place: prompts[place].neuron)]
    tables: dict[int, Tensor] = {}
    for first in range(0, len(by_neuron), GROUP):
        places = [place for same in by_neuron[first : first + GROUP] for place in same]
        some = [prompts[place] for place in places]
        tables.update(zip(places, _attributions(blocks, weights, some, reading), strict=True))
    for place in range(len(prompts)):
        yield tables.pop(place)


def activity(found: Iterable[PromptHeads]) -> list[HeadActivity]:
    """The consistency table: how often each head is active on each neuron's prompts.

    Returns:
        A row for each (neuron, head) with at least one such prompt, by neuron, the most frequent head first.
    """
    prompts: dict[Neuron, int] = {}
    sums: dict[tuple[Neuron, Head], list[float]] = {}
    for one in found:
        neuron = one.prompt.neuron
        prompts[neuron] = prompts.get(neuron, 0) + 1
        for head, value in one.active.items():
            sums.setdefault((neuron, head), []).append(value)
    rows = [
        HeadActivity(neuron, head, prompts[neuron], len(values), sum(values) / len(values))
        for (neuron, head), values in sums.items()
    ]
    return sorted(rows, key=lambda row: (row.neuron, -row.n_active, row.head))


def pairs_to_explain(rows: Iterable[HeadActivity]) -> list[HeadActivity]:
    """The rows whose head is active on 25–75 % of the neuron's prompts (definitions section 7, step 5)."""
    low, high = EXPLAINED_SHARE
    return [row for row in rows if low <= row.share <= high]


def _active(prompt: CutPrompt, table: Tensor) -> PromptHeads:
    """Heads above mean + 2σ, from [earlier layers, n_heads]."""
    values = table.double().flatten()
    mean, deviation = float(values.mean()), float(values.std()) if len(values) > 1 else 0.0
    active = {
        Head(layer, head): float(table[layer, head])
        for layer, head in (table.double() > mean + DEVIATIONS * deviation).nonzero().tolist()
    }
    return PromptHeads(prompt, mean, deviation, active, len(values))


def _attributions(
    blocks: Blocks, weights: ResidualWeights, prompts: Sequence[CutPrompt], reading: Reading
) -> list[Tensor]:
    neurons = sorted({prompt.neuron for prompt in prompts})
    directions = _directions(weights, neurons, blocks.model.device)
    constants = [weights.constant_z(layer) for layer in range(len(directions))]
    found: list[Tensor] = [torch.empty(0)] * len(prompts)
    for batch in batches([prompt.ids for prompt in prompts], reading):
        wanted = [prompts[row].neuron for row in batch.rows]
        at = torch.tensor([neurons.index(neuron) for neuron in wanted], device=blocks.model.device)
        seen = _LastPosition(blocks, batch, wanted)
        scale = seen.scale()  # [batch, inputs]
        layers = [
            torch.einsum("bhe,bihe,bi->bh", z - constant, towards[at], scale)
            for z, constant, towards in zip(seen.z, constants, directions, strict=False)
        ]
        table = torch.stack(layers, dim=1).cpu()  # [batch, layers, n_heads]
        for place, row in enumerate(batch.rows):
            found[row] = table[place, : wanted[place].layer].clone()
    return found


@torch.inference_mode()
def _directions(weights: ResidualWeights, neurons: Sequence[Neuron], device: torch.device) -> list[Tensor]:
    """W_O w_in, per layer below the highest neuron's: [n_neurons, inputs, n_heads, d_head]."""
    read = [
        weights.read_by_neurons(neuron.layer, torch.tensor([neuron.neuron], device=device))[:, 0]
        for neuron in neurons
    ]
    inputs = torch.stack(read)  # [n_neurons, inputs, d_model]
    last = max(neuron.layer for neuron in neurons)
    return [torch.einsum("hed,nid->nihe", weights.written_by_heads(layer), inputs) for layer in range(last)]


@dataclass
class _LastPosition(Tap):
    """What passes the last position of each sequence of a batch, in one forward pass.

    Attributes:
        blocks: the model.
        batch: the sequences.
        neurons: one per sequence.
        z: per layer below the highest neuron's, [batch, n_heads, d_head].
        inputs: what the input weights of each sequence's neuron give, [inputs, batch].
    """

    blocks: Blocks
    batch: TokenBatch
    neurons: list[Neuron]
    z: list[Tensor] = field(default_factory=list)
    inputs: Tensor = field(init=False)

    def __post_init__(self) -> None:
        device, n = self.blocks.model.device, len(self.neurons)
        self._rows = torch.arange(n, device=device)
        self._last = (self.batch.ends - 1).to(device)
        self.inputs = torch.zeros(2 if self.blocks.gated else 1, n, device=device)
        layers = {neuron.layer for neuron in self.neurons}
        self._highest = max(layers)
        see_pre = self._see_pre if self.blocks.gated else None
        self.blocks.run(self.batch.ids, layers, lambda _, __: None, see_pre=see_pre, tap=self)

    def scale(self) -> Float[Tensor, "batch inputs"]:
        """How much each input weight counts: 1; act'(g) u and act(g) of a gated neuron; [batch, inputs]."""
        if not self.blocks.gated:
            return self.inputs.new_ones(len(self.neurons), 1)
        gate, up = self.inputs
        with torch.enable_grad():
            gate = gate.detach().clone().requires_grad_()
            act = self.blocks.activation(gate)
            (slope,) = torch.autograd.grad(act.sum(), gate)
        return torch.stack([slope * up, act.detach()], dim=1)

    def _see_pre(self, layer: int, which: int, pre: Tensor) -> None:
        rows = [row for row, neuron in enumerate(self.neurons) if neuron.layer == layer]
        indices = [self.neurons[row].neuron for row in rows]
        self.inputs[which, rows] = pre[rows, self._last[rows], indices].float()

    def leave(self, layer: int, z: Tensor) -> Tensor:
        """Keep z at the last positions, [batch, n_heads, d_head]."""
        if layer < self._highest:
            self.z.append(z[self._rows, self._last].float())
        return z
