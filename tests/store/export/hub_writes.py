"""A stand-in for the hub that takes datasets: enough of its API for a commit with files by LFS and inline."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlparse

TOKEN = "hf_" + "goodtoken" * 3
COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
Answer = tuple[int, Any]


@dataclass
class HeldDataset:
    """A dataset as the stand-in keeps it: per branch, files by name."""

    private: bool = False
    branches: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {".gitattributes": b""}})


@dataclass
class WritableHub:
    """``datasets`` by id; ``commits`` the messages; ``tokens`` what requests came with.

    The organisation ``others`` refuses, and commits to ``me/failing`` fail.
    """

    url: str
    datasets: dict[str, HeldDataset] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    _stored: dict[str, bytes] = field(default_factory=dict)

    def answer(self, method: str, path: str, token: str | None, body: bytes) -> Answer:
        parts = unquote(path).strip("/").split("/")
        if parts[0] == "stored":  # pre-signed: comes without a token
            return self._store(parts[1], method, body)
        self.tokens.add(token)
        if token != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid username or password."}
        said = json.loads(body) if body and parts[-2] != "commit" else {}
        match parts:
            case ["api", "validate-yaml"]:
                answer: Answer = 200, {"errors": [], "warnings": []}
            case ["api", "repos", "create"]:
                answer = self._create(said)
            case [*_, "objects", "batch"]:
                answer = (
                    200,
                    {"transfer": "basic", "objects": [self._place(item) for item in said["objects"]]},
                )
            case ["api", "datasets", owner, name, *rest] if f"{owner}/{name}" in self.datasets:
                answer = self._in_dataset(f"{owner}/{name}", method, rest, said, body)
            case _:
                answer = 404, {"error": "Repository not found"}
        return answer

    def _create(self, said: dict[str, Any]) -> Answer:
        if said["organization"] == "others":
            return 403, {"error": "You don't have the rights to create a dataset here"}
        name = f"{said['organization']}/{said['name']}"
        assert said["type"] == "dataset"
        self.datasets[name] = HeldDataset(
            private=said.get("visibility") == "private" or said.get("private", False)
        )
        return 200, {"url": f"{self.url}/datasets/{name}"}

    def _in_dataset(
        self, repo: str, method: str, rest: list[str], said: dict[str, Any], body: bytes
    ) -> Answer:
        branches = self.datasets[repo].branches
        match rest:
            case [] | ["revision", _] if method == "GET":
                branch = rest[1] if rest else "main"
                if branch not in branches:
                    return 404, "RevisionNotFound"
                files = [{"rfilename": name} for name in branches[branch]]
                held = self.datasets[repo]
                answer: Answer = 200, {"id": repo, "sha": COMMIT, "private": held.private, "siblings": files}
            case ["branch", name]:
                branches.setdefault(name, dict(branches["main"]))
                answer = 200, {}
            case ["preupload", _]:
                modes = [
                    {"path": file["path"], "shouldIgnore": False,
                     "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular"}
                    for file in said["files"]
                ]  # fmt: skip
                answer = 200, {"files": modes}
            case ["commit", _] if repo == "me/failing":
                answer = 500, {"error": "the disk is full"}
            case ["commit", branch]:
                self._commit(branches[branch], [json.loads(line) for line in body.splitlines()])
                answer = (
                    200,
                    {"commitUrl": f"{self.url}/datasets/{repo}/commit/{COMMIT}", "commitOid": COMMIT},
                )
            case _:
                answer = 404, {"error": "unknown"}
        return answer

    def _commit(self, files: dict[str, bytes], lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.commits.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self._stored[value["oid"]]
            else:
                assert line["key"] == "deletedFile"
                del files[value["path"]]

    def _place(self, item: dict[str, Any]) -> dict[str, Any]:
        href = f"{self.url}/stored/{item['oid']}"
        return {**item, "actions": {"upload": {"href": href}}}

    def _store(self, oid: str, method: str, body: bytes) -> Answer:
        assert method == "PUT"
        assert hashlib.sha256(body).hexdigest() == oid
        self._stored[oid] = body
        return 200, {}


@contextmanager
def writable_hub() -> Iterator[WritableHub]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, token = urlparse(self.path).path, self.headers.get("Authorization")
            status, said = hub.answer(self.command, path, token, body)
            content = json.dumps(said).encode()
            self.send_response(status)
            if said == "RevisionNotFound":
                self.send_header("X-Error-Code", "RevisionNotFound")
            elif status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = WritableHub(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
