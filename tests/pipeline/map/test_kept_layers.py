"""A map that is cut short while it is made: finished layers are kept, only what is missing is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from headscribe.core.errors import BadStore
from headscribe.core.settings import MapSettings
from headscribe.pipeline import MapDir, map_model, score_model
from headscribe.store.map.kept_layers import KeptLayers, layers_folder
from tests.pipeline.conftest import N_HEADS, N_LAYERS, Listening

SETTINGS = MapSettings(salient=4, targets=3)


class Stopping(Listening):
    """Ctrl-C once so many heads are done."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        self.left -= steps
        if not self.left:
            raise KeyboardInterrupt


def content(made: MapDir) -> object:
    return made.header.mappings, made.header.scores, made.header.dropped


def test_an_interrupted_map_goes_on_after_its_last_whole_layer(
    model: str, tmp_path: Path, listening: Listening
) -> None:
    out = tmp_path / "map"
    with pytest.raises(KeyboardInterrupt):
        map_model(model, out, SETTINGS, progress=Stopping(2 * N_HEADS + 1))
    assert not out.exists()
    resumed = map_model(model, out, SETTINGS, progress=listening)
    assert listening.stages == [("map", (N_LAYERS - 2) * N_HEADS)]
    assert f"{2 * N_HEADS} heads were mapped by a call that was cut short" in listening.lines
    assert content(resumed) == content(map_model(model, tmp_path / "unbroken", SETTINGS))
    assert not layers_folder(out).exists()


@pytest.mark.parametrize("other", [{"salient": 5}, {"source_view": "raw"}])
def test_layers_of_other_settings_are_not_used(
    model: str, tmp_path: Path, listening: Listening, other: dict[str, object]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        map_model(model, tmp_path / "map", SETTINGS, progress=Stopping(2 * N_HEADS))
    wanted = SETTINGS.model_copy(update=other)
    map_model(model, tmp_path / "map", wanted, progress=listening)
    assert listening.stages == [("map", N_LAYERS * N_HEADS)]


def test_layers_of_other_heads_or_of_other_weights_are_not_used(
    model: str, other_model: str, tmp_path: Path, listening: Listening
) -> None:
    for left_over in (model, other_model):
        with pytest.raises(KeyboardInterrupt):
            map_model(left_over, tmp_path / "map", SETTINGS, progress=Stopping(N_HEADS + 1))
    map_model(model, tmp_path / "map", SETTINGS, heads="L0H1,L1", progress=listening)
    assert listening.stages == [("map", 1 + N_HEADS)]


def test_a_damaged_layer_is_made_again(model: str, tmp_path: Path, listening: Listening) -> None:
    with pytest.raises(KeyboardInterrupt):
        map_model(model, tmp_path / "map", SETTINGS, progress=Stopping(2 * N_HEADS + 1))
    kept = sorted(layers_folder(tmp_path / "map").glob("*.json"))
    kept[0].write_text(kept[0].read_text()[:100])
    map_model(model, tmp_path / "map", SETTINGS, progress=listening)
    assert listening.stages == [("map", (N_LAYERS - 1) * N_HEADS)]


def test_two_processes_do_not_make_one_map_at_once(model: str, tmp_path: Path) -> None:
    with KeptLayers(tmp_path / "map"), pytest.raises(BadStore, match="a map is being made here, by process"):
        map_model(model, tmp_path / "map", SETTINGS)


def test_an_error_before_the_first_layer_leaves_nothing(model: str, operations: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="k"):
        score_model(model, tmp_path / "map", MapSettings(k=10**9), operations=[operations])
    assert list(tmp_path.iterdir()) == []
