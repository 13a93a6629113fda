"""Prompt and reply do not fit into the context together: the reply gets the room that is left."""

import pytest
from werkzeug import Request, Response

from headscribe.core.chat import FailureKind
from tests.agent.llm.chat_server import CHAT, Asked, bodies, completion, failure, json_response, question


def small_context(wording, *, context=2048, prompt=1500):
    """A server whose context holds the prompt and little more."""

    def respond(request: Request) -> Response:
        limit = request.get_json().get("max_tokens", 0)
        if prompt + limit <= context:
            return json_response(completion())
        words = wording.format(context=context, prompt=prompt, limit=limit, sum=prompt + limit)
        return json_response({"error": {"message": words}}, status=400)

    return respond


CONTEXTS = {
    "vLLM": "'max_tokens' or 'max_completion_tokens' is too large: {limit}. This model's maximum context "
    "length is {context} tokens and your request has {prompt} input tokens ({limit} > {context} - {prompt}).",
    "OpenAI": "This model's maximum context length is {context} tokens. However, you requested {sum} tokens "
    "({prompt} in the messages, {limit} in the completion). Please reduce the length.",
    "SGLang": "Requested token count exceeds the model's maximum context length of {context} tokens. "
    "You requested a total of {sum} tokens: {prompt} tokens from the input messages and "
    "{limit} tokens for the completion.",
    "TGI": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= {context}. "
    "Given: {prompt} `inputs` tokens and {limit} `max_new_tokens`",
    "Anthropic": "input length and `max_tokens` exceed context limit: {prompt} + {limit} > {context}",
    "OpenRouter": "This endpoint's maximum context length is {context} tokens. However, you requested about "
    "{sum} tokens ({prompt} of text input, {limit} in the output).",
}


@pytest.mark.parametrize("server", CONTEXTS)
def test_where_prompt_and_reply_do_not_fit_the_reply_gets_the_room_that_is_left_and_it_is_said(
    httpserver, server
):
    httpserver.expect_request(CHAT).respond_with_handler(small_context(CONTEXTS[server]))
    asked = Asked(httpserver, question(max_tokens=1024), question(max_tokens=1024))
    assert [body["max_tokens"] for body in bodies(httpserver)] == [1024, 548, 1024, 548]
    assert asked.reply.raw["reply_limit"] == 548
    assert "left_out" not in asked.reply.raw
    (line,) = asked.said
    assert "548" in line
    assert "1,024" in line


def test_a_limit_that_is_too_large_without_numbers_is_halved(httpserver):
    words = "prompt and max_tokens together exceed the context"
    httpserver.expect_request(CHAT).respond_with_handler(small_context(words))
    assert Asked(httpserver, question(max_tokens=2000)).reply.raw["reply_limit"] == 500


def test_a_reply_longer_than_a_model_can_write_is_asked_for_as_long_as_it_can(httpserver):
    def respond(request: Request) -> Response:
        if request.get_json()["max_tokens"] > 512:
            words = "max_tokens is too large: 9000. This model supports at most 512 completion tokens."
            return json_response({"error": {"message": words, "param": "max_tokens"}}, status=400)
        return json_response(completion())

    httpserver.expect_request(CHAT).respond_with_handler(respond)
    assert Asked(httpserver, question(max_tokens=9000)).reply.raw["reply_limit"] == 512


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 1024 tokens. However, your messages resulted in 4000 tokens.",
        "the request exceeds the available context size, try increasing it",
        "This model's maximum context length is 1024 tokens and your request has 1020 input tokens",
    ],
)
def test_a_prompt_that_does_not_fit_at_all_is_too_long(httpserver, words):
    httpserver.expect_request(CHAT).respond_with_json({"error": {"message": words}}, status=400)
    assert failure(httpserver).kind is FailureKind.TOO_LONG
    assert len(bodies(httpserver)) == 1
