"""What a server that speaks OpenAI's protocol answers."""

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
