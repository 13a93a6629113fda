"""A real browser in which every complaint, dialog and request to elsewhere is written down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path)
        yield started
        started.close()


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A new page, and the list that its complaints go to."""
    page, complaints = context.new_page(), []

    def dismiss(dialog: object) -> None:
        complaints.append("a dialog")
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", dismiss)
    page.on("request", lambda sent: complaints.append(sent.url) if not _inside(sent.url) else None)
    return page, complaints


def _inside(address: str) -> bool:
    return address.startswith(("file:", "data:", "blob:"))
