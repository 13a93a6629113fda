"""Addresses and keys that may not be used, and are never shown."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from headscribe.agent.llm.address import check_address, openai_address, shown_address
from headscribe.agent.llm.keys import check_provider_key, key_of
from headscribe.agent.llm.spec import parse_llm
from headscribe.cli.app import app
from headscribe.core.errors import LLMUnavailable

PASSWORD = "hunter2-hunter2"
MALFORMED = [
    f"http://user:{PASSWORD}@host/v1#m",
    f"http://user:{PASSWORD}@host:port/v1#m",
    f"http://user:{PASSWORD}@host",
    f"http://user:{PASSWORD}/x@host/v1#m",
    f"http://user:80/{PASSWORD}@host/v1#m",
    f"http://user:80#{PASSWORD}@host/v1#m",
    f"http://user:{PASSWORD}#x@host/v1#m",
    f"http://[{PASSWORD}@host/v1#m",
    f"http:/user:{PASSWORD}@host/v1#m",
    f"htp://user:{PASSWORD}@host/v1#m",
    f"HTTPS://user:{PASSWORD}@host",
    f"user:{PASSWORD}@host:8000/v1#m",
    f"user:{PASSWORD}@host/v1",
    f"openai://user:{PASSWORD}@host/v1",
    f"openai:user:{PASSWORD}@host/v1",
    f"vllm://user:{PASSWORD}@host",
    f"://user:{PASSWORD}@host/v1#m",
    f"//user:{PASSWORD}@host/v1#m",
    f"https://host/v1?key={PASSWORD}#m",
    f"https://host:port/v1?key={PASSWORD}#m",
    f"https://host:port/v1?key={PASSWORD}",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_an_address_with_a_password_is_refused_and_the_password_is_not_shown(text):
    with pytest.raises(LLMUnavailable) as refused:
        parse_llm(text)
    assert PASSWORD not in str(refused.value)
    done = CliRunner().invoke(app, ["doctor", "--llm", text, "--json"])
    assert done.exit_code == 1
    assert PASSWORD not in done.output
    with pytest.raises(LLMUnavailable) as refused:
        parse_llm(f"http://host/v1#m|{text}")
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["http://h/v1#org/model@v1", "google_vertexai:claude@2024", "ollama:llama3:8b", "http://h:1#m"]
)
def test_a_name_may_hold_an_at_sign(text):
    assert parse_llm(text).model


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{PASSWORD}@host/v1",
        f"https://host/v1?api-key={PASSWORD}",
        f"https://user:{PASSWORD}@host:port",
        f"user:{PASSWORD}@host/v1",
        f"ftp://{PASSWORD}@host",
    ],
)
def test_openai_base_url_may_hold_no_key_either(monkeypatch, url):
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    with pytest.raises(LLMUnavailable, match="OPENAI_BASE_URL") as refused:
        openai_address()
    assert PASSWORD not in str(refused.value)
    done = CliRunner().invoke(app, ["doctor", "--llm", "openai:m"])
    assert "OPENAI_BASE_URL" in done.output
    assert PASSWORD not in done.output


def test_an_ordinary_openai_base_url_is_taken(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", " https://gateway.example/v1 ")
    assert openai_address() == "https://gateway.example/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert openai_address() is None


def test_what_is_shown_of_an_address_is_its_host():
    assert shown_address("http://u:p@host:80/v1#m") == "http://***@host:80/v1#m"
    assert shown_address("http://host/v1?a=b#m") == "http://host/v1?***#m"
    assert shown_address("u:p/q@host") == "***@host"
    assert shown_address("http://host/v1#m") == "http://host/v1#m"
    check_address("http://host:8000/v1", where="x", key="y", do="z")


@pytest.mark.parametrize("key", ["short", "with a blank", "line\nend-of-it", "bell\x07bell", "schlüssel-123"])
def test_a_key_that_could_not_be_kept_out_of_texts_is_refused_at_the_start(monkeypatch, key):
    for variable, llm in (
        ("HEADSCRIBE_LLM_API_KEY", "http://host/v1#m"),
        ("OPENAI_API_KEY", "openai:m"),
        ("MISTRAL_API_KEY", "mistralai:m"),
        ("GOOGLE_API_KEY", "google_genai:m"),
    ):
        monkeypatch.setenv(variable, key)
        spec = parse_llm(llm)
        with pytest.raises(LLMUnavailable, match=variable) as refused:
            check_provider_key(spec) if spec.kind == "langchain" else key_of(spec)
        assert key not in str(refused.value)


def test_a_key_with_a_line_end_behind_it_is_the_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " sk-0123456789\n")
    assert key_of(parse_llm("openai:m")) == "sk-0123456789"
