"""Qwen2 and Qwen2.5: Llama's layout with biases on q, k and v."""

from dataclasses import replace
from functools import partial

from headscribe.mapping.families.family import no_bias
from headscribe.mapping.families.llama_like import VALUE, llama_like
from headscribe.mapping.families.parts import value_bias

FAMILY = replace(
    llama_like("qwen2", "Qwen2"), value_bias=partial(value_bias, name=VALUE), output_bias=no_bias
)
