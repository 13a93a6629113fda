"""``headscribe doctor --llm`` asks the model once, and says what comes of it."""

import pytest

from headscribe.agent.llm.check import check_llm
from headscribe.core.errors import LLMUnavailable
from tests.agent.llm.chat_server import CHAT, bodies, completion


def spec(server, name="m"):
    return f"{server.url_for('/v1')}#{name}"


def test_the_model_is_asked_one_short_question_and_the_name_that_answers_is_told(httpserver):
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "served-as-this"}]})
    httpserver.expect_request(CHAT).respond_with_json(completion("Paris"))
    found = check_llm(spec(httpserver))
    (body,) = bodies(httpserver)
    assert body["max_tokens"] <= 64
    assert "answers as served-as-this, after" in found
    assert " as " not in check_llm(spec(httpserver, "served-as-this"))


@pytest.mark.parametrize("status", [404, 400])
def test_a_wrong_name_is_told_with_those_that_are_there(httpserver, status):
    said = {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "llama"}]})
    httpserver.expect_request(CHAT).respond_with_json(said, status=status)
    with pytest.raises(LLMUnavailable, match="has no model m; it has: llama"):
        check_llm(spec(httpserver))


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"message": "tokenizer.chat_template is not set: no chat template"}, 400, "--chat-template"),
        ({"error": {"message": "no money", "code": "insufficient_quota"}}, 429, "no money"),
        ({"error": "Forbidden"}, 403, "Forbidden"),
        ({"error": "busy"}, 503, "busy"),
    ],
)
def test_whatever_keeps_the_model_from_answering_is_told(httpserver, body, status, words):
    httpserver.expect_request(CHAT).respond_with_json(body, status=status)
    with pytest.raises(LLMUnavailable, match=words):
        check_llm(spec(httpserver))


def test_of_several_servers_those_that_answer_and_those_that_do_not_are_told(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(completion("Paris"))
    found = check_llm(f"{spec(httpserver)}|http://127.0.0.1:9/v1#m")
    assert "answers" in found
    assert "127.0.0.1:9" in found


def test_a_refusal_is_an_answer(httpserver):
    said = {"error": {"code": "content_filter", "message": "filtered"}}
    httpserver.expect_request(CHAT).respond_with_json(said, status=400)
    assert "answers" in check_llm(spec(httpserver))
