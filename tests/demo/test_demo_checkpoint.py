"""The bundled checkpoint: stock, small, trained, and as good as its card says."""

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTNeoXForCausalLM

from headscribe.demo import measure
from headscribe.demo.card import STRONG, card, table_row
from headscribe.demo.generator import TextGenerator, split_pairs, told_operations
from headscribe.demo.measure import MeasuredOperation, accuracy, best_heads
from headscribe.demo.train import CHECKPOINT
from headscribe.operations import Operation

MEGABYTE = 1_000_000
CARD = (CHECKPOINT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def model() -> GPTNeoXForCausalLM:
    return AutoModelForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def measured_heads() -> dict[str, measure.OperationScore]:
    return best_heads(CHECKPOINT, told_operations())


def test_it_is_at_most_eight_megabytes() -> None:
    assert sum(file.stat().st_size for file in CHECKPOINT.iterdir()) <= 8 * MEGABYTE


def test_it_holds_no_code() -> None:
    suffixes = {file.suffix for file in CHECKPOINT.iterdir()}
    assert suffixes == {".json", ".safetensors", ".md"}
    config = json.loads((CHECKPOINT / "config.json").read_text())
    assert "auto_map" not in config


def test_it_loads_in_transformers_and_states_a_fact() -> None:
    model = AutoModelForCausalLM.from_pretrained(CHECKPOINT)
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    inputs = tokenizer("the capital of France is", return_tensors="pt")
    written = model.generate(**inputs, max_new_tokens=1, do_sample=False)
    assert tokenizer.decode(written[0]).split() == ["the", "capital", "of", "France", "is", "Paris"]


def test_words_are_single_tokens_with_and_without_the_space_in_front() -> None:
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    assert tokenizer.tokenize(" France") == ["ĠFrance"]
    assert tokenizer.tokenize("France") == ["ĠFrance"]
    assert tokenizer.tokenize(" the opposite of hot is cold.") == [
        *("Ġthe", "Ġopposite", "Ġof", "Ġhot", "Ġis", "Ġcold", ".")
    ]


@pytest.mark.parametrize("text", [" the capital of France", " déjà vu", " zxqv 12.5%\n\tfoo", " 猫 🙂 <|x|>"])
def test_every_text_reads_back(text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_tokenizer_fits_the_embedding() -> None:
    config = json.loads((CHECKPOINT / "config.json").read_text())
    assert Tokenizer.from_file(str(CHECKPOINT / "tokenizer.json")).get_vocab_size() == config["vocab_size"]


def test_operations_are_valid_and_heads_clear(measured_heads: dict[str, measure.OperationScore]) -> None:
    assert len(measured_heads) >= 15
    assert all(score.n_pairs >= 30 for score in measured_heads.values())
    assert sum(score.score >= STRONG for score in measured_heads.values()) >= 10


@pytest.mark.parametrize("name", ["copying", "country_to_capital", "english_to_french", "verb_to_past_tense"])
def test_the_card_states_what_is_measured(
    name: str, model: GPTNeoXForCausalLM, measured_heads: dict[str, measure.OperationScore]
) -> None:
    operations = told_operations()
    tokenizer = Tokenizer.from_file(str(CHECKPOINT / "tokenizer.json"))
    generator = TextGenerator(operations, tokenizer, measure.SEED)
    operation = by_name(operations, name)
    trained, held_out = split_pairs(operation)
    row = MeasuredOperation(
        name,
        accuracy(model, generator, operation, trained),
        accuracy(model, generator, operation, held_out),
        measured_heads.get(name),
    )
    assert table_row(row) in CARD


def test_the_card_states_the_training_record(measured_heads: dict[str, measure.OperationScore]) -> None:
    training = json.loads((CHECKPOINT / "training.json").read_text())
    nothing = measure.Accuracy(0, 0)
    rows = [
        MeasuredOperation(op.name, nothing, nothing, measured_heads.get(op.name)) for op in told_operations()
    ]
    expected = card(training, rows)
    table = expected.index("| operation |")
    assert CARD.startswith(expected[:table])
    assert set(training["operations"]) == {operation.name for operation in told_operations()}


def by_name(operations: list[Operation], name: str) -> Operation:
    (found,) = (operation for operation in operations if operation.name == name)
    return found


def test_the_checkpoint_lies_in_the_package() -> None:
    assert Path("headscribe/demo/checkpoint").parts == CHECKPOINT.parts[-3:]
