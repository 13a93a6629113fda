"""Tests stand on their own: none imports another, and none reaches into what a module keeps to itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.conftest import REPOSITORY

OWN = {"self", "cls"}
BY_NAME = {"getattr", "setattr", "delattr", "hasattr"}


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Modules that a node imports from, with the name."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        yield from ((node.module or "", alias.name) for alias in node.names)


def names_reached_for(node: ast.AST) -> Iterator[str]:
    """Names that a node takes from something other than itself, also as a string."""
    if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in OWN):
        yield node.attr
    if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in BY_NAME:
        for given in node.args:
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value.rpartition(".")[2]


def faults(node: ast.AST) -> Iterator[str]:
    """What a test should not do."""
    for module, name in imported(node):
        parts = [*module.split("."), name]
        if module.startswith("tests") and any(part.startswith("test_") for part in parts):
            yield f"imports from a test: {module}"
        if module.startswith(("tests", "headscribe")) and any(map(private, parts)):
            yield f"imports something private: {module} {name}"
    yield from (f"reaches for {name}" for name in names_reached_for(node) if private(name))


def test_no_test_imports_another_or_reaches_for_something_private() -> None:
    found = []
    for file in sorted(REPOSITORY.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found += [f"{file.relative_to(REPOSITORY)}:{node.lineno} {fault}" for fault in faults(node)]
    assert found == []
