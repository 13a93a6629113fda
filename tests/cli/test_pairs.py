"""``headscribe pairs``, as typed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from headscribe.cli.app import app
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.pipeline import pairs_of_head, probe_model

HEAD = ["pairs", "demo", "--head", "L1H3"]


@pytest.mark.parametrize("suppressed", [False, True])
def test_pairs_are_printed_as_one_json_document(suppressed: bool) -> None:
    more = ["--suppressed"] if suppressed else []
    done = CliRunner().invoke(app, [*HEAD, "--top", "7", "--json", *more])
    assert done.exit_code == 0
    found = pairs_of_head("demo", Head(1, 3), top=7, suppressed=suppressed)
    assert json.loads(done.stdout) == {
        "model": "demo",
        "head": "L1H3",
        "suppressed": suppressed,
        "pairs": found,
    }
    logits = [pair["logit"] for pair in found]
    assert len(logits) == 7
    assert logits == sorted(logits, reverse=not suppressed)


def test_pairs_are_printed_as_a_table() -> None:
    done = CliRunner().invoke(app, [*HEAD, "--top", "3"])
    assert done.exit_code == 0
    for pair in pairs_of_head("demo", Head(1, 3), top=3):
        assert f"{pair['logit']:.2f}" in done.stdout
        assert repr(pair["target"]["text"]) in done.stdout


@pytest.mark.parametrize("suppressed", [False, True])
def test_the_first_pair_is_at_the_end_of_its_sources_row(suppressed: bool) -> None:
    settings = MapSettings(view="paper", source_view="raw")
    (pair,) = pairs_of_head("demo", Head(1, 3), settings, top=1, suppressed=suppressed)
    (row,) = probe_model("demo", Head(1, 3), [f"#{pair['source']['id']}"], settings)
    (first, *_) = row["suppressed" if suppressed else "promoted"]
    assert (first["id"], first["logit"]) == (pair["target"]["id"], pytest.approx(pair["logit"], rel=1e-5))
