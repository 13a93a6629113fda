"""Tools on the wire: what is sent, what comes back, and servers that take them only in part or not at all."""

import asyncio
import json

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from werkzeug import Response

from headscribe.agent.llm.failures import NoToolCalling, no_tool_calling
from headscribe.agent.llm.langchain_client import LangChainClient
from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.agent.llm.spec import parse_llm
from headscribe.core.chat import (
    Attempt,
    CallFailed,
    ChatReply,
    ChatRequest,
    FailureKind,
    Message,
    Sampling,
    Tool,
    ToolCall,
)
from headscribe.core.records import Usage
from headscribe.store.describe.journal import Journal
from tests.agent.llm.chat_server import CHAT, completion

PICK = Tool(
    "pick",
    "Choose a word.",
    {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": False,
    },
)
CALL = ToolCall("call-1", "pick", '{"word": "Paris"}')
TALK = (
    Message("user", "Choose."),
    Message("assistant", "", (CALL,)),
    Message("tool", '{"fine": true}', tool_call_id="call-1"),
)


def request(choice="auto", messages=TALK):
    return ChatRequest("m", messages, Sampling(), tools=(PICK,), tool_choice=choice)


def ask(server, chat_request):
    async def run():
        client = OpenAICompatibleClient("m", "m", api_key="none", base_url=server.url_for("/v1"), timeout=5)
        try:
            return await client.send(chat_request)
        finally:
            await client.aclose()

    return asyncio.run(run())


def called(*calls):
    listed = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": text}}
        for id, name, text in calls
    ]
    return completion("", finish_reason="tool_calls", tool_calls=listed)


def bodies(server):
    return [json.loads(sent.data) for sent, _ in server.log]


def test_a_conversation_with_tools_is_sent_as_the_protocol_writes_it(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(completion())
    ask(httpserver, request("required"))
    (body,) = bodies(httpserver)
    assert body["tool_choice"] == "required"
    assert body["tools"][0]["function"] == {
        "name": "pick", "description": "Choose a word.", "parameters": PICK.parameters, "strict": True,
    }  # fmt: skip
    assistant, tool = body["messages"][1:]
    assert assistant["tool_calls"][0]["id"] == tool["tool_call_id"] == "call-1"
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"word": "Paris"}
    assert (tool["role"], tool["content"]) == ("tool", '{"fine": true}')


def test_one_tool_can_be_forced(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(completion())
    ask(httpserver, request("pick"))
    assert bodies(httpserver)[0]["tool_choice"] == {"type": "function", "function": {"name": "pick"}}


def test_a_request_without_tools_says_nothing_of_them(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(completion())
    ask(httpserver, ChatRequest("m", (Message("user", "Hello"),)))
    assert not {"tools", "tool_choice"} & set(bodies(httpserver)[0])


def test_calls_come_back_whether_or_not_their_arguments_can_be_read(httpserver):
    answer = called(("a", "pick", '{"word": "Rome"}'), ("b", "pick", "{broken"))
    httpserver.expect_request(CHAT).respond_with_json(answer)
    reply = ask(httpserver, request())
    assert [(call.id, call.name) for call in reply.tool_calls] == [("a", "pick"), ("b", "pick")]
    assert json.loads(reply.tool_calls[0].arguments) == {"word": "Rome"}
    assert reply.tool_calls[1].arguments == "{broken"
    assert reply.usage == Usage(11, 7, 5)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (400, 'tool_choice="required" requires --tool-call-parser to be set'),
        (400, "registry.ollama.ai/library/llama2:latest does not support tools"),
        (404, "No endpoints found that support tool use."),
        (500, "tools param requires --jinja flag"),
        (400, "Unrecognized request argument supplied: tools"),
        (422, "tool_choice: extra fields not permitted"),
        (400, "`tool calling` is not supported with this model"),
    ],
)  # fmt: skip
def test_a_server_without_tool_calling_is_recognised_by_its_words(httpserver, status, words):
    httpserver.expect_request(CHAT).respond_with_json({"error": {"message": words}}, status=status)
    with pytest.raises(NoToolCalling):
        ask(httpserver, request())


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 100 tokens",
        "messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
        "the moon is full",
    ],
)
def test_other_complaints_are_not_about_tool_calling(httpserver, words):
    httpserver.expect_request(CHAT).respond_with_json({"error": {"message": words}}, status=400)
    with pytest.raises(CallFailed) as failed:
        ask(httpserver, request())
    assert not isinstance(failed.value, NoToolCalling)


def test_an_overloaded_server_is_not_taken_for_one_without_tools():
    assert (
        no_tool_calling(CallFailed(FailureKind.RATE_LIMIT, "tool use is not supported at this rate")) is None
    )
    assert no_tool_calling(CallFailed(FailureKind.SERVER, "tools are not supported just now")) is None


def test_a_server_that_refuses_strict_tools_gets_plain_ones(httpserver):
    def answer(sent):
        if "strict" in sent.json["tools"][0]["function"]:
            error = {"error": {"message": "Invalid schema for function 'pick': maxItems is not permitted"}}
            return Response(json.dumps(error), status=400, content_type="application/json")
        return Response(json.dumps(completion()), content_type="application/json")

    httpserver.expect_request(CHAT).respond_with_handler(answer)
    assert ask(httpserver, request()).text == "Paris"
    assert len(bodies(httpserver)) == 2


def test_a_request_without_tools_keeps_the_identity_that_journals_know():
    plain = ChatRequest("x", (Message("user", "h"),), schema={"a": 1})
    assert plain.identity() == "8e564a430b7eb333000e65730ff2eea101bbb38e0b5369af958168cd48eaf95f"
    assert len({plain.identity(), request().identity(), request("none").identity()}) == 3


def test_a_reply_with_tool_calls_comes_back_from_the_journal_as_it_was(tmp_path):
    journal = Journal(tmp_path / "run.db")
    reply = ChatReply("", "tool_calls", usage=Usage(1, 2), tool_calls=(CALL,))
    journal.record(Attempt(request(), 1, 0.0, 0.1, reply))
    assert journal.find(request().identity()) == reply
    journal.close()
    assert "tool_calls" not in ChatReply("plain").as_json()


class Provider(BaseChatModel):
    """A LangChain model that calls the tools it was bound to, if it can be bound to any."""

    can: bool = True

    @property
    def _llm_type(self):
        return "provider"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self_calls = [{"name": "pick", "args": {"word": messages[-1].content}, "id": "p1"}] if kwargs else []
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=self_calls))])

    def bind_tools(self, tools, **kwargs):
        if not self.can:
            raise NotImplementedError
        return self.bind(tools=tools, **kwargs)


@pytest.fixture
def another_provider(monkeypatch):
    """A client of a provider that LangChain knows, and whose model can call tools or not."""

    def client(can):
        monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda *_, **__: Provider(can=can))
        return LangChainClient(parse_llm("provider:m"), Sampling(), 5.0)

    return client


def test_another_provider_gets_tools_by_langchains_own_way(another_provider):
    reply = asyncio.run(another_provider(True).send(request(messages=TALK[:1])))
    assert [(call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [
        ("pick", {"word": "Choose."})
    ]
    with pytest.raises(NoToolCalling, match="no tool calling in LangChain"):
        asyncio.run(another_provider(False).send(request()))
