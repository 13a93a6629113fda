"""Tests that meet a real server, browser or other process, and the one second chance that CI gives them.

A shared machine's clock decides with them, so ``--rerun-outside`` runs such a test once more when it fails,
and the summary names it. Any other test that fails has failed.
"""

from __future__ import annotations

import pytest

FIXTURES = {"httpserver", "page", "browser"}
MARKS = ("outside", "vllm", "ray", "browser_slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rerun-outside",
        action="store_true",
        help="run a failed test that meets a server, browser or process once more",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--rerun-outside"):
        for item in items:
            if meets_something(item):
                item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


def meets_something(item: pytest.Item) -> bool:
    """Whether a test meets a real server, browser or other process."""
    fixtures = getattr(item, "fixturenames", ())
    return not FIXTURES.isdisjoint(fixtures) or any(item.get_closest_marker(mark) for mark in MARKS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if again := terminalreporter.getreports("rerun"):
        terminalreporter.section("run once more")
        for report in again:
            said = (line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E "))
            terminalreporter.line(f"{report.nodeid}: {next(said, '')}")
