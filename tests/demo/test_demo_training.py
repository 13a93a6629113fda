"""Training from nothing: a few steps give a checkpoint that loads, the same one every time."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from headscribe.demo import train
from headscribe.demo.train import DEFAULT, Recipe, learning_rate
from headscribe.mapping.checkpoint import open_checkpoint

SMALL = Recipe(layers=2, heads=2, width=24, mlp_width=40, steps=20, batch=8, threads=1)


def test_a_short_training_lowers_the_loss_and_repeats_exactly(tmp_path: Path) -> None:
    operations = train.told_operations()
    tokenizer = train.build_tokenizer(operations)
    size = tokenizer.get_vocab_size()

    def run() -> train.Trained:
        return train.train(SMALL, train.TextGenerator(operations, tokenizer, SMALL.seed), size)

    first, second = run(), run()
    assert (
        first.loss == second.loss < 8.75
    )  # ln of the vocabulary's size is 8.73 and a fresh model is above it
    assert all(
        torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True)
    )
    train.save(tmp_path / "small", first, tokenizer, SMALL)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "small", dtype=torch.float32)
    for ours, theirs in zip(first.model.parameters(), loaded.parameters(), strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-6)  # float16 on disk


def test_the_command_writes_a_checkpoint_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    train.main(["--steps", "1", "--threads", "1", "-o", str(out)])
    model = AutoModelForCausalLM.from_pretrained(out)
    assert len(AutoTokenizer.from_pretrained(out)) == model.config.vocab_size
    assert open_checkpoint(str(out)).facts.n_heads == DEFAULT.heads
    assert "took" in (out / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]  # no scratch folder stays
    assert "step" in capsys.readouterr().out


def test_a_training_that_fails_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "config.json").write_text("old")

    def full_disk(path: Path, text: str, **_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space"):
        train.main(["--steps", "1", "--threads", "1", "-o", str(out)])
    assert (out / "config.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_learning_rate_rises_then_falls() -> None:
    recipe = Recipe(steps=1000, warm_up=100, peak_rate=1e-2)
    rates = [learning_rate(recipe, step) for step in range(1000)]
    assert max(rates) == pytest.approx(1e-2, rel=0.05)
    assert rates.index(max(rates)) in range(90, 110)
    assert rates[-1] == pytest.approx(2e-4, rel=0.05)


def test_padding_and_first_tokens_are_not_learnt() -> None:
    operations = train.told_operations()
    tokenizer = train.build_tokenizer(operations)
    generator = train.TextGenerator(operations, tokenizer, 0)
    tokens, weights = train.draw_batch(generator, DEFAULT, torch.Generator().manual_seed(0))
    assert tokens.shape == weights.shape == (DEFAULT.batch, DEFAULT.length)
    assert torch.all(weights[:, 0] == 0)
    assert torch.all(weights[tokens == 0] == 0)
    assert weights.unique().tolist() == pytest.approx([0.0, DEFAULT.other_weight, 1.0])
