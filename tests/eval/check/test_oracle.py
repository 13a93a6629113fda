"""Dynamic scores and ablation accuracies equal those of the paper's own code, as whole numbers of prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headscribe.core.heads import Head
from headscribe.eval.check.ablation import hits_without
from headscribe.eval.check.dynamic import dynamic_hits
from headscribe.eval.check.prompts import task_prompts, word_prompts
from headscribe.operations import Operation
from tests.eval.check.readouts import WeightsReadout, open_both

CHECKPOINTS = ("gpt2", "gpt_neox", "llama_gqa")
TABLES = {
    "context": "w_context_dynamic",
    "context_suppression": "w_context_suppression_dynamic",
    "forced": "wo_context_dynamic",
    "forced_suppression": "wo_context_suppression_dynamic",
}


def _operation(expected: dict[str, Any], relation: str) -> Operation:
    pairs = tuple((source, target) for source, target in expected["pairs"][relation]["pairs"])
    return Operation(relation, "test", 1, "", "", None, pairs)


@pytest.fixture(scope="module", params=CHECKPOINTS)
def case(request: pytest.FixtureRequest, shared: Path) -> tuple[Any, Any, dict[str, Any]]:
    folder = shared / "oracle" / request.param
    return *open_both(folder), json.loads((folder / "expected.json").read_text())


def test_dynamic_hits_equal_the_reference_for_every_head(case: tuple[Any, Any, dict[str, Any]]) -> None:
    checkpoint, model, expected = case
    vocabulary = checkpoint.vocabulary
    for known in expected["dynamic"]["cases"]:
        operation = _operation(expected, known["relation"])
        template = known["template"].replace("<X>", "{source}")
        made = word_prompts(operation, template, vocabulary.word_id, vocabulary.encode)
        assert (len(made.prompts), made.skipped) == (known["n"], {})
        assert {prompt.source_at for prompt in made.prompts} == {known["src_token_position"]}
        assert list(made.prompts[0].ids) == known["first_prompt_ids"]
        [hits] = dynamic_hits(model, [made.prompts], WeightsReadout(checkpoint), known["k"])
        for ours, theirs in TABLES.items():
            assert getattr(hits, ours) == known[f"{theirs}_relation_scores_hits"], (
                known["relation"],
                template,
                ours,
            )


def test_accuracies_under_ablation_equal_the_reference(case: tuple[Any, Any, dict[str, Any]]) -> None:
    checkpoint, model, expected = case
    vocabulary = checkpoint.vocabulary
    for known in expected["causal"]["cases"]:
        operation = _operation(expected, known["relation"])
        template = known["template"].replace("<X>", "{source}")
        made = task_prompts(operation, template, vocabulary.word_id, vocabulary.encode)
        heads = [Head(*pair) for pair in known["heads"]]
        assert len(made.prompts) == known["n"]
        assert hits_without(model, made.prompts, [heads]) == [known["hits"]]
