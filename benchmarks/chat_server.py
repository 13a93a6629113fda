"""A chat server: answers after a fixed time whatever the load, counts what is in flight, fails if told to.

``python -m benchmarks.chat_server`` serves from a process of its own, so that its processor time
is not counted as ours, until its standard input closes; tests use ``ChatServer`` as a context manager.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from headscribe.agent.llm.fake import plausible_text
from headscribe.core.chat import ChatRequest, Message

FAULTS = ("429", "500", "drop", "cut-json", "cut-body")
"""Too many requests, an internal error, no answer, half of the JSON, less than the length announced."""

Reply = Callable[[dict[str, Any]], dict[str, Any]]


def plausible_choice(body: dict[str, Any]) -> dict[str, Any]:
    """The choice of a completion: what the fake LLM would say."""
    messages = tuple(Message(one["role"], one["content"]) for one in body["messages"])
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    text = plausible_text(ChatRequest("", messages, schema=schema))
    return {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}


@dataclass
class ChatServer:
    """A server on a free port, in a thread of its own.

    Attributes:
        latency: seconds until an answer.
        at_once: requests that are worked on at the same time, None for all; others wait their turn.
        faults: share of requests whose first attempt fails, each in a way that follows from the seed.
        seed: of the faults.
        dies_after: answers after which it ends without a word, None never.
        reply: the choice of a completion for a request's body.
        host: the address it listens on.
        port: 0 for any.
        key: what a caller must send below ``/v1``, empty for none.
        answered: answers by request, as the hash of its body.
        failed: faults by kind.
        flights: (moment, requests then in flight), by ``time.monotonic``.
    """

    latency: float = 0.0
    at_once: int | None = None
    faults: float = 0.0
    seed: int = 0
    dies_after: int | None = None
    reply: Reply = plausible_choice
    host: str = "127.0.0.1"
    port: int = 0
    key: str = ""
    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    flights: list[tuple[float, int]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _in_flight: int = 0

    @property
    def base_url(self) -> str:
        """The address to give to ``--llm``."""
        return f"http://{self.host}:{self.port}/v1"

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._turns = asyncio.Semaphore(self.at_once) if self.at_once else nullcontext()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._connection, self.host, self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        self._die()

    def _die(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next((line.split(":")[1] for line in head.splitlines() if "content-length:" in line), "0")
        body = await reader.readexactly(int(length))
        if self.key and " /v1" in head and f"bearer {self.key.lower()}" not in head:
            return _send(writer, 401, json.dumps({"error": {"message": "no such key"}}))
        if not body:
            path = head.split()[1]
            said = self.flights if path == "/flights" else {"object": "list", "data": []}
            return _send(writer, 200, json.dumps(said))
        self._count(1)
        try:
            async with self._turns:
                await asyncio.sleep(self.latency)
            return self._answer(writer, body)
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        self._in_flight += step
        self.flights.append((time.monotonic(), self._in_flight))

    def _answer(self, writer: asyncio.StreamWriter, body: bytes) -> bool:
        name = hashlib.sha256(body).hexdigest()
        fault = None if name in self._seen else self._fault(name)
        self._seen.add(name)
        if fault:
            self.failed[fault] += 1
            return _fail(writer, fault, self._completion(body))
        if self.dies_after is not None and self.answered.total() >= self.dies_after:
            self._die()
            return False
        self.answered[name] += 1
        return _send(writer, 200, self._completion(body))

    def _fault(self, name: str) -> str | None:
        chance = random.Random(f"{self.seed} {name}")
        return chance.choice(FAULTS) if chance.random() < self.faults else None

    def _completion(self, body: bytes) -> str:
        choice = {"index": 0, **self.reply(json.loads(body))}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        return json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
                "usage": usage,
            }
        )


def _fail(writer: asyncio.StreamWriter, fault: str, completion: str) -> bool:
    half = completion[: len(completion) // 2]
    if fault == "cut-json":
        return _send(writer, 200, half)
    if fault in {"429", "500"}:
        return _send(writer, int(fault), json.dumps({"error": {"message": "not now"}}))
    if fault == "cut-body":
        _send(writer, 200, half, announced=len(completion))
        writer.close()
    else:
        writer.transport.abort()
    return False


def _send(writer: asyncio.StreamWriter, status: int, text: str, announced: int | None = None) -> bool:
    content = text.encode()
    length = len(content) if announced is None else announced
    head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode() + content)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--at-once", type=int)
    chosen = parser.parse_args()
    with ChatServer(latency=chosen.latency, at_once=chosen.at_once) as server:
        print(server.port, flush=True)
        sys.stdin.read()


def flights(base_url: str) -> list[tuple[float, int]]:
    """(moment, requests then in flight) at every change, from the server at this address."""
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/flights") as answer:
        found: list[tuple[float, int]] = json.load(answer)
    return found


class ServerProcess:
    """``with ServerProcess(0.3) as base_url``: the server in a process of its own."""

    def __init__(self, latency: float, at_once: int | None = None) -> None:
        self._command = [sys.executable, "-m", "benchmarks.chat_server", "--latency", str(latency)]
        self._command += ["--at-once", str(at_once)] if at_once else []

    def __enter__(self) -> str:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout is not None
        return f"http://127.0.0.1:{self._process.stdout.readline().strip()}/v1"

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


if __name__ == "__main__":
    main()
