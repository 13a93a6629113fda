"""Calls are remembered, shared, bounded and repeated."""

import asyncio

import pytest

from headscribe.agent.caller import Caller
from headscribe.agent.llm.fake import FakeClient
from headscribe.agent.llm.script import Entry, Script
from headscribe.agent.retry import Backoff
from headscribe.core.chat import CallFailed, FailureKind, Message
from headscribe.core.settings import DescribeSettings

QUICK = Backoff(first=0.001, longest=0.002)


class Journal:
    """A journal in memory; each find and record is noted in order."""

    def __init__(self):
        self.attempts = []

    def find(self, identity):
        replies = [a.reply for a in self.attempts if a.reply and a.request.identity() == identity]
        return replies[-1] if replies else None

    def record(self, attempt):
        self.attempts.append(attempt)


class Counting(FakeClient):
    """A fake that counts how many calls are in flight."""

    def __init__(self, *entries):
        super().__init__("counting", Script([Entry.model_validate(entry) for entry in entries]))
        self.sent = self.now = self.peak = 0

    async def send(self, request):
        self.sent += 1
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            return await super().send(request)
        finally:
            self.now -= 1


def about(text):
    return (Message("user", str(text)),)


def caller_of(client, journal=None, backoff=QUICK, **settings):
    return Caller(client, journal or Journal(), settings=DescribeSettings(**settings), backoff=backoff)


SLOW = {"match": "", "latency": 0.05}


def test_a_reply_is_in_the_journal_and_is_not_asked_for_again():
    client, journal = Counting(), Journal()
    first = asyncio.run(caller_of(client, journal).call(about("a")))
    later = caller_of(client, journal)
    assert asyncio.run(later.call(about("a"))) == first
    assert client.sent == 1
    assert (later.totals.replayed, later.totals.calls, later.totals.prompt_tokens) == (1, 0, 0)


def test_fresh_asks_again_even_so():
    client, journal = Counting("one", "two"), Journal()
    caller = caller_of(client, journal)
    assert asyncio.run(caller.call(about("a"))).text == "one"
    assert asyncio.run(caller.call(about("a"), fresh=True)).text == "two"
    assert asyncio.run(caller.call(about("a"))).text == "two"


@pytest.mark.parametrize("change", [{"temperature": 1.0}, {"max_reply_tokens": 99}])
def test_sampling_is_part_of_what_is_remembered(change):
    client, journal = Counting(), Journal()
    asyncio.run(caller_of(client, journal).call(about("a")))
    asyncio.run(caller_of(client, journal, **change).call(about("a")))
    assert client.sent == 2


def test_concurrency_timeouts_and_retries_are_no_part_of_it():
    client, journal = Counting(), Journal()
    asyncio.run(caller_of(client, journal).call(about("a")))
    asyncio.run(caller_of(client, journal, concurrency=3, timeout=9, max_retries=1).call(about("a")))
    assert client.sent == 1


def test_no_more_calls_are_in_flight_than_allowed():
    async def run():
        await asyncio.gather(*(caller.call(about(n)) for n in range(17)))

    client = Counting(SLOW)
    caller = caller_of(client, concurrency=4)
    asyncio.run(run())
    assert client.peak == 4
    assert client.sent == 17


def test_equal_requests_in_flight_are_sent_once():
    async def run():
        return await asyncio.gather(
            *(caller.call(about("same")) for _ in range(5)), caller.call(about("other"))
        )

    client = Counting(SLOW)
    caller = caller_of(client)
    replies = asyncio.run(run())
    assert client.sent == 2
    assert len({reply.text for reply in replies[:5]}) == 1


def test_a_passing_failure_is_repeated_and_every_attempt_is_kept():
    client, journal = Counting({"status": 500}, {"status": 429, "retry_after": 0.0}, "at last"), Journal()
    caller = caller_of(client, journal)
    assert asyncio.run(caller.call(about("a"))).text == "at last"
    assert [attempt.number for attempt in journal.attempts] == [1, 2, 3]
    assert [attempt.error is None for attempt in journal.attempts] == [False, False, True]
    assert caller.totals.retried == {FailureKind.SERVER: 1, FailureKind.RATE_LIMIT: 1}
    assert (caller.totals.calls, caller.totals.failed) == (1, 0)


def test_retry_after_is_honoured():
    async def run():
        started = asyncio.get_running_loop().time()
        await caller.call(about("a"))
        return asyncio.get_running_loop().time() - started

    caller = caller_of(Counting({"status": 429, "retry_after": 0.3}, "done"))
    assert 0.3 <= asyncio.run(run()) < 1.0


def test_a_call_that_keeps_failing_says_how_often_it_was_tried():
    client, journal = Counting({"match": "", "status": 503}), Journal()
    caller = caller_of(client, journal, max_retries=2)
    with pytest.raises(CallFailed) as error:
        asyncio.run(caller.call(about("a")))
    assert (error.value.kind, error.value.attempts) == (FailureKind.SERVER, 3)
    assert len(journal.attempts) == 3
    assert caller.totals.failed == 1
    assert journal.find(caller.request(about("a")).identity()) is None


@pytest.mark.parametrize("status", [400, 401, 413])
def test_a_lasting_failure_is_not_repeated(status):
    client = Counting({"match": "", "status": status})
    with pytest.raises(CallFailed):
        asyncio.run(caller_of(client).call(about("a")))
    assert client.sent == 1


def test_tokens_are_added_up_over_replies_alone():
    entries = [{"status": 500}, {"text": "x", "prompt_tokens": 30, "completion_tokens": 4}]
    caller = caller_of(Counting(*entries))
    asyncio.run(caller.call(about("a")))
    assert (caller.totals.prompt_tokens, caller.totals.completion_tokens) == (30, 4)


def test_draining_lets_calls_in_flight_finish_and_begins_no_other():
    async def run():
        tasks = [asyncio.create_task(caller.call(about(n))) for n in range(5)]
        await asyncio.sleep(0.02)
        caller.drain()
        return await asyncio.gather(*tasks, return_exceptions=True)

    client, journal = Counting(SLOW), Journal()
    caller = caller_of(client, journal, concurrency=2)
    results = asyncio.run(run())
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert len(journal.attempts) == client.sent == 2


def test_draining_does_not_wait_for_another_attempt():
    async def run():
        task = asyncio.create_task(caller.call(about("a")))
        await asyncio.sleep(0.02)
        caller.drain()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await task

    caller = caller_of(Counting({"status": 429, "retry_after": 60}))
    asyncio.run(run())


def test_a_cancelled_call_is_not_sent_on_and_not_kept():
    async def run():
        task = asyncio.create_task(caller.call(about("a")))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert client.now == 0
        return await caller.call(about("a"))

    client, journal = Counting(SLOW), Journal()
    caller = caller_of(client, journal)
    assert asyncio.run(run()).text
    assert client.sent == 2
    assert len(journal.attempts) == 1


def test_a_shared_call_goes_on_for_those_who_still_wait():
    async def run():
        first, second = (asyncio.create_task(caller.call(about("a"))) for _ in range(2))
        await asyncio.sleep(0.02)
        first.cancel()
        return await second

    client = Counting(SLOW)
    caller = caller_of(client)
    assert asyncio.run(run()).text
    assert client.sent == 1
