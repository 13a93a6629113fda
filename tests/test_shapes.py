"""Shapes in signatures are checked in tests, and cost nothing elsewhere."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from headscribe.mapping.facts import OV
from headscribe.mapping.ranking import top_k


def test_a_wrong_shape_or_dtype_is_refused() -> None:
    with pytest.raises(TypeError, match="top_k: values"):
        top_k(torch.zeros(3), 2)
    with pytest.raises(TypeError, match="top_k: values"):
        top_k(torch.zeros(3, 4, dtype=torch.long), 2)


def test_a_letter_means_one_size_within_a_call() -> None:
    w_v, w_o = torch.zeros(2, 7, 3), torch.zeros(4, 3, 7)
    OV(w_v, w_o, torch.zeros(2, 3), torch.zeros(7))
    with pytest.raises(TypeError, match="output_bias"):
        OV(w_v, w_o, torch.zeros(2, 3), torch.zeros(8))


def test_nothing_loads_jaxtyping_outside_tests() -> None:
    code = "import sys, headscribe.mapping.head_maps; print('jaxtyping' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
