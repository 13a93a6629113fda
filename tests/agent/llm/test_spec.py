"""What ``--llm`` may say."""

import pytest

from headscribe.agent.llm.spec import default_llm, parse_llm
from headscribe.core.errors import LLMUnavailable


@pytest.mark.parametrize(
    ("text", "kind", "name", "model"),
    [
        ("rules", "rules", "rules", ""),
        ("fake", "fake", "fake", ""),
        ("openai:gpt-4o-mini", "openai", "openai:gpt-4o-mini", "gpt-4o-mini"),
        ("http://localhost:8000/v1#llama-3", "server", "llama-3", "llama-3"),
        ("https://llm.example.org/v1/#org/model:latest", "server", "org/model:latest", "org/model:latest"),
        ("vllm:org/model", "vllm", "vllm:org/model", "org/model"),
        ("ollama:llama3:8b", "langchain", "ollama:llama3:8b", "llama3:8b"),
    ],
)
def test_each_form_is_read(text, kind, name, model):
    spec = parse_llm(text)
    assert (spec.kind, spec.name, spec.model) == (kind, name, model)


def test_the_address_of_a_server_is_no_part_of_its_name():
    here, there = parse_llm("http://127.0.0.1:8000/v1#m"), parse_llm("https://far.example/v1#m")
    assert here.name == there.name
    assert here.base_url == "http://127.0.0.1:8000/v1"


def test_a_folder_for_vllm_is_named_by_its_absolute_path(tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse_llm("vllm:tiny").name == f"vllm:{tmp_path.resolve() / 'tiny'}"


def test_a_script_of_the_fake_is_named_without_its_folder():
    spec = parse_llm("fake:some/where/replies.jsonl")
    assert spec.name == "fake:replies.jsonl"
    assert str(spec.script) == "some/where/replies.jsonl"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("gpt-4o", "openai:gpt-4o"),
        ("claude-x", "anthropic:claude-x"),
        ("org/model", "vllm:org/model"),
        ("llama3", "http://localhost:8000/v1#llama3"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1#NAME"),
        ("http://user:pass@host/v1#m", "HEADSCRIBE_LLM_API_KEY"),
        ("http://host:port/v1#m", "rules, fake"),
        ("http:///v1#m", "rules, fake"),
        ("No Provider:x", "rules, fake"),
        ("openai:", "http://"),
        ("", "rules, fake"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_a_way_out(text, hint):
    with pytest.raises(LLMUnavailable) as error:
        parse_llm(text)
    assert hint in str(error.value)
    assert "pass@" not in str(error.value)
    assert "\n" not in str(error.value)


def test_without_a_setting_the_rules_describe(monkeypatch):
    assert default_llm() == "rules"
    monkeypatch.setenv("HEADSCRIBE_LLM", "openai:gpt-4o")
    assert default_llm() == "openai:gpt-4o"
