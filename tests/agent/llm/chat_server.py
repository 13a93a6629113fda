"""What a server that speaks OpenAI's protocol answers, and how it is asked."""

import asyncio
import json

import pytest
from werkzeug import Response

from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.core.chat import CallFailed, ChatRequest, Message, Sampling

CHAT = "/v1/chat/completions"


def completion(text="Paris", **message):
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-as-this",
        "choices": [
            {
                "index": 0,
                "finish_reason": message.pop("finish_reason", "stop"),
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 5},
        },
    }


def json_response(body, status=200, **headers):
    return Response(json.dumps(body), status=status, content_type="application/json", headers=headers)


def question(schema=None, **sampling):
    return ChatRequest("m", (Message("user", "Which head?"),), Sampling(**sampling), schema)


class Asked:
    """The replies to some requests, or the failure, and what was said to the user."""

    def __init__(self, server, *requests, timeout=5.0):
        self.said = []
        self.replies = []

        async def run():
            url = server.url_for("/v1")
            client = OpenAICompatibleClient(
                "m", "m", api_key="a-long-key", base_url=url, timeout=timeout, say=self.said.append
            )
            try:
                for request in requests or (question(),):
                    self.replies.append(await client.send(request))
            finally:
                await client.aclose()

        asyncio.run(run())

    @property
    def reply(self):
        return self.replies[-1]


def failure(server, **arguments):
    with pytest.raises(CallFailed) as caught:
        Asked(server, **arguments)
    return caught.value


def bodies(server):
    return [json.loads(request.get_data()) for request, _ in server.log if request.path == CHAT]
