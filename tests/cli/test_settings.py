"""A command that takes a settings record has the record's options, and gets the record."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner, Result

from headscribe.cli.settings import Defaults, Only, Without, takes_settings
from headscribe.core.errors import BadOption
from headscribe.core.options import Option, Settings
from headscribe.core.settings import (
    AskSettings,
    DescribeSettings,
    EvaluateSettings,
    LookupSettings,
    MapSettings,
    StudySettings,
    TextSettings,
)


def _even(text: str) -> Literal["auto"] | int:
    if text == "auto":
        return "auto"
    if int(text) % 2:
        raise BadOption(f"{text} is odd", where="--pairs")
    return int(text)


class BaseSettings(Settings):
    depth: Annotated[int, Field(ge=2, le=7), Option("How deep.")] = 3
    hidden: int = 11


class PlantSettings(BaseSettings):
    panel = "Planting"

    kind: Annotated[Literal["oak", "elm"], Option("What grows.")] = "oak"
    water: Annotated[bool, Option("Whether to water.")] = True
    dry_run: Annotated[bool, Option("Do nothing.")] = False
    limit: Annotated[float | None, Field(gt=0), Option("At most.", metavar="M", panel="Limits")] = None
    folders: Annotated[tuple[str, ...], Option("Where.", name="--in", metavar="DIR")] = ()
    pairs: Annotated[Literal["auto"] | int, Option("How many.", read=_even, typed=str)] = "auto"


def _run(hint: object, *words: str) -> tuple[Settings | None, Result]:
    """What a command that takes ``hint`` gets for the words."""
    got: list[Settings] = []

    def command(*, name: str, settings: Settings, loud: bool = False) -> None:
        got.append(settings)

    command.__annotations__["settings"] = hint
    app = typer.Typer()
    app.command()(takes_settings(command))
    done = CliRunner().invoke(app, ["x", *words], env={"COLUMNS": "120"})
    return (got[0] if got else None), done


def test_without_words_the_record_has_its_defaults() -> None:
    assert _run(PlantSettings)[0] == PlantSettings()


def test_each_kind_of_field_is_read() -> None:
    flags = "--kind elm --no-water --dry-run --limit 1.5 --in a --in b --pairs 4 --depth 7 --loud"
    words = flags.split(" ")
    assert _run(PlantSettings, *words)[0] == PlantSettings(
        kind="elm", water=False, dry_run=True, limit=1.5, folders=("a", "b"), pairs=4, depth=7
    )


def test_the_help_says_what_the_fields_say() -> None:
    text = _run(PlantSettings, "--help")[1].output
    for said in (
        "How deep. [default: 3]",
        "2<=x<=7",
        "oak|elm",
        "--water",
        "--no-water",
        "Planting",
    ):
        assert said in " ".join(text.split()), said
    assert "--hidden" not in text
    assert text.index("--kind") < text.index("--depth"), "a record's own fields come before inherited ones"


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--depth", "8"), "less than or equal to 7"), (("--kind", "fir"), "'oak', 'elm'")],
)
def test_what_is_outside_the_fields_bounds_is_a_usage_error(words: tuple[str, ...], said: str) -> None:
    settings, done = _run(PlantSettings, *words)
    assert (settings, done.exit_code) == (None, 2)
    assert said in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(("words", "option"), [(("--pairs", "3"), "--pairs"), (("--limit", "0"), "--limit")])
def test_what_only_the_record_can_judge_is_a_bad_option(words: tuple[str, ...], option: str) -> None:
    error = _run(PlantSettings, *words)[1].exception
    assert isinstance(error, BadOption)
    assert error.where == option


def test_markers_choose_options_and_defaults() -> None:
    assert "--depth" not in _run(Annotated[PlantSettings, Without("depth")], "--help")[1].output
    only = _run(Annotated[PlantSettings, Only("depth")], "--help")[1].output
    assert "--depth" in only
    assert "--kind" not in only
    assert _run(Annotated[PlantSettings, Defaults(depth=5)])[0] == PlantSettings(depth=5)


@pytest.mark.parametrize("marker", [Only("depht"), Without("hidden"), Defaults(nothing=1)])
def test_a_marker_that_names_no_option_is_a_mistake_in_the_program(marker: object) -> None:
    with pytest.raises(ValueError, match="PlantSettings has no options"):
        _run(Annotated[PlantSettings, marker])


SHIPPED = [
    MapSettings,
    AskSettings,
    DescribeSettings,
    TextSettings,
    LookupSettings,
    EvaluateSettings,
    StudySettings,
]


@pytest.mark.parametrize("record", SHIPPED)
def test_the_shipped_records_come_back_from_an_empty_command_line(record: type[Settings]) -> None:
    assert _run(record)[0] == record()
