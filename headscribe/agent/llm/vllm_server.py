"""A local vLLM server that lives exactly as long as it is needed."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from headscribe.agent.llm import vllm_keeper
from headscribe.agent.llm.vllm_setup import chat_template_arguments, find_vllm, served_name
from headscribe.core.errors import LLMUnavailable
from headscribe.core.progress import Progress, Silent

_STRUCTURED = '{"backend": "xgrammar", "disable_any_whitespace": true}'
"""vLLM keeps the backend of its first structured request, and some backends drop limits in silence; weak
models fill a free choice of white space with newlines until their reply is cut (measured, vLLM 0.32)."""

_PREFIX = re.compile(r"(\(\w+ pid=\d+\) )?(ERROR [\d-]+ [\d:]+ \[[^\]]+\] )?")
_EXCEPTION = re.compile(r"[\w.]*(Error|Exception): ")

_LOOK_EVERY = 0.5
_SAY_EVERY = 15.0
LOOPBACK = "127.0.0.1"
STOP_GRACE = 20.0
"""Seconds that the server has to end before it is killed."""


class VLLMServer:
    """``async with VLLMServer(model) as base_url``: starts vLLM, waits until it answers, and surely stops it.

    It listens on a free port of the host. Its output goes to ``log``, which is removed at the end unless an
    error happened. ``HEADSCRIBE_VLLM_PYTHON`` names an interpreter that has vLLM (default: this
    one) and ``HEADSCRIBE_VLLM_ARGS`` further arguments of the server.

    Args:
        model: a local folder or a hub id.
        python: overrides ``HEADSCRIBE_VLLM_PYTHON``.
        extra_args: further arguments, after those of the environment.
        progress: told that and how long the server loads.
        timeout: seconds until it must answer; a first start may have to download the model.
        host: the address to listen on; others than loopback are for servers that other machines ask.
        key: what its callers must send as their API key, empty for none.

    Raises:
        MissingExtra: the interpreter has no vLLM.
        LLMUnavailable: the server ends by itself or does not answer in time; gives its last words.
    """

    def __init__(
        self,
        model: str,
        *,
        python: str | None = None,
        extra_args: Sequence[str] = (),
        progress: Progress | None = None,
        timeout: float = 1800.0,
        host: str = LOOPBACK,
        key: str = "",
    ) -> None:
        self.model = model
        self.served_name = served_name(model)
        self.log = Path()
        self.host, self.port = host, 0
        self._key = key
        self._python, self._extra_args = python, tuple(extra_args)
        self._progress, self._timeout = progress or Silent(), timeout
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> str:
        python, on_cpu = await asyncio.to_thread(find_vllm, self._python)
        arguments = await asyncio.to_thread(self._arguments, on_cpu)
        self._process = self._start(python, arguments, on_cpu)
        try:
            await self._wait()
        except BaseException:
            await self._stop()
            raise
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/v1"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        good = not isinstance(error, Exception) and not self.ended
        await self._stop()
        if good:
            self.log.unlink(missing_ok=True)

    def _arguments(self, on_cpu: bool) -> list[str]:
        """The server's arguments; of an argument given twice, the last counts."""
        return [
            *("--model", self.model, "--served-model-name", self.served_name),
            *("--structured-outputs-config", _STRUCTURED),
            *chat_template_arguments(self.model),
            *(("--enforce-eager", "--dtype", "float32") if on_cpu else ()),
            *shlex.split(os.environ.get("HEADSCRIBE_VLLM_ARGS", "")),
            *self._extra_args,
        ]

    def _start(self, python: str, arguments: list[str], on_cpu: bool) -> subprocess.Popen[bytes]:
        """Start the keeper, which starts the server in its own process group."""
        self.port = _free_port(self.host)
        number, name = tempfile.mkstemp(prefix="headscribe-vllm-", suffix=".log")
        self.log = Path(name)
        # The module rather than the console script: the latter breaks where vLLM's package has another name.
        server = [python, "-m", "vllm.entrypoints.openai.api_server", *arguments]
        server += ["--host", self.host, "--port", str(self.port)]
        environment = {"VLLM_NO_USAGE_STATS": "1", **os.environ}
        if self._key:
            # Not --api-key: arguments are in vLLM's log, and in the list of processes that all users see.
            environment["VLLM_API_KEY"] = self._key
        if on_cpu:
            environment.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
        self._progress.say(f"Starting vLLM with {self.model} (log: {self.log})")
        with os.fdopen(number, "wb") as log:
            return subprocess.Popen(  # noqa: S603  the user's own interpreter and model
                [sys.executable, "-I", vllm_keeper.__file__, *server],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )

    async def _wait(self) -> None:
        started, said = time.monotonic(), 0.0
        while not await asyncio.to_thread(_healthy, self.host, self.port):
            elapsed = time.monotonic() - started
            if self.ended:
                raise self._failed("the vLLM server ended before it could answer")
            if elapsed > self._timeout:
                raise self._failed(f"the vLLM server did not answer within {self._timeout:g} s")
            if elapsed - said >= _SAY_EVERY:
                said = elapsed
                self._progress.say(f"vLLM is loading {self.model}: {elapsed:.0f} s")
            await asyncio.sleep(_LOOK_EVERY)
        self._progress.say(f"vLLM answers on port {self.port} after {time.monotonic() - started:.0f} s")

    @property
    def pid(self) -> int | None:
        """The keeper's process, which leads a group of its own; None while there is none."""
        return self._process.pid if self._process else None

    @property
    def ended(self) -> bool:
        """Whether it has ended although nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    def fault(self) -> LLMUnavailable | None:
        """Why it has ended by itself, None if it has not."""
        return self._failed("the vLLM server ended while it was needed") if self.ended else None

    def _failed(self, what: str) -> LLMUnavailable:
        """The error that says what happened, with the server's last words."""
        do = "Correct the model or the arguments in HEADSCRIBE_VLLM_ARGS; the log has the details"
        return LLMUnavailable(f"{what}: {last_words(self.log)}", where=self.log, do=do)

    async def _stop(self) -> None:
        """Ask the keeper to end by closing its pipe; whatever happens meanwhile, leave nothing behind."""
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        until = time.monotonic() + STOP_GRACE
        try:
            while process.poll() is None and time.monotonic() < until:
                await asyncio.sleep(0.1)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._process = None


def new_key() -> str:
    """A key for a server and its callers, for one session."""
    return secrets.token_urlsafe(32)


def last_words(log: Path, limit: int = 300) -> str:
    """Why a server ended, from its log: the first exception, which those after it follow from."""
    lines = [_PREFIX.sub("", line) for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if _EXCEPTION.match(line):
            more = lines[number + 1 : number + 3] if "validation error" in line else []
            return " ".join([line, *more])[:limit]
    return (lines or ["it wrote nothing"])[-1][:limit]


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
