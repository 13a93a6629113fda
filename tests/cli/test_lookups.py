"""``headscribe lookups`` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.planted.lookups import HEAD, NEURON, TARGET, planted_texts, save_planted_lookup

SMALL = ("--neurons-per-layer", "1", "--no-ablate", "--score-prompts", "20")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, ``texts.txt`` beside it, and ``run`` with all but the LLM's stages."""
    folder = tmp_path_factory.mktemp("planted")
    save_planted_lookup(folder / "model")
    (folder / "texts.txt").write_text("\n".join(one.text for one in planted_texts(20)))
    return folder


def words(planted: Path, *more: str) -> tuple[str, ...]:
    texts = ("--texts", str(planted / "texts.txt"))
    return "lookups", str(planted / "model"), "-o", str(planted / "run"), *texts, *SMALL, *more


def test_the_stages_the_scores_and_the_page_are_told(cli: Cli, planted: Path) -> None:
    ended = cli(*words(planted))
    assert ended.code == 0
    assert "Head explanation score of the next-token neurons: " in ended.out
    assert f"{HEAD.name}   {NEURON.name} ' {TARGET}'" in ended.out
    assert "built-in rules" in ended.out
    assert f"Look-ups: {planted / 'run' / 'lookups.html'}" in ended.out
    assert "No LLM is set" in ended.err


def test_json_is_one_document_and_nothing_else(cli: Cli, planted: Path) -> None:
    ended = cli(*words(planted, "--json", "--llm", "rules"))
    said = json.loads(ended.out)
    assert said["stages"]["scores"]["counts"]["scored"] >= 1
    assert {arm["arm"] for arm in said["arms"]} == {"next-token", "random"}
    assert said["stopped"] is None


def test_a_dry_run_says_how_many_calls_an_llm_would_get(cli: Cli, planted: Path) -> None:
    ended = cli(*words(planted, "--llm", "fake", "--dry-run"))
    assert ended.code == 0
    assert "To make: explanations, scores." in ended.out
    assert "fake would get " in ended.out
    said = json.loads(cli(*words(planted, "--llm", "fake", "--dry-run", "--json")).out)
    assert said["make"] == ["explanations", "scores"]
    assert said["calls"] > said["pairs"] > 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--texts", "absent.txt"), "error: there are no such texts (absent.txt). Give a file"),
        (("--layers", "L0"), "error: no earlier layer has heads that could feed the neurons of layer 0"),
        (("--layers", "what"), "error: 'what' selects no layers (--layers). Use L2"),
        (("--score-split", "tset"), "error: there is no split 'tset'"),
        (("--max-texts", "3"), "the stage prompts here was made otherwise: texts: max texts 10000, not 3"),
        (("--llm", "fake:absent.json"), "absent.json"),
    ],
)
def test_bad_input_is_one_line_with_exit_code_2(
    cli: Cli, planted: Path, more: tuple[str, ...], said: str
) -> None:
    ended = cli(*words(planted, *more))
    assert ended.code == 2
    assert said in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


def test_the_report_of_look_ups_alone_is_their_page(cli: Cli, planted: Path) -> None:
    ended = cli("report", str(planted / "run"))
    assert ended.code == 2
    assert f"It holds context look-ups alone: see {planted / 'run' / 'lookups.html'}" in ended.err


def test_a_model_without_texts_of_its_own_needs_some(cli: Cli, planted: Path) -> None:
    ended = cli("lookups", str(planted / "model"))
    assert ended.code == 2
    assert "there are no texts to read the model on (--texts). Give --texts" in ended.err
