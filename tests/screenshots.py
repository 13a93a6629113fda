"""Makes the pictures that README and documentation show: ``make screenshots``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from headscribe.pipeline import describe_model, evaluate_run, report_run
from headscribe.pipeline.people.export import export_for_people

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST = 150_000
"""Bytes of a picture; a page with all of them should still load quickly."""
HEAD, OTHER = "L0H7", "L1H5"
"""Heads of the bundled model with descriptions that show something."""
SCREEN, TALL, PHONE = (1280, 800), (1280, 1000), (360, 720)


def main() -> None:
    """Describe the bundled model by its rules, open what that gives, and keep pictures of it."""
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser_path:
        sys.exit("no Chromium on this machine")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        run = Path(scratch) / "demo"
        describe_model("demo", run, llm="rules")
        evaluate_run(run)
        report = report_run(run)
        annotation = export_for_people(run).files[0]
        browser = playwright.chromium.launch(executable_path=browser_path)
        _picture(_open(browser, report), "report-light")
        _picture(_open(browser, report, f"#{HEAD}", scheme="dark"), "report-dark")
        _picture(_open(browser, report, f"#{HEAD},{OTHER}"), "side-by-side")
        _picture(_open(browser, report, f"#{HEAD}", size=TALL), "card", part="#card")
        _picture(_open(browser, report, "#section-evaluation-title"), "evaluation")
        _picture(_open(browser, report, size=PHONE), "phone")
        _picture(_open(browser, annotation), "annotate")
        browser.close()


def _open(
    browser: Browser, file: Path, address: str = "", *, scheme: str = "light", size: tuple[int, int] = SCREEN
) -> Page:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(file.resolve().as_uri() + address)
    page.wait_for_timeout(300)
    return page


def _picture(page: Page, name: str, part: str = "") -> None:
    file = IMAGES / f"{name}.png"
    taken = (page.locator(part) if part else page).screenshot()
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").save(file, optimize=True)
        if file.stat().st_size > LARGEST:
            image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file.relative_to(IMAGES.parent.parent)}: {size / 1000:.0f} kB")
    assert size <= LARGEST, f"{file} is larger than {LARGEST} bytes"
    page.close()


if __name__ == "__main__":
    main()
