"""How a checkpoint finds its family, and how a new one is added."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from headscribe.core.errors import UnsupportedFamily
from headscribe.inference.layout import LAYOUTS, Layout
from headscribe.mapping import families
from headscribe.mapping.families import FAMILIES, find_family
from headscribe.pipeline import examine
from tests.conftest import REPOSITORY
from tests.mapping import tiny_models
from tests.mapping.families import parity

MULTIMODAL = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "model_type": "gemma3",
    "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34},
    "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27},
}


def test_every_family_has_its_own_file_and_its_own_architectures() -> None:
    folder = Path(families.__file__).parent
    assert all((folder / f"{family.name}.py").is_file() for family in FAMILIES)
    for names in ("architectures", "model_types"):
        claimed = [name for family in FAMILIES for name in getattr(family, names)]
        assert len(claimed) == len(set(claimed))


def test_a_family_is_found_by_its_architecture_and_else_by_its_model_type() -> None:
    assert find_family({"architectures": ["Qwen2ForCausalLM"], "model_type": "llama"}, "here").name == "qwen2"
    assert find_family({"model_type": "gemma3_text"}, "here").name == "gemma3"


def test_a_name_that_merely_contains_a_family_s_is_not_enough() -> None:
    for architecture in (
        "MyLlamaForCausalLM",
        "Llama4ForCausalLM",
        "Phi3SmallForCausalLM",
        "llamaforcausallm",
    ):
        with pytest.raises(UnsupportedFamily):
            find_family({"architectures": [architecture], "model_type": "llama"}, "here")


def test_numbers_that_a_multimodal_configuration_leaves_out_have_the_family_s_defaults() -> None:
    dims = find_family(MULTIMODAL, "here").dimensions(MULTIMODAL, "here")
    assert (dims.n_layers, dims.n_heads, dims.n_kv_heads, dims.d_head) == (34, 8, 4, 256)
    assert (dims.vocab_size, dims.d_model, dims.tied) == (262208, 2560, True)


def test_an_absent_number_has_the_family_s_default_and_a_null_is_derived() -> None:
    config = {
        "architectures": ["MistralForCausalLM"],
        "hidden_size": 96,
        "num_attention_heads": 24,
        "intermediate_size": 7,
        "num_hidden_layers": 1,
        "vocab_size": 5,
    }
    family = find_family(config, "here")
    assert family.dimensions(config, "here").n_kv_heads == 8
    assert family.dimensions({**config, "num_key_value_heads": None}, "here").n_kv_heads == 24
    assert family.dimensions({**config, "head_dim": None}, "here").d_head == 4


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES if family.name != "gemma3"], ids=lambda f: f.name
)
def test_the_defaults_are_those_of_transformers(family: Any) -> None:
    import transformers

    config = transformers.AutoConfig.for_model(family.name).to_dict()
    needed = {"num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size"}
    needed |= {"n_layer", "n_embd", "n_head"}
    sparse = {key: value for key, value in config.items() if key in needed}
    full = {key: value for key, value in config.items() if value is not None}
    assert family.dimensions(sparse, "here") == family.dimensions(full, "here")


def test_the_how_to_page_adds_a_family_that_equals_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "new-family.md").read_text()
    code = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    module = ModuleType("starcoder2")
    exec(code[0], module.__dict__)
    monkeypatch.setattr(families, "FAMILIES", (*FAMILIES, module.FAMILY))
    monkeypatch.setitem(tiny_models.NEEDED, "starcoder2", ("Starcoder2", tiny_models.GROUPED))
    saved = ("starcoder2", tmp_path, tiny_models.save_tiny("starcoder2", tmp_path))
    parity.check_facts(saved)
    parity.check_embeddings(saved)
    parity.check_attention(saved)
    parity.check_first_mlp(saved)
    layout = re.search(r"Layout\(rise=.*?\)(?=`)", page, flags=re.DOTALL)
    assert layout
    monkeypatch.setitem(LAYOUTS, "starcoder2", eval(layout[0], {"Layout": Layout}))
    assert [check.found for check in examine(model=str(tmp_path), self_check=True) if not check.ok] == []
