"""Parts of a file on the hub: exact whatever the network does, fetched once, continued where they stopped."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from headscribe.core.errors import HubUnavailable, ModelNotFound
from headscribe.mapping import hub_parts
from headscribe.mapping.hub_parts import RangesIgnored, RemoteFile
from headscribe.mapping.stopping import Stop, Stopped
from tests.mapping.hub_server import COMMIT, StandInHub, stand_in_hub

pytestmark = pytest.mark.outside

CONTENT = random.Random(0).randbytes(50_000)
START, STOP = 10_001, 40_007

Opened = Callable[..., RemoteFile]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    """A hub with one file, and a client of it that is online, knows no proxy and waits briefly."""
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_parts, "FIRST_WAIT", 0.001)
    huggingface_hub.close_session()
    (tmp_path / "hub" / "o" / "r").mkdir(parents=True)
    (tmp_path / "hub" / "o" / "r" / "model.safetensors").write_bytes(CONTENT)
    with stand_in_hub(tmp_path / "hub") as server:
        yield server
    huggingface_hub.close_session()


@pytest.fixture
def opened(hub: StandInHub, tmp_path: Path) -> Opened:
    """Opens the hub's file, with anything about it changed."""
    tag = hub.answer(f"/o/r/resolve/{COMMIT}/model.safetensors")[1]["ETag"].strip('"')
    known = {
        "repository": "o/r",
        "name": "model.safetensors",
        "url": f"{hub.url}/o/r/resolve/{COMMIT}/model.safetensors",
        "folder": tmp_path / "parts",
        "etag": tag,
        "size": len(CONTENT),
        "online": True,
        "fetched": lambda n_bytes: None,
    }
    return lambda **changed: RemoteFile(**{**known, **changed})  # type: ignore[arg-type]


def test_a_part_is_fetched_once_and_nothing_else_is(hub: StandInHub, opened: Opened) -> None:
    counted: list[int] = []
    remote = opened(fetched=counted.append)
    assert not remote.here(START, STOP)
    assert remote.part(START, STOP).read_bytes() == CONTENT[START:STOP]
    assert remote.here(START, STOP)
    assert opened().part(START, STOP).read_bytes() == CONTENT[START:STOP]
    assert hub.sent == sum(counted) == STOP - START


@pytest.mark.parametrize(
    "faults",
    [
        ["drop"],
        ["drop", "drop", "drop", "drop", "drop", "drop", "drop", "drop"],
        ["truncate"],
        ["shift", "fine"],
        ["503", "429", "503"],
        ["drop", "503", "truncate", "shift", "drop"],
    ],
)
def test_what_the_network_breaks_is_continued_and_exact(
    hub: StandInHub, opened: Opened, faults: list[str]
) -> None:
    hub.faults = list(faults)
    assert opened().part(START, STOP).read_bytes() == CONTENT[START:STOP]
    assert hub.faults == []
    # what had arrived is not sent again; a client cannot use an answer that says other bytes
    assert hub.sent <= (STOP - START) * (1 + ("shift" in faults))


@pytest.mark.parametrize(
    ("fault", "said"), [("503", "it answers 503"), ("shift", "other bytes"), ("429", "it answers 429")]
)
def test_a_network_that_stays_broken_is_said_in_one_line(
    hub: StandInHub, opened: Opened, fault: str, said: str
) -> None:
    hub.faults = [fault] * hub_parts.ATTEMPTS
    with pytest.raises(HubUnavailable, match=said):
        opened().part(START, STOP)


def test_a_part_that_was_given_up_is_continued_later(hub: StandInHub, opened: Opened) -> None:
    hub.faults = ["drop", *["503"] * hub_parts.ATTEMPTS]
    with pytest.raises(HubUnavailable):
        opened().part(START, STOP)
    assert opened().part(START, STOP).read_bytes() == CONTENT[START:STOP]
    assert hub.ranges[-1][1] > START
    assert hub.sent == STOP - START


def test_a_file_that_changes_meanwhile_is_never_mixed(hub: StandInHub, opened: Opened) -> None:
    hub.faults = ["drop", "retag"]
    with pytest.raises(HubUnavailable, match="changed while it was being read"):
        opened().part(START, STOP)
    assert not opened().here(START, STOP)


def test_parts_of_a_server_that_sends_whole_files_are_exact(hub: StandInHub, opened: Opened) -> None:
    hub.knows_ranges = False
    assert opened().part(START, STOP).read_bytes() == CONTENT[START:STOP]
    with pytest.raises(RangesIgnored):
        opened().part(0, STOP)


def test_what_the_hub_refuses_is_not_asked_again(hub: StandInHub, opened: Opened) -> None:
    with pytest.raises(HubUnavailable, match="terms"):
        opened(url=f"{hub.url}/o/gated/resolve/{COMMIT}/model.safetensors").part(0, 9)
    with pytest.raises(ModelNotFound):
        opened(url=f"{hub.url}/o/none/resolve/{COMMIT}/model.safetensors").part(0, 9)
    with pytest.raises(HubUnavailable, match="404"):
        opened(url=f"{hub.url}/o/r/resolve/{COMMIT}/other.safetensors").part(0, 9)
    assert hub.sent == 0


def test_without_a_network_only_what_was_fetched_is_there(hub: StandInHub, opened: Opened) -> None:
    opened().part(START, STOP)
    offline = opened(online=False, url="http://127.0.0.1:9/nowhere")
    assert offline.part(START, STOP).read_bytes() == CONTENT[START:STOP]
    with pytest.raises(HubUnavailable, match="was not fetched before"):
        offline.part(0, 10)


def test_a_part_of_another_length_is_fetched_again(hub: StandInHub, opened: Opened) -> None:
    opened().part(START, STOP).write_bytes(b"cut short")
    assert opened().part(START, STOP).read_bytes() == CONTENT[START:STOP]


def test_a_folder_that_cannot_be_written_is_named_in_one_line(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(HubUnavailable, match="Not a directory"):
        opened(folder=tmp_path / "taken" / "parts").part(START, STOP)


def test_several_that_want_a_part_fetch_it_once(hub: StandInHub, opened: Opened) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(opened().part(START, STOP).read_bytes()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT[START:STOP]] * 4
    assert hub.sent == STOP - START


def test_a_thread_that_nobody_waits_for_stops_in_the_middle(hub: StandInHub, opened: Opened) -> None:
    stop, raised = Stop(), threading.Event()

    def fetch() -> None:
        stop.watched_here()
        stop.close()
        try:
            opened().part(START, STOP)
        except Stopped:
            raised.set()

    thread = threading.Thread(target=fetch)
    thread.start()
    thread.join()
    assert raised.is_set()
    assert not opened().here(START, STOP)
    assert opened().part(START, STOP).read_bytes() == CONTENT[START:STOP]
