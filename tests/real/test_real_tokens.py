"""What is said of a pretrained model's tokens is true of the model when it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headscribe.core.settings import MapSettings
from headscribe.core.tokens import has_byte_piece
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.usable_tokens import UsableTokens, usable_tokens

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def checkpoint(real_model: Path) -> Checkpoint:
    return open_checkpoint(str(real_model))


@pytest.fixture(scope="module")
def usable(checkpoint: Checkpoint) -> UsableTokens:
    return usable_tokens(checkpoint, MapSettings())


@pytest.fixture(scope="module")
def undertrained(checkpoint: Checkpoint, usable: UsableTokens) -> list[int]:
    """Those that are text."""
    odd = checkpoint.vocabulary.controls | checkpoint.vocabulary.byte_pieces
    return [id for id in usable.undertrained.ids if id not in odd]


def test_no_two_tokens_look_the_same(checkpoint: Checkpoint, usable: UsableTokens) -> None:
    texts = checkpoint.vocabulary.texts(range(49_152))
    assert len(set(texts)) == 49_152
    assert {id for id, text in enumerate(texts) if has_byte_piece(text)} == checkpoint.vocabulary.byte_pieces
    assert not any(usable.mask[id] for id in checkpoint.vocabulary.byte_pieces)
    assert " <0xED>" in texts


def test_undertrained_are_leftovers_of_the_tokenizer_and_no_word(
    checkpoint: Checkpoint, usable: UsableTokens, undertrained: list[int]
) -> None:
    texts = checkpoint.vocabulary.texts(undertrained)
    assert {"ManagementPlaneProtection", " InstancePreprocess", "\x00", "PlaneProtection"} <= set(texts)
    assert len(texts) < 60
    assert not any(text.strip().isalpha() and text.strip().islower() and len(text) < 8 for text in texts)
    assert usable.mask.sum() > 48_000


def test_the_running_model_cannot_repeat_undertrained_tokens(
    real_model: Path, usable: UsableTokens, undertrained: list[int]
) -> None:
    """The check of Land and Bartolo (2024, section 2.3): no prompt gets the token out of the model."""
    ordinary = usable.mask.nonzero().flatten()[:: len(usable.mask) // 24].tolist()
    chances = _repeated(real_model, [*undertrained, *ordinary])
    failed = chances < 0.01
    assert failed[: len(undertrained)].double().mean() > 0.8
    assert failed[len(undertrained) :].double().mean() < 0.2


def _repeated(folder: Path, ids: list[int]) -> torch.Tensor:
    """The largest chance of each token after prompts that say it one to three times: [tokens]."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    largest = torch.zeros(len(ids))
    for marks in (("«", "»"), ('Say "', '".\n')):
        before, behind = (tokenizer(mark, add_special_tokens=False).input_ids for mark in marks)
        once = torch.tensor([[*before, id, *behind] for id in ids])
        asked = [turn * once.shape[1] + len(before) - 1 for turn in (1, 2, 3)]
        with torch.no_grad():
            hidden = model.model(once.repeat(1, 4)).last_hidden_state[:, asked]
            chances = model.lm_head(hidden).softmax(-1)
        of_token = chances.gather(2, torch.tensor(ids)[:, None, None].expand(-1, 3, 1))
        largest = largest.maximum(of_token.amax((1, 2)))
    return largest
