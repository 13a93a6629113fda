"""Next-token neurons, by their weights alone (definitions section 7, step 1)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.errors import BadHeads, BadOption, BadTokenizer
from headscribe.core.heads import select_heads
from headscribe.core.lookups import Arm, Neuron, NextTokenNeuron
from headscribe.core.records import Token
from headscribe.inference.blocks import Blocks
from headscribe.inference.weights import ResidualWeights

if TYPE_CHECKING:
    from jaxtyping import Float, Int

PER_LAYER = 20
FURTHER_CHARACTERS = 2
PRODUCTS = 16_000_000
"""Congruences that are computed together; never neurons times vocabulary."""


def late_layers(n_layers: int) -> tuple[int, ...]:
    """The last third of the layers, rounded up: where neurons that write the next token sit."""
    return tuple(range(n_layers - max(1, -(-n_layers // 3)), n_layers))


def choose_layers(selection: str | None, n_layers: int) -> tuple[int, ...]:
    """The layers whose neurons are looked at.

    Args:
        selection: such as ``L8-11`` or ``L9,L11``; None for ``late_layers``.
        n_layers: layers of the model.

    Raises:
        BadOption: it cannot be read, lies outside the model, or names layer 0, which no earlier head feeds.
    """
    if selection is None:
        layers = late_layers(n_layers)
    else:
        try:
            if "h" in selection.lower() or ":" in selection:
                raise BadHeads(f"'{selection}' selects no layers")
            layers = tuple(dict.fromkeys(head.layer for head in select_heads(selection, n_layers, 1)))
        except BadHeads as error:
            last = n_layers - 1
            do = f"Use L{last}, L1-{last}, or several with commas; the layers are L0 to L{last}"
            what = error.what.replace("selects no heads", "selects no layers")
            raise BadOption(what, where="--layers", do=do) from error
    if 0 in layers:
        what = "no earlier layer has heads that could feed the neurons of layer 0"
        do = "Begin with L1" if n_layers > 1 else "A model of one layer has nothing to look up"
        raise BadOption(what, where="--layers", do=do)
    return layers


def eligible_tokens(texts: Sequence[str]) -> list[int]:
    """Ids of the tokens that begin with a space and have at least two further characters.

    Args:
        texts: of all tokens as they read inside running text, by id.

    Raises:
        BadTokenizer: there is none.
    """
    shortest = 1 + FURTHER_CHARACTERS
    found = [id for id, text in enumerate(texts) if text.startswith(" ") and len(text) >= shortest]
    if not found:
        what = "no token begins with a space and has two further characters"
        raise BadTokenizer(what, do="Context look-ups need tokens that begin words")
    return found


@dataclass(frozen=True, slots=True)
class Congruence:
    """For every neuron of a layer, the token that it promotes most.

    Attributes:
        value: ⟨output weights, U[:, t]⟩ at that token, [d_mlp].
        token: its id, [d_mlp].
    """

    value: Float[Tensor, " d_mlp"]
    token: Int[Tensor, " d_mlp"]


@torch.inference_mode()
def congruence(weights: ResidualWeights, layer: int, d_mlp: int, tokens: Int[Tensor, " n"]) -> Congruence:
    """The highest congruence of each neuron of a layer, and with which token.

    The weights are folded and centred as ``ResidualWeights`` says, on the fly and in blocks of tokens.

    Args:
        weights: the model's, in float32.
        layer: whose neurons.
        d_mlp: how many it has.
        tokens: ids of the eligible tokens, [n], on the model's device.
    """
    written = weights.written_by_neurons(layer, torch.arange(d_mlp, device=tokens.device))
    mean = weights.unembedding_mean()
    best = torch.full((d_mlp,), -torch.inf, device=tokens.device)
    which = torch.zeros(d_mlp, dtype=torch.long, device=tokens.device)
    size = max(1, PRODUCTS // d_mlp)
    for first in range(0, len(tokens), size):
        some = tokens[first : first + size]
        value, at = (written @ weights.unembedding(some, mean).T).max(dim=1)
        better = value > best
        best, which = torch.where(better, value, best), torch.where(better, some[at], which)
    return Congruence(best.cpu(), which.cpu())


def choose_neurons(
    blocks: Blocks,
    layers: Sequence[int],
    texts: Sequence[str],
    *,
    per_layer: int = PER_LAYER,
    seed: int = 0,
) -> list[NextTokenNeuron]:
    """The neurons with the highest congruence in each layer, and as many others drawn at random.

    Args:
        layers: as from ``choose_layers``.
        texts: of all tokens as they read inside running text, by id; "" for rows without a token.
        per_layer: neurons of each arm per layer; fewer where the layer has fewer.
        seed: draws the random arm, which never holds a neuron of the other.

    Returns:
        By layer: the next-token neurons, most congruent first, then the random ones by index.

    Raises:
        BadTokenizer: no token is eligible.
    """
    tokens = torch.tensor(eligible_tokens(texts), device=blocks.model.device)
    weights = ResidualWeights(blocks)
    chosen: list[NextTokenNeuron] = []
    for layer in layers:
        found = congruence(weights, layer, blocks.d_mlp, tokens)
        values, ids = found.value.tolist(), found.token.tolist()
        ranked = sorted(range(len(values)), key=lambda index: (-values[index], index))
        top, others = ranked[:per_layer], sorted(ranked[per_layer:])
        drawn = random.Random(f"{seed}/{layer}").sample(others, min(per_layer, len(others)))
        arms: list[tuple[Arm, list[int]]] = [("next-token", top), ("random", sorted(drawn))]
        for arm, indices in arms:
            for index in indices:
                token = Token(ids[index], texts[ids[index]])
                chosen.append(NextTokenNeuron(Neuron(layer, index), arm, token, values[index]))
    return chosen
