"""``map``, ``pairs`` and ``probe`` of heads taken apart, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headscribe.cli.app import app
from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.core.settings import MapSettings
from headscribe.core.tokens import show_token
from headscribe.pipeline import MapDir, pairs_of_head, probe_model

PARTS = MapSettings(view="parts")
HEAD = Head(1, 3)


def typed(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert done.exit_code == 0
    return done


def test_the_table_of_a_map_in_parts_tells_the_parts_of_each_head(tmp_path: Path) -> None:
    said = typed("map", "demo", "--heads", "L1", "--view", "parts", "-o", str(tmp_path / "map")).stdout
    for one in MapDir.open(tmp_path / "map").head_maps():
        assert isinstance(one, TakenApart)
        row = one.ranked("sharpest")[0]
        assert one.head.name in said
        assert f"{row.strength:.1f} σ  {show_token(row.source.text)} → " in said
        assert f"{one.constant.share:.0%}" in said


@pytest.mark.parametrize("suppressed", [False, True])
def test_standardised_pairs_have_a_strength_and_are_ranked_by_it(suppressed: bool) -> None:
    more = ["--suppressed"] if suppressed else []
    asked = ["pairs", "demo", "--head", HEAD.name, "--view", "parts", "--standardised", "--top", "6", *more]
    found = pairs_of_head("demo", HEAD, PARTS, top=6, suppressed=suppressed, standardised=True)
    assert json.loads(typed(*asked, "--json").stdout)["pairs"] == found
    strengths = [pair["strength"] for pair in found]
    assert strengths == sorted(strengths, reverse=not suppressed)
    table = typed(*asked).stdout
    assert all(f"{pair['strength']:.2f}" in table and f"{pair['logit']:.2f}" in table for pair in found)


def test_a_probe_shows_both_parts_and_how_strongly_the_head_acts() -> None:
    asked = ["probe", "demo", "--head", HEAD.name, "--view", "parts", "France", "Japan"]
    found = probe_model("demo", HEAD, ["France", "Japan"], PARTS)
    assert json.loads(typed(*asked, "--json").stdout)["rows"] == found
    table = typed(*asked).stdout
    for row in found:
        assert 0 <= row["percentile"] <= 1
        assert "more than on" in table
        assert f"{min(row['percentile'], 0.99):.0%}"[:-1] in table
        assert f"{row['promoted'][0]['strength']:.1f} σ" in table
    assert f"{found[0]['constant']['share']:.0%} of what it writes" in table
    assert show_token(found[0]["constant"]["promoted"][0]["text"]) in table


def test_a_probe_in_reverse_gives_sources_and_the_target_s_place_in_the_constant_part() -> None:
    (row,) = probe_model("demo", HEAD, ["Paris"], PARTS, reverse=True)
    (back,) = probe_model("demo", HEAD, [f"#{row['promoted'][0]['id']}"], PARTS, top=10_000)
    strengths = {token["id"]: token["strength"] for token in back["promoted"]}
    if row["token"]["id"] in strengths:  # the list has one token of each spelling family
        assert strengths[row["token"]["id"]] == pytest.approx(row["promoted"][0]["strength"], rel=1e-4)
    said = typed("probe", "demo", "--head", HEAD.name, "--view", "parts", "--reverse", "Paris").stdout
    assert f"{row['constant']['strength']:+.1f} standard deviations" in said
