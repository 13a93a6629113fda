"""What servers say when they refuse, each in its own shape and words."""

import json

import pytest
from werkzeug import Request, Response

from headscribe.agent.llm.failures import Hopeless, NoChatTemplate, UnknownModel
from headscribe.agent.reply import parse_reply
from headscribe.core.chat import FailureKind
from headscribe.core.descriptions import Status
from tests.agent.llm.chat_server import CHAT, Asked, bodies, completion, failure, json_response, question

GEMINI = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan and billing details.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}],
        }
    }
]


def test_a_rate_limit_that_speaks_of_billing_is_one_and_an_empty_account_is_told_by_its_code(httpserver):
    words = "Rate limit reached. Visit your billing page to raise your limits."
    empty = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    for body in ({"error": {"message": words, "type": "requests"}}, GEMINI, empty):
        httpserver.expect_ordered_request(CHAT).respond_with_json(body, status=429)
    limited, gemini, no_money = (failure(httpserver) for _ in range(3))
    assert limited.kind is gemini.kind is FailureKind.RATE_LIMIT
    assert gemini.retry_after == 34.5
    assert no_money.kind is FailureKind.AUTH


SHAPES = {
    "LM Studio": {"error": "Unrecognized request argument: 'seed'"},
    "TGI": {"error": "Input validation error: `seed` is not allowed", "error_type": "validation"},
    "FastAPI": {"detail": "Unsupported parameter seed"},
    "FastAPI, by field": {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
    "Mistral": {
        "object": "error",
        "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs"}]},
        "code": None,
    },
    "Gemini": [{"error": {"code": 400, "message": 'Unknown name "seed": Cannot find field.'}}],
    "OpenAI": {"error": {"message": "no such argument", "param": "seed"}},
    "OpenRouter": {
        "error": {
            "message": "Provider returned error",
            "code": 400,
            "metadata": {"raw": '{"detail": "seed is not supported"}'},
        }
    },
    "plain text": "Bad request: seed is unknown here",
    "a page": "<html><head><title>x</title></head><body><p>seed is not taken</p></body></html>",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_part_that_an_error_of_any_shape_names_is_left_out(httpserver, shape):
    body = SHAPES[shape] if isinstance(SHAPES[shape], str) else json.dumps(SHAPES[shape])

    def picky(request: Request) -> Response:
        if "seed" in request.get_json():
            return Response(body, status=422 if "FastAPI" in shape else 400)
        return json_response(completion())

    httpserver.expect_request(CHAT).respond_with_handler(picky)
    reply = Asked(httpserver, question(seed=3)).reply
    assert (reply.text, reply.raw["left_out"]) == ("Paris", ["seed"])
    assert len(bodies(httpserver)) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": "out of fuel"}', "out of fuel"),
        ('{"detail": "out of fuel"}', "out of fuel"),
        ('{"message": {"detail": "out of fuel"}}', "out of fuel"),
        ('[{"error": {"message": "out of fuel"}}]', "out of fuel"),
        ("out of fuel", "out of fuel"),
        ("<html><title>x</title><body>out of <b>fuel</b></body></html>", "out of fuel"),
        ('{"a": [[[[[[[[[[[[["deep"]]]]]]]]]]]]]}', "HTTP 400"),
        ("[" * 100_000, "HTTP 400"),
        ("", "HTTP 400"),
    ],
)
def test_a_servers_words_are_kept_whatever_stands_around_them(httpserver, body, words):
    httpserver.expect_request(CHAT).respond_with_data(body, status=400)
    error = failure(httpserver)
    assert error.kind is FailureKind.BAD_REQUEST
    assert words in " ".join(error.message.split())
    assert len(error.message) < 500


AZURE = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}
OPENROUTER = {
    "error": {
        "code": 403,
        "message": 'openai/x requires moderation on OpenAI. Your input was flagged for "violence".',
        "metadata": {"reasons": ["violence"], "flagged_input": "…", "provider_name": "OpenAI"},
    }
}


@pytest.mark.parametrize(("body", "status"), [(AZURE, 400), (OPENROUTER, 403)], ids=["Azure", "OpenRouter"])
def test_a_prompt_that_a_filter_refuses_has_a_refusal_as_its_reply(httpserver, body, status):
    httpserver.expect_request(CHAT).respond_with_json(body, status=status)
    reply = Asked(httpserver).reply
    assert parse_reply(reply).status is Status.REFUSED
    assert body["error"]["message"][:40] in reply.refusal
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("words", ["Forbidden", "Key limit exceeded", "Your account is blocked", ""])
def test_a_403_that_says_nothing_of_the_prompt_is_of_the_key(httpserver, words):
    httpserver.expect_request(CHAT).respond_with_json({"error": {"message": words}}, status=403)
    assert failure(httpserver).kind is FailureKind.AUTH


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (
            {
                "message": "As of transformers v4.44, default chat template is no longer allowed, so you "
                "must provide a chat template if the tokenizer does not define one."
            },
            400,
        ),
        (
            {
                "error": {
                    "message": "Cannot use chat template functions because tokenizer.chat_template is not set"
                }
            },
            500,
        ),
        ({"error": "Template error: template not found", "error_type": "template_error"}, 422),
    ],
    ids=["vLLM", "transformers", "TGI"],
)
def test_a_model_without_a_chat_template_is_hopeless(httpserver, body, status):
    httpserver.expect_request(CHAT).respond_with_json(body, status=status)
    error = failure(httpserver)
    assert isinstance(error, NoChatTemplate)
    assert "template" in error.message
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Invalid model: m", "type": "invalid_model", "code": "1500"}},
        {"error": {"message": "m is not a valid model ID", "code": 400}},
        {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}},
    ],
    ids=["Mistral", "OpenRouter", "OpenAI"],
)
def test_a_model_that_a_server_does_not_know_is_hopeless_whatever_the_status(httpserver, body):
    httpserver.expect_request(CHAT).respond_with_json(body, status=400)
    error = failure(httpserver)
    assert isinstance(error, UnknownModel)
    assert isinstance(error, Hopeless)
    assert "does not know the model m" in error.message
