"""A stand-in for the model hub: serves folders as repositories and notes what was asked for."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from headscribe.core.records import HeadMap

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class StandInHub:
    """Repositories ``owner/name`` under a folder, each with one commit, known as ``main`` too.

    A repository named ``owner/gated`` exists but refuses access.

    Attributes:
        fetched: the files sent whole.
        ranges: the parts asked for: file, first byte, last byte.
        sent: bytes of files sent, whole or in part.
        faults: what goes wrong with the next parts, one after the other: ``drop`` breaks the connection off
            half-way, ``hang`` stops half-way and keeps it open, ``truncate`` sends half and says so,
            ``shift`` says that it sends other bytes, ``503`` and ``429`` refuse, ``retag`` says that the file
            is another, ``fine`` is no fault.
        knows_ranges: False for a server that sends whole files, whatever part is asked for.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.fetched: list[str] = []
        self.ranges: list[tuple[str, int, int]] = []
        self.faults: list[str] = []
        self.sent, self.knows_ranges = 0, True

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content for a path such as ``/owner/name/resolve/main/config.json``."""
        parts = unquote(path).strip("/").split("/")
        if len(parts) < 5:  # a name without an owner
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        owner, name, _, revision, *rest = parts
        if name == "gated":
            return 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "accept the terms"}, b""
        if not (self.folder / owner / name).is_dir():
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        if revision not in ("main", COMMIT):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        file = self.folder / owner / name / "/".join(rest)
        if not file.is_file():
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
        content = file.read_bytes()
        tag = hashlib.sha256(content).hexdigest()
        return 200, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}, content


@contextmanager
def stand_in_hub(folder: Path) -> Iterator[StandInHub]:
    """Serve ``folder`` on a free port of this machine."""

    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self, *, body: bool = True) -> None:
            status, headers, content = hub.answer(urlparse(self.path).path)
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if status == 200 and body and asked and hub.knows_ranges:
                self._send_part(headers, content, int(asked[1]), int(asked[2]))
                return
            if status == 200 and body:
                hub.fetched.append(self.path.rsplit("/", 1)[1])
                hub.sent += len(content)
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def _send_part(self, headers: dict[str, str], content: bytes, first: int, last: int) -> None:
            hub.ranges.append((self.path.rsplit("/", 1)[1], first, last))
            fault = hub.faults.pop(0) if hub.faults else "fine"
            if fault.isdigit():
                self.send_response(int(fault))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            size, last = len(content), min(last, len(content) - 1)
            part = content[first : last + 1]
            half = part[: len(part) // 2]
            if fault == "truncate":
                part, last = half, first + len(half) - 1
            if fault == "retag":
                headers = {**headers, "ETag": '"another"'}
            told = first + 1 if fault == "shift" else first
            self.send_response(206)
            headers = {**headers, "Content-Range": f"bytes {told}-{last}/{size}"}
            for key, value in {**headers, "Content-Length": str(len(part))}.items():
                self.send_header(key, value)
            self.end_headers()
            part = half if fault in ("drop", "hang") else part
            self.wfile.write(part)
            self.wfile.flush()
            hub.sent += len(part)
            if fault == "hang":
                over.wait(60)
            self.close_connection = fault in ("drop", "hang")

        def do_HEAD(self) -> None:
            self.do_GET(body=False)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Clients that go away in the middle are part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    hub = StandInHub(folder, f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def plain(maps: Iterable[HeadMap]) -> dict[str, list[Any]]:
    """Maps as one process tells them to another: the ids of each row's tokens, and all numbers."""
    rows = [row for one in maps for row in one.mappings]
    tokens = [[token.id for token in (row.source, *row.targets, *row.suppressed)] for row in rows]
    numbers = [number for row in rows for number in (row.saliency, *row.logits, *row.suppressed_logits)]
    return {"tokens": tokens, "numbers": numbers}
