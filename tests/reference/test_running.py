"""Dynamic scores and ablation (definitions 4) of every family."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from headscribe import CheckSettings, Head, MapSettings, check_model
from headscribe.eval.check.ablation import hits_without
from headscribe.eval.check.prompts import TokenPrompt
from headscribe.inference.running_model import Shape, load_model
from tests.reference import running
from tests.reference.conftest import Case

TEMPLATES = ["No {source} means no", "of {source}"]
KINDS = ["dynamic", "dynamic_suppression", "dynamic_forced", "dynamic_forced_suppression"]
ABLATED = [Head(1, 2), Head(0, 3), Head(1, 0)]


def test_dynamic_scores(case: Case, tmp_path: Path) -> None:
    words = words_of(case)
    pairs = [(words[7 * n % len(words)], words[11 * n % len(words)]) for n in range(1, 31)]
    (tmp_path / "drawn.json").write_text(json.dumps({"name": "drawn", "pairs": pairs}))
    k = len(case.rows) // 10
    check_model(
        str(case.folder),
        tmp_path / "map",
        "correlation",
        MapSettings(view="paper", dtype="float64", k=k),
        CheckSettings(templates=TEMPLATES),
        operations=[tmp_path / "drawn.json"],
    )
    rows = pq.read_table(tmp_path / "map" / "correlation.parquet").to_pylist()
    found = {(row["template"], row["layer"], row["head"], kind): row[kind] for row in rows for kind in KINDS}
    assert len(set(found.values())) > 3
    for template in TEMPLATES:
        prompts = []
        for source, target in pairs:
            ids = ids_of(case, template.replace("{source}", source), special=True)
            (source_id,), (target_id,) = ids_of(case, f" {source}"), ids_of(case, f" {target}")
            prompts.append((ids, ids.index(source_id), target_id))
        counts = running.dynamic(case.model, case.weights, prompts, case.rows, k)
        for kind, table in zip(KINDS, counts.flatten(0, 1).tolist(), strict=True):
            for layer, hits in enumerate(table):
                scores = [found[template, layer, head, kind] for head in range(len(hits))]
                assert scores == pytest.approx([count / len(pairs) for count in hits])


def test_accuracy_while_heads_are_silenced(case: Case) -> None:
    facts, draw, prompts = case.checkpoint.facts, random.Random(0), []
    for place in range(30):
        ids = draw.sample(case.rows.tolist(), draw.randrange(3, 9))
        # what is answered with some of the heads silenced, so that each of them makes a difference
        silenced = ABLATED[: place % (len(ABLATED) + 1)]
        prompts.append((ids, int(running.run(case.model, facts.n_heads, ids, silenced).logits.argmax())))
    expected = running.right_answers(case.model, facts.n_heads, prompts, ABLATED)
    assert len(set(expected)) > 1
    shape = Shape(facts.n_layers, facts.n_heads, facts.n_kv_heads, facts.d_head)
    model = load_model(case.folder, shape, dtype=torch.float64, device=torch.device("cpu"))
    given = [TokenPrompt(tuple(ids), 0, target) for ids, target in prompts]
    assert hits_without(model, given, [ABLATED]) == [expected]


def words_of(case: Case) -> list[str]:
    """Words that are one token inside running text."""
    texts = (case.tokenizer.decode([id]) for id in case.rows.tolist())
    return [text[1:] for text in texts if text[1:].isalnum() and len(ids_of(case, f" {text[1:]}")) == 1]


def ids_of(case: Case, text: str, *, special: bool = False) -> list[int]:
    return case.tokenizer.encode(text, add_special_tokens=special).ids
