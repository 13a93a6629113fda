"""The strongest prompts are found in one pass whatever the batches, and cut without losing the activation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from headscribe.core.lookups import LeftOut, Neuron, TopPrompt
from headscribe.inference.blocks import Blocks
from headscribe.lookups import truncation
from headscribe.lookups.activations import strongest_prompts
from headscribe.lookups.reading import Reading, batches, post_activations
from headscribe.lookups.truncation import KEPT_SHARE, truncate
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import VOCABULARY, save_tiny

NEURONS = [Neuron(3, 5), Neuron(1, 8), Neuron(3, 11), Neuron(2, 2)]
LENGTHS = (3, 17, 1, 8, 8, 0, 30, 2, 12, 40, 5)
Texts = list[tuple[int, list[int]]]


@pytest.fixture(scope="module", params=["gpt2", "qwen3"])
def blocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Blocks:
    folder: Path = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder)
    return Blocks(open_both(folder)[1])


@pytest.fixture(scope="module")
def texts() -> Texts:
    draw = torch.Generator().manual_seed(5)
    return [
        (10 + at, torch.randint(1, VOCABULARY, (length,), generator=draw).tolist())
        for at, length in enumerate(LENGTHS)
    ]


def _brute_force(blocks: Blocks, texts: Texts, neuron: Neuron, limit: int) -> list[tuple[float, int, int]]:
    """(activation, text, position) of every text by itself, without batches or padding."""
    peaks = []
    for number, ids in texts:
        if len(ids) > 1:
            (values,) = post_activations(blocks, [ids[:limit]], [neuron], Reading())
            peaks.append((max(values), number, values.index(max(values))))
    return sorted((peak for peak in peaks if peak[0] > 0), key=lambda peak: -peak[0])


@pytest.mark.parametrize("batch_tokens", [1, 40, 10_000])
def test_each_neuron_keeps_the_texts_in_which_it_fires_most(
    blocks: Blocks, texts: Texts, batch_tokens: int
) -> None:
    reading = Reading(batch_tokens=batch_tokens)
    found = strongest_prompts(blocks, iter(texts), NEURONS, n=4, split="explain", reading=reading)
    ids = dict(texts)
    for neuron in NEURONS:
        mine = [one for one in found.prompts if one.neuron == neuron]
        expected = _brute_force(blocks, texts, neuron, limit=32)[:4]
        assert [(one.text, one.position) for one in mine] == [peak[1:] for peak in expected]
        assert [one.activation for one in mine] == pytest.approx([peak[0] for peak in expected], abs=1e-5)
        assert all(one.ids == tuple(ids[one.text][: one.position + 1]) for one in mine)


def test_short_texts_are_left_out_and_long_ones_cut_and_both_counted(blocks: Blocks, texts: Texts) -> None:
    found = strongest_prompts(blocks, texts, NEURONS, n=2, split="score")
    assert LeftOut("shorter than 2 tokens", 2, split="score") in found.left_out
    assert LeftOut("read only to token 32", 1, split="score") in found.left_out
    assert (found.n_texts, found.n_tokens) == (len(texts) - 2, sum(LENGTHS) - 1 - 8)


def test_a_neuron_that_never_fires_is_left_out_by_name(tmp_path: Path, texts: Texts) -> None:
    model = save_tiny("gpt2", tmp_path, activation_function="relu")
    with torch.no_grad():
        model.transformer.h[3].mlp.c_fc.bias[7:9] = torch.tensor([-1e4, 1e4])  # type: ignore[index,union-attr]
    model.save_pretrained(tmp_path)  # type: ignore[operator]
    silent, other = Neuron(3, 7), Neuron(3, 8)
    found = strongest_prompts(Blocks(open_both(tmp_path)[1]), texts, [silent, other], n=2, split="explain")
    assert LeftOut("never fires", neuron=silent, split="explain") in found.left_out
    assert {one.neuron for one in found.prompts} == {other}


def test_among_equal_texts_the_earlier_is_kept(blocks: Blocks, texts: Texts) -> None:
    same = texts[1][1]
    found = strongest_prompts(
        blocks, ((number, same) for number in (4, 9, 2, 7)), NEURONS[:1], n=2, split="explain"
    )
    assert [one.text for one in found.prompts] in ([2, 4], [])


def test_no_more_texts_are_held_than_a_few_batches(blocks: Blocks) -> None:
    ahead = most = 0

    class Reader:
        def start(self, stage: str, total: int) -> None: ...

        def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
            nonlocal ahead
            ahead -= steps
            assert stage == "prompts"
            assert note.endswith("tokens/s")

        def finish(self, stage: str) -> None: ...

        def say(self, line: str) -> None: ...

    def stream() -> Iterator[tuple[int, list[int]]]:
        nonlocal ahead, most
        for number in range(80):
            ahead += 1
            most = max(most, ahead)
            yield number, [1 + number % 50] * 10

    strongest_prompts(
        blocks, stream(), NEURONS, n=2, split="explain", reading=Reading(batch_tokens=20), progress=Reader()
    )
    assert ahead == 0
    assert most <= 16 * 2


def test_the_prefix_is_read_but_is_no_place_to_fire(blocks: Blocks, texts: Texts) -> None:
    reading = Reading(prefix=(0, 3))
    found = strongest_prompts(blocks, texts, NEURONS, n=3, split="explain", reading=reading)
    for one in found.prompts:
        ids = dict(texts)[one.text]
        (values,) = post_activations(blocks, [(0, 3, *ids[:30])], [one.neuron], Reading())
        assert one.activation == pytest.approx(max(values[2:]), abs=1e-5)
        assert one.position == values[2:].index(max(values[2:]))


def test_batches_hold_every_sequence_once_and_no_more_tokens_than_wanted(texts: Texts) -> None:
    sequences = [ids for _, ids in texts if ids]
    made = list(batches(sequences, Reading(prefix=(0,), batch_tokens=50)))
    assert sorted(row for batch in made for row in batch.rows) == list(range(len(sequences)))
    for batch in made:
        assert batch.ids.numel() <= 50
        for row, ids, end in zip(batch.rows, batch.ids.tolist(), batch.ends.tolist(), strict=True):
            assert ids[:end] == [0, *sequences[row]]


def test_a_cut_prompt_keeps_its_share_and_one_token_less_would_not(blocks: Blocks, texts: Texts) -> None:
    tops = strongest_prompts(blocks, texts, NEURONS, n=6, split="explain").prompts
    prompts, left_out = truncate(blocks, tops, split="explain")
    assert [prompt.top for prompt in prompts] == tops
    assert not left_out
    for prompt in prompts:
        assert (*prompt.cut, *prompt.ids) == prompt.top.ids
        assert len(prompt.activations) == len(prompt.ids)
        least = KEPT_SHARE * prompt.top.activation
        assert prompt.activation >= least or not prompt.cut
        if len(prompt.ids) > 1:
            (shorter,) = post_activations(blocks, [prompt.ids[1:]], [prompt.neuron], Reading())
            assert shorter[-1] < least
    assert any(prompt.cut for prompt in prompts)


def test_prompts_that_need_too_many_tokens_are_counted(
    blocks: Blocks, texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tops = strongest_prompts(blocks, texts, NEURONS, n=6, split="explain").prompts
    monkeypatch.setattr(truncation, "TOO_LONG", 3)
    prompts, left_out = truncate(blocks, tops, split="explain")
    ends = post_activations(blocks, [top.ids[-2:] for top in tops], [top.neuron for top in tops], Reading())
    enough = [
        len(top.ids) <= 2 or end[-1] >= KEPT_SHARE * top.activation
        for top, end in zip(tops, ends, strict=True)
    ]
    assert [prompt.top for prompt in prompts] == [top for top, kept in zip(tops, enough, strict=True) if kept]
    assert all(len(prompt.ids) < 3 for prompt in prompts)
    assert sum(one.count for one in left_out) == enough.count(False) > 0
    assert {one.reason for one in left_out} == {"needs 3 tokens or more"}


def test_nothing_to_cut_is_no_error(blocks: Blocks) -> None:
    assert truncate(blocks, list[TopPrompt](), split="score") == ([], [])
