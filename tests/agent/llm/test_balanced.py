"""Several servers of one model: shares follow speed, and a server that dies takes nothing with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from benchmarks.chat_server import ChatServer
from headscribe.agent.llm.balanced import BalancedClient
from headscribe.agent.llm.check import check_llm
from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.spec import parse_llm
from headscribe.agent.retry import Backoff
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind, Message
from headscribe.core.errors import LLMUnavailable
from headscribe.core.progress import Silent
from headscribe.core.settings import AskSettings

SOON = Backoff(first=0.05, longest=0.05)


class Said(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def question(number: int) -> ChatRequest:
    return ChatRequest("m", (Message("user", f'Question {number}: "Paris"?'),))


def spec_of(*servers: ChatServer) -> str:
    return "|".join(f"{server.base_url}#m" for server in servers)


def ask_all(
    llm: str, requests: int, *, at_once: int, said: Said, after: Callable[[int], None] = lambda n: None
) -> list[ChatReply]:
    """Ask so many questions, a few at a time; ``after`` is told of each answer."""

    async def run() -> list[ChatReply]:
        async with open_client(parse_llm(llm), AskSettings(timeout=10), said) as client:
            slots, replies = asyncio.Semaphore(at_once), []

            async def ask(number: int) -> None:
                async with slots:
                    replies.append(await client.send(question(number)))
                after(len(replies))

            await asyncio.gather(*map(ask, range(requests)))
            return replies

    return asyncio.run(run())


def test_a_server_that_is_four_times_as_fast_answers_more() -> None:
    said = Said()
    with ChatServer(latency=0.1) as fast, ChatServer(latency=0.4) as slow:
        replies = ask_all(spec_of(fast, slow), 80, at_once=8, said=said)
        share = fast.answered.total() / slow.answered.total()
    assert len(replies) == 80
    assert share > 1, "by how much, depends on how busy this machine is"
    assert "Replies by server" in said.lines[-1]


def test_calls_of_a_server_that_dies_in_between_go_to_the_others() -> None:
    said = Said()
    with ChatServer(latency=0.02) as lives, ChatServer(latency=0.02, dies_after=10) as dies:
        replies = ask_all(spec_of(lives, dies), 80, at_once=8, said=said)
        answered = lives.answered.total(), dies.answered.total()
    assert len(replies) == 80
    assert answered[0] >= 70
    assert answered[1] <= 10
    assert any(f"{dies.base_url} is left out" in line for line in said.lines)


def test_a_server_that_never_answered_is_named_at_the_start_and_the_others_do_the_work() -> None:
    said = Said()
    with ChatServer() as lives:
        llm = f"http://127.0.0.1:9/v1#m|{lives.base_url}#m"
        assert len(ask_all(llm, 6, at_once=2, said=said)) == 6
        assert "127.0.0.1:9" in said.lines[0]
        assert "127.0.0.1:9" in check_llm(llm)


def test_where_no_server_answers_the_line_names_them_all() -> None:
    with pytest.raises(LLMUnavailable) as error:
        ask_all("http://127.0.0.1:9/v1#m|http://127.0.0.1:10/v1#m", 1, at_once=1, said=Said())
    assert "none of 2 LLM servers can be asked" in str(error.value)
    assert "127.0.0.1:9" in str(error.value)
    assert "127.0.0.1:10" in str(error.value)


class Scripted:
    """A client that fails as it is told, and else answers."""

    def __init__(self, *failures: FailureKind) -> None:
        self.name, self.failures, self.asked, self.closed = "m", list(failures), 0, False

    async def check(self) -> None:
        pass

    async def send(self, request: ChatRequest) -> ChatReply:
        self.asked += 1
        await asyncio.sleep(0)
        if self.failures:
            raise CallFailed(self.failures.pop(0), "as told")
        return ChatReply("fine")

    async def aclose(self) -> None:
        self.closed = True


def send_each(balanced: BalancedClient, times: int, pause: float = 0.0) -> list[FailureKind | None]:
    async def run() -> list[FailureKind | None]:
        found: list[FailureKind | None] = []
        for number in range(times):
            try:
                await balanced.send(question(number))
                found.append(None)
            except CallFailed as error:
                found.append(error.kind)
            await asyncio.sleep(pause)
        await balanced.aclose()
        return found

    return asyncio.run(run())


def test_a_server_that_fails_at_once_does_not_draw_all_calls() -> None:
    bad, good = Scripted(*[FailureKind.SERVER] * 50), Scripted()
    found = send_each(BalancedClient("m", {"bad": bad, "good": good}, print), 30)
    assert found == [None] * 30
    assert bad.asked == 1, "it rests for half a second at least"
    assert bad.closed
    assert good.closed


def test_a_server_that_recovers_is_asked_again() -> None:
    said: list[str] = []
    weak, good = Scripted(FailureKind.CONNECTION), Scripted()
    balanced = BalancedClient("m", {"weak": weak, "good": good}, said.append, SOON)
    assert send_each(balanced, 6, pause=0.04) == [None] * 6
    assert weak.asked > 2
    assert said[-1] == "weak answers again"


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.TOO_LONG])
def test_what_another_server_would_refuse_too_is_not_sent_to_it(kind: FailureKind) -> None:
    first, second = Scripted(kind), Scripted()
    assert send_each(BalancedClient("m", {"1": first, "2": second}, print), 1) == [kind]
    assert second.asked == 0


def test_a_call_that_timed_out_is_the_callers_to_repeat_and_then_goes_elsewhere() -> None:
    slow, good = Scripted(FailureKind.TIMEOUT), Scripted()
    found = send_each(BalancedClient("m", {"slow": slow, "good": good}, print), 3)
    assert found == [FailureKind.TIMEOUT, None, None]
    assert slow.asked == 1


def test_with_all_servers_at_rest_each_call_still_tries_one() -> None:
    dead = {str(number): Scripted(*[FailureKind.CONNECTION] * 9) for number in range(2)}
    assert send_each(BalancedClient("m", dead, print), 3) == [FailureKind.CONNECTION] * 3
    assert sum(one.asked for one in dead.values()) >= 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://a:1/v1#m|http://b:1/v1#n", "two models"),
        ("http://a:1/v1#m|openai:gpt-4o", "only servers can be several"),
        ("http://a:1/v1#m|http://b:1/v1", "does not name the model"),
    ],
)
def test_servers_that_cannot_share_calls_are_refused(text: str, said: str) -> None:
    with pytest.raises(LLMUnavailable, match=said):
        parse_llm(text)


def test_several_servers_have_the_name_of_one_so_their_answers_are_shared() -> None:
    several = parse_llm("http://a:1/v1#m|http://b:1/v1/#m|http://a:1/v1#m")
    assert several.base_urls == ("http://a:1/v1", "http://b:1/v1")
    assert several.name == parse_llm("http://c:1/v1#m").name
    assert parse_llm("http://a:1/v1#m|http://a:1/v1#m").base_urls == ()
