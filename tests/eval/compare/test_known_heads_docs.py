"""docs/compare.md lists exactly the known heads of the data file, with their sources."""

from __future__ import annotations

from headscribe.eval.compare import known_models
from tests.conftest import REPOSITORY


def role_rows() -> list[str]:
    roles = {named.role.name: named.role for model in known_models() for named in model.heads}
    ordered = sorted(roles.values(), key=lambda role: (role.column is None, role.name))
    return [f"| {role.name} | {role.does} | {role.criterion} |" for role in ordered]


def head_rows() -> list[str]:
    return [
        f"| {model.name} | {named.head.name} | {named.role.name} | {named.source} | {named.place} |"
        f" {'' if named.published is None else f'{named.published:.2f} '}|"
        for model in known_models()
        for named in model.heads
    ]


def source_rows() -> list[str]:
    sources = {source.key: source for model in known_models() for source in model.sources}
    return [
        f"- {key}: {source.citation}. <{source.url}> Checked against: {source.checked}."
        for key, source in sorted(sources.items())
    ]


def test_the_page_lists_exactly_the_known_heads() -> None:
    lines = (REPOSITORY / "docs" / "compare.md").read_text(encoding="utf-8").splitlines()
    for expected in (role_rows(), head_rows(), source_rows()):
        at = lines.index(expected[0])
        assert lines[at : at + len(expected)] == expected
        assert [*lines, ""][at + len(expected)] == ""
