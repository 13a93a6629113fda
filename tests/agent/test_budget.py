"""No call is begun that could exceed the budget; calls in flight finish; what they left over is used."""

from __future__ import annotations

import asyncio

import pytest

from headscribe.agent.budget import Amount, Budget
from headscribe.agent.caller import Caller
from headscribe.agent.rehearsal import NoJournal
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind, Message
from headscribe.core.errors import BudgetSpent, LLMUnavailable
from headscribe.core.prices import Price
from headscribe.core.records import Usage
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import estimate_tokens

PROMPT = " ".join(["word"] * 100)
SENT = estimate_tokens(PROMPT)
SETTINGS = DescribeSettings(concurrency=4, max_reply_tokens=50, max_retries=0)


class Client:
    """Reports ``sent`` and ``received`` tokens per call."""

    name = "planted"

    def __init__(self, sent: int | None = SENT, received: int | None = 10, latency: float = 0.0) -> None:
        self.usage, self.latency = Usage(sent, received), latency
        self.calls = self.in_flight = self.finished = 0
        self.fails = False

    async def check(self) -> None: ...

    async def send(self, request: ChatRequest) -> ChatReply:
        self.calls += 1
        self.in_flight += 1
        await asyncio.sleep(self.latency)
        self.in_flight -= 1
        if self.fails:
            raise CallFailed(FailureKind.SERVER, "500")
        self.finished += 1
        return ChatReply("ten words of an answer that is not very long", usage=self.usage)

    async def aclose(self) -> None: ...


def budget(tokens: int | None = None, cost: float | None = None, price: Price | None = None) -> Budget:
    return Budget(max_tokens=tokens, max_cost=cost, price=price, spent=Amount())


async def ask(client: Client, limit: Budget, calls: int) -> list[object]:
    caller = Caller(client, NoJournal(), settings=SETTINGS, budget=limit)
    asked = (caller.call((Message("user", f"{PROMPT} {number}"),)) for number in range(calls))
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("limit", [400, 1000, 2500])
def test_never_more_tokens_than_allowed_and_not_much_less(limit):
    client, spending = Client(), budget(limit)
    results = asyncio.run(ask(client, spending, 100))
    used = client.calls * (SENT + 10)
    largest = 1.5 * (SENT + 1) + 50
    assert used <= limit
    assert used > limit - 2 * largest
    assert spending.spent.tokens == used
    stops = [result for result in results if isinstance(result, BudgetSpent)]
    assert len(stops) + client.calls == 100
    assert "--max-tokens" in str(stops[0])


def test_calls_in_flight_finish_and_the_others_wait_for_what_they_leave():
    client, spending = Client(latency=0.01), budget(1000)
    asyncio.run(ask(client, spending, 50))
    assert client.finished == client.calls > 4, "more than the reservations of one round would allow"
    assert client.in_flight == 0


def test_money_is_counted_at_the_price():
    price = Price(1000.0, 3000.0)
    client = Client()
    spending = budget(cost=2.0, price=price)
    results = asyncio.run(ask(client, spending, 100))
    assert spending.spent.cost == pytest.approx(client.calls * price.of(SENT, 10))
    assert 1.5 < spending.spent.cost <= 2.0
    stop = next(result for result in results if isinstance(result, BudgetSpent))
    assert "2 USD" in str(stop)
    assert "--max-cost" in str(stop)


def test_a_server_that_counts_more_than_estimated_is_believed():
    client, spending = Client(sent=3 * SENT), budget(3000)
    asyncio.run(ask(client, spending, 100))
    assert spending.spent.tokens <= 3000 + 2 * 4 * SENT, "only the first round may be mistaken"
    assert client.calls < 3000 / (3 * SENT) + 1


def test_a_server_that_reports_nothing_is_estimated():
    client, spending = Client(sent=None, received=None), budget(1000)
    asyncio.run(ask(client, spending, 100))
    assert client.calls > 0
    assert 500 < spending.spent.tokens <= 1000


def test_failed_calls_give_their_reservation_back():
    client, spending = Client(), budget(400)
    client.fails = True
    results = asyncio.run(ask(client, spending, 20))
    assert client.calls == 20
    assert all(isinstance(result, CallFailed) for result in results)
    assert spending.spent.tokens == 0


def test_what_earlier_sittings_took_counts():
    spending = Budget(max_tokens=1000, max_cost=None, price=None, spent=Amount(tokens=990))
    client = Client()
    results = asyncio.run(ask(client, spending, 3))
    assert client.calls == 0
    assert all(isinstance(result, LLMUnavailable) for result in results), "whoever stops for these stops here"


def test_a_limit_in_dollars_needs_a_price():
    with pytest.raises(ValueError, match="price"):
        budget(cost=1.0)


def test_a_call_reserves_what_replies_turn_out_to_take_not_the_longest_one():
    settings = DescribeSettings(concurrency=4, max_reply_tokens=4000, max_retries=0)
    client, spending = Client(latency=0.001), budget(6000)
    caller = Caller(client, NoJournal(), settings=settings, budget=spending)

    async def run() -> None:
        asked = (caller.call((Message("user", f"{PROMPT} {number}"),)) for number in range(100))
        await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(run())
    assert 6000 - 2 * (1.5 * SENT + 10) < spending.spent.tokens <= 6000, (
        "a limit of 4,000 a reply is no obstacle"
    )


def test_what_an_earlier_sitting_measured_counts_from_the_first_call():
    lengths = ReplyLengths()
    request = ChatRequest("planted", (Message("user", PROMPT),))
    for _ in range(10):
        lengths.add(request, 10)
    spending = Budget(max_tokens=400, max_cost=None, price=None, spent=Amount(), lengths=lengths)
    amount = asyncio.run(spending.room_for(request))
    assert amount.tokens == pytest.approx(1.5 * SENT + 10)
