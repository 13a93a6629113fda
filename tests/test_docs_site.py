"""The documentation as a site: built strictly, whole, and without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import headscribe
from headscribe.core import errors
from tests.conftest import REPOSITORY
from tests.documentation import commands

pytestmark = pytest.mark.docs

pytest.importorskip("mkdocs")

CLASSES = [held for held in vars(errors).values() if isinstance(held, type)]
CODES = sorted(held.code for held in CLASSES if issubclass(held, errors.HeadscribeError) and "-" in held.code)
ERRORS = REPOSITORY / "docs" / "errors"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    warnings = [line for line in done.stderr.splitlines() if not line.startswith("INFO")]
    assert done.returncode == 0, "\n".join(warnings)
    return folder


def test_every_command_is_in_the_reference(site: Path) -> None:
    page = (site / "reference" / "commands.html").read_text()
    for name in ("headscribe describe", "headscribe export", "headscribe prompts compare"):
        assert re.search(rf"<h2[^>]*>{name}<", page)
    for option in ("--max-cost", "--source-view", "--repo ORG/NAME"):
        assert option in page


def test_every_name_of_the_python_api_is_in_the_reference_with_its_text(site: Path) -> None:
    page = (site / "reference" / "python.html").read_text()
    found = set(re.findall(r'<h2 id="([\w.]+)"', page))
    assert {f"headscribe.{name}" for name in headscribe.__all__} <= found
    assert "Write a run's tables" in page


def test_no_page_asks_for_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]+rel="(?:stylesheet|preconnect|icon)"[^>]+href="([^"]+)"', text)
        assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)], page.name


@pytest.mark.parametrize("code", CODES)
def test_every_error_has_a_page_that_shows_a_line(code: str) -> None:
    text = (ERRORS / f"{code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {code}\n")
    assert "\nerror: " in text
    assert "## What to do" in text
    assert f"({code}.md)" in (ERRORS / "README.md").read_text(encoding="utf-8")


def test_every_page_of_an_error_is_about_one_that_exists() -> None:
    assert sorted(page.stem for page in ERRORS.glob("*.md") if page.stem != "README") == CODES
    assert len([shown for shown in commands() if shown.error]) >= 15, (
        "most of the lines are checked by typing"
    )
