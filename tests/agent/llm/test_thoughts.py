"""A reasoning model's thoughts, as servers send them, are never taken for its answer."""

import pytest

from headscribe.agent.reply import parse_reply
from headscribe.core.descriptions import Status
from tests.agent.llm.chat_server import CHAT, Asked, completion

ANSWER = '{"pattern": "Countries to capitals."}'
THOUGHT = 'I should answer {"pattern": "Wrong, a thought."} or not.'
TAGGED = {
    "gpt-oss": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant"
    "<|channel|>final<|message|>{}",
    "gpt-oss, with a format": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant"
    "<|channel|>final <|constrain|>json<|message|>{}<|return|>",
    "gpt-oss, tags removed": f"analysis{THOUGHT}assistantfinal{{}}",
    "Magistral": f"[THINK]{THOUGHT}[/THINK]{{}}",
    "Kimi": f"◁think▷{THOUGHT}◁/think▷{{}}",
    "Seed": f"<seed:think>{THOUGHT}</seed:think>{{}}",
    "Qwen, DeepSeek": f"<think>\n{THOUGHT}\n</think>\n\n{{}}",
    "Command": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{{}}<|END_RESPONSE|>",
    "EXAONE": f"<thought>{THOUGHT}</thought>{{}}",
    "closing tag alone": f"{THOUGHT}</think>{{}}",
}


@pytest.mark.parametrize("kind", TAGGED)
def test_thoughts_are_never_the_answer(httpserver, kind):
    text = TAGGED[kind]
    end = text.index("{}")
    whole, unclear = text.replace("{}", ANSWER), text.replace("{}", "I cannot tell.")
    cut = text[: text.index("not.")]
    for said in (whole, unclear):
        httpserver.expect_ordered_request(CHAT).respond_with_json(completion(said))
    httpserver.expect_ordered_request(CHAT).respond_with_json(completion(cut, finish_reason="length"))
    answered, without, truncated = (parse_reply(Asked(httpserver).reply) for _ in range(3))
    assert answered.description == "Countries to capitals."
    assert without.status is not Status.OK
    assert end > 0
    if not kind.startswith("closing"):
        assert truncated.status is Status.TRUNCATED


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_an_answer_that_stands_where_thoughts_do_is_found_and_thoughts_beside_one_are_not(httpserver, field):
    alone, beside = completion(None, **{field: f"Hm. {ANSWER}"}), completion(ANSWER, **{field: THOUGHT})
    cut = completion(None, finish_reason="length", **{field: THOUGHT})
    for body in (alone, beside, cut):
        httpserver.expect_ordered_request(CHAT).respond_with_json(body)
    found = [Asked(httpserver).reply for _ in range(3)]
    assert [parse_reply(reply).description for reply in found[:2]] == ["Countries to capitals."] * 2
    assert parse_reply(found[2]).status is Status.TRUNCATED
    assert found[0].raw["text_in"] == "reasoning"
    assert found[1].raw["reasoning"] == THOUGHT
