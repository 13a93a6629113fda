"""The fake LLM, which ships as a provider of its own: by rule, or by a script."""

import asyncio
import json
import time

import pytest

from headscribe.agent.llm.fake import LABEL, FakeClient
from headscribe.agent.llm.script import Entry, load_script
from headscribe.core.chat import CallFailed, ChatRequest, FailureKind, Message
from headscribe.core.errors import LLMUnavailable
from headscribe.prompts import load_template
from tests.conftest import REPOSITORY


def about(text, schema=None):
    return ChatRequest("fake", (Message("user", text),), schema=schema)


def send(client, request):
    return asyncio.run(client.send(request))


def scripted(tmp_path, content, name="script.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return FakeClient("fake:script.json", load_script(path))


def test_it_answers_the_same_request_always_alike_and_says_that_it_is_fake():
    request = about('rows: " France" -> [" Paris"]')
    texts = {send(FakeClient(), request).text for _ in range(3)}
    assert len(texts) == 1
    text = texts.pop()
    assert text.startswith(LABEL)
    assert '" Paris"' in text


def test_it_obeys_the_schema_of_the_shipped_template():
    schema = load_template("describe").schema
    reply = json.loads(send(FakeClient(), about('" France"', schema)).text)
    assert list(reply) == list(schema["properties"])
    assert all(LABEL in value for value in reply.values())


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"type": "boolean"}, True),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number"}, 0),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "string", "maxLength": 4}, LABEL[:4]),
    ],
)
def test_it_obeys_other_schemas(schema, value):
    assert json.loads(send(FakeClient(), about("x", schema)).text) == value


def test_entries_answer_in_order_and_then_the_rule(tmp_path):
    client = scripted(tmp_path, ["one", {"json": {"a": 1}, "times": 2}])
    assert [send(client, about("x")).text for _ in range(4)] == [
        "one",
        '{"a": 1}',
        '{"a": 1}',
        send_rule("x"),
    ]


def send_rule(text):
    return send(FakeClient(), about(text)).text


def test_matching_entries_come_first_and_last_for_ever_or_as_often_as_they_say(tmp_path):
    entries = [{"match": "rare", "text": "r", "times": 1}, {"match": "France", "text": "f"}, "first"]
    client = scripted(tmp_path, entries)
    prompts = ["France", "rare", "rare", "France", "x"]
    assert [send(client, about(text)).text for text in prompts] == ["f", "r", "first", "f", send_rule("x")]


def test_json_lines_are_a_script_too(tmp_path):
    client = scripted(tmp_path, '"one"\n{"text": "two"}\n')
    assert [send(client, about("x")).text for _ in range(2)] == ["one", "two"]


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"status": 429, "retry_after": 3}, FailureKind.RATE_LIMIT),
        ({"status": 500}, FailureKind.SERVER),
        ({"status": 401}, FailureKind.AUTH),
        ({"failure": "connection"}, FailureKind.CONNECTION),
        ({"failure": "timeout"}, FailureKind.TIMEOUT),
    ],
)
def test_it_fails_as_told(tmp_path, entry, kind):
    with pytest.raises(CallFailed) as error:
        send(scripted(tmp_path, [entry]), about("x"))
    assert error.value.kind is kind
    assert error.value.retry_after == entry.get("retry_after")


def test_it_is_slow_cut_off_or_refuses_as_told(tmp_path):
    entries = [{"latency": 0.1}, {"text": '{"patt', "finish_reason": "length"}, {"refusal": "No."}]
    client = scripted(tmp_path, entries)
    started = time.perf_counter()
    assert send(client, about("x")).text == send_rule("x")
    assert time.perf_counter() - started >= 0.1
    assert send(client, about("x")).finish_reason == "length"
    refused = send(client, about("x"))
    assert (refused.text, refused.refusal) == ("", "No.")


def test_it_logs_its_calls_across_processes_where_asked(tmp_path):
    for _ in range(2):
        send(scripted(tmp_path, {"replies": [], "log": "calls.jsonl"}), about("hello"))
    lines = (tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == ["hello", "hello"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("3", "no list"),
        ('{"text": "one entry, not a list"}', "no list"),
        ('[{"txt": "typo"}]', "txt"),
        ('[{"status": 200}]', "status"),
        ('[{"failure": "sunspots"}]', "failure"),
    ],
)
def test_a_wrong_script_is_one_line(tmp_path, content, said):
    with pytest.raises(LLMUnavailable, match=said) as error:
        scripted(tmp_path, content)
    assert "\n" not in str(error.value)


def test_a_missing_script_is_one_line(tmp_path):
    with pytest.raises(LLMUnavailable, match="cannot be read"):
        load_script(tmp_path / "none.json")


def test_the_page_on_llms_names_every_key_of_a_script_and_its_example_runs(tmp_path):
    page = (REPOSITORY / "docs" / "how-to" / "llms.md").read_text(encoding="utf-8")
    names = {field.alias or name for name, field in Entry.model_fields.items()}
    assert {name for name in names if f"`{name}`" not in page} == set()
    example = page.split("```json\n")[1].split("```")[0]
    client = scripted(tmp_path, example)
    with pytest.raises(CallFailed):
        send(client, about("x"))
    assert send(client, about("x")).text == "not JSON"
