"""``prompts check`` names everything that is wrong with a template, and leakage above all."""

from __future__ import annotations

import pytest

from headscribe.operations import builtin_operations
from headscribe.prompts import find_templates
from headscribe.prompts.checking import check_text
from tests.prompts.good_template import GOOD

LABELS = [operation.name for operation in builtin_operations()]


def problems(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return "\n".join(check_text(text, "mine.toml", LABELS).problems)


def test_a_good_template_has_no_problems_and_its_size_is_told():
    checked = check_text(GOOD, "mine.toml", LABELS)
    assert checked.problems == ()
    assert checked.template is not None
    assert 0 < checked.same_tokens < checked.tokens


@pytest.mark.parametrize("file", find_templates(), ids=lambda file: file.reference)
def test_shipped_templates_have_none_and_begin_with_what_is_the_same_for_every_head(file):
    checked = check_text(file.text, file.where, LABELS)
    assert checked.problems == ()
    if file.name != "refine":  # follows a conversation that is another one for every head
        assert checked.same_tokens > 0.6 * checked.tokens


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["mappings"]', '["mappings", "wishes"]', "unknown variable 'wishes'"),
        (
            "{% endfor %}",
            "{% endfor %}{{ sources | json }}",
            "variable 'sources' is used but not in variables",
        ),
        ('["mappings"]', '["mappings", "sources"]', "variable 'sources' is in variables but not used"),
        ("row.targets", "row.goals", "a row has no 'goals'"),
        ("{% endfor %}", "", "the user text cannot be read: line"),
        ("row.source | json", "row.source", "printed without the json filter"),
        ('"string"', '"text"', "schema: the reply schema has no usable type"),
        ('Give "pattern" and', "Give", 'the text does not ask for "pattern"'),
        ("version = 1", "version = 0", "the name or the version cannot be used"),
        ("purpose", "purpos", "lacks purpose"),
        ('name = "mine"', 'name = "mine', "not TOML"),
    ],
)
def test_what_is_wrong_is_named(old, new, said):
    assert said in problems((old, new))


def test_a_reply_without_a_description_is_a_mismatch():
    found = problems(("pattern", "rule"), ("description]", "answer]"), ('"description"', '"answer"'))
    assert "neither pattern nor description" in found


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('["mappings"]', '["mappings", "scores"]', "scores"),
        ("row.targets", "row.score", "score"),
        ("{% endfor %}", "{% endfor %}{{ operation | json }}", "operation"),
        ("{% endfor %}", "{% endfor %}{{ head | json }}", "head"),
    ],
)
def test_fields_of_the_evaluation_are_called_a_leak(old, new, name):
    assert f"leak: '{name}' belongs to the evaluation" in problems((old, new))


def test_a_text_that_names_an_operation_is_called_a_leak():
    found = problems(('Give "pattern"', 'For example country_to_capital. Give "pattern"'))
    assert "leak: the text names the operation 'country_to_capital'" in found


def test_all_problems_are_told_at_once():
    found = problems(('["mappings"]', '["mappings", "scores"]'), ("row.targets", "row.goals"))
    assert "scores" in found
    assert "goals" in found
