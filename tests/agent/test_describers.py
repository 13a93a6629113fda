"""A describer is opened from an LLM spec; failures of one head are outcomes, failures of all stop the run."""

import asyncio
import json
import socket

import pytest
from pytest_httpserver import HTTPServer

from headscribe.agent.describers import open_describer
from headscribe.agent.llm.check import check_llm
from headscribe.agent.llm.spec import parse_llm
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadPrompt, LLMUnavailable, MissingExtra
from headscribe.core.evidence import Evidence
from headscribe.core.progress import Silent
from headscribe.core.records import Mapping, Token
from headscribe.core.settings import DescribeSettings
from tests.agent.list_journal import ListJournal
from tests.agent.llm.chat_server import CHAT, completion

EVIDENCE = Evidence((Mapping(0, Token(5, " France"), 2.5, (Token(9, " Paris"),), (3.5,)),))


def use(spec, work, journal=None, connect=True, **settings):
    async def run():
        chosen = DescribeSettings(**{"prompt": "describe@1", "max_retries": 0, **settings})
        opened = open_describer(parse_llm(spec), chosen, journal or ListJournal(), Silent(), connect=connect)
        async with opened as describer:
            return await work(describer)

    return asyncio.run(run())


def describe_with(spec, journal=None, **settings):
    return use(spec, lambda describer: describer.describe(EVIDENCE), journal, **settings)


def script(tmp_path, *entries):
    path = tmp_path / "script.json"
    path.write_text(json.dumps(entries))
    return f"fake:{path}"


def test_the_rules_describe_without_a_call():
    async def work(describer):
        assert (describer.llm, describer.method, describer.prompt) == ("rules", "rules", None)
        assert describer.requests(EVIDENCE) == []
        describer.drain()
        return await describer.describe(EVIDENCE)

    journal = ListJournal()
    assert use("rules", work, journal).status in {Status.OK, Status.UNCLEAR}
    assert journal.attempts == []


def test_a_chat_model_is_asked_what_was_planned():
    async def work(describer):
        planned = describer.requests(EVIDENCE)
        assert await describer.describe(EVIDENCE)
        assert (describer.llm, describer.method) == ("fake", "single")
        assert describer.prompt.startswith("describe@")
        assert describer.totals.calls == 1
        return planned

    journal = ListJournal()
    planned = use("fake", work, journal, method="single")
    assert [attempt.request for attempt in journal.attempts] == planned


def test_a_description_is_made_from_a_good_reply(tmp_path):
    reply = {"reasoning": "r", "inputs": "countries", "pattern": "capitals", "description": "To capitals."}
    outcome = describe_with(script(tmp_path, {"json": reply}))
    assert (outcome.status, outcome.description) == (Status.OK, "To capitals.")


@pytest.mark.parametrize("failure", ["server", "timeout", "rate-limit", "bad-request", "too-long"])
def test_a_failure_of_one_head_is_an_outcome(tmp_path, failure):
    outcome = describe_with(script(tmp_path, {"failure": failure}))
    assert outcome.status is Status.FAILED
    assert outcome.description is None
    assert failure in outcome.error


def test_a_refused_key_stops_the_run(tmp_path):
    with pytest.raises(LLMUnavailable, match="refuses"):
        describe_with(script(tmp_path, {"status": 401}))


def test_an_unknown_model_stops_the_run(httpserver):
    httpserver.expect_request(CHAT).respond_with_json({"error": {"message": "no"}}, status=404)
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": "llama"}]})
    with pytest.raises(LLMUnavailable, match="it has: llama"):
        describe_with(httpserver.url_for("/v1") + "#mistyped")


def test_a_server_that_is_not_there_stops_the_run_before_any_work():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    with pytest.raises(LLMUnavailable, match="no LLM server answers"):
        use(f"{address}#m", lambda _: pytest.fail("nothing may be asked"))


def test_a_server_that_goes_away_stops_the_run():
    async def work(describer):
        server.stop()
        await describer.describe(EVIDENCE)

    with HTTPServer() as server:
        server.expect_request("/v1/models").respond_with_json({"object": "list", "data": []})
        with pytest.raises(LLMUnavailable, match="no LLM server answers"):
            use(server.url_for("/v1") + "#m", work)


def test_a_dropped_connection_of_a_server_that_lives_is_an_outcome(tmp_path):
    assert describe_with(script(tmp_path, {"failure": "connection"})).status is Status.FAILED


def test_the_key_of_a_server_comes_from_the_environment_and_openais_never_goes_there(httpserver, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-0815")
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": []})
    httpserver.expect_request(CHAT).respond_with_json(completion())
    spec = httpserver.url_for("/v1") + "#m"
    assert "answers" in check_llm(spec)
    monkeypatch.setenv("HEADSCRIBE_LLM_API_KEY", "key-of-the-server")
    check_llm(spec)
    sent = [request.headers["Authorization"] for request, _ in httpserver.log]
    assert sent == ["Bearer none"] * 2 + ["Bearer key-of-the-server"] * 2


def test_a_missing_key_is_told_before_any_work():
    with pytest.raises(LLMUnavailable, match="OPENAI_API_KEY"):
        check_llm("openai:gpt-4o")


def test_a_provider_that_is_not_installed_or_unknown_is_one_line():
    with pytest.raises(MissingExtra, match="pip install langchain-mistralai"):
        check_llm("mistralai:m")
    with pytest.raises(LLMUnavailable, match="nosuchprovider") as error:
        check_llm("nosuchprovider:m")
    assert "\n" not in str(error.value)


def test_an_unknown_template_is_told_before_a_server_is_started():
    with pytest.raises(BadPrompt):
        use("vllm:no/such-model", lambda _: pytest.fail("nothing may be asked"), prompt="nonesuch")


def test_planning_needs_no_key_and_no_server():
    async def work(describer):
        with pytest.raises(ValueError, match="planning"):
            await describer.describe(EVIDENCE)
        return describer.requests(EVIDENCE)

    for spec in ("openai:gpt-4o", "vllm:org/model", "http://127.0.0.1:9/v1#m"):
        assert len(use(spec, work, connect=False)) == 1


def test_the_default_llm_needs_no_check():
    assert check_llm().startswith("rules")
    assert check_llm("fake").startswith("fake")
