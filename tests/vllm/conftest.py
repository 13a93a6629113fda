"""Whether there is a vLLM, a tiny LLM, one server of it for all tests, and what they measured."""

import asyncio
import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headscribe.agent.llm.vllm_server import VLLMServer
from tests.vllm.tiny_llm import make_tiny_llm

SHARED = Path(__file__).resolve().parents[3] / "shared"
FLAGS = ("--enable-auto-tool-choice", "--tool-call-parser", "hermes")
MEASURED = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Served:
    """A server that runs as long as the tests do.

    Attributes:
        leader: its process group.
    """

    base_url: str
    port: int
    model: str
    leader: int

    @property
    def llm(self) -> str:
        """The server as ``--llm`` names it."""
        return f"{self.base_url}#{self.model}"


@pytest.fixture(autouse=True, scope="session")
def _vllm_is_there() -> None:
    if not os.environ.get("HEADSCRIBE_VLLM_PYTHON") and importlib.util.find_spec("vllm") is None:
        pytest.skip("no vLLM: set HEADSCRIBE_VLLM_PYTHON, or run make test-vllm")


@pytest.fixture(scope="session")
def tiny_llm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with the GPT-2 tokenizer, or with that of the bundled model where no other is at hand."""
    gpt2 = SHARED / "tokenizers" / "gpt2"
    tokenizer = gpt2 if gpt2.is_dir() else _bundled_tokenizer()
    return make_tiny_llm(tmp_path_factory.mktemp("llm") / "tiny", tokenizer)


@pytest.fixture(scope="session")
def studied_model() -> str:
    """A small trained model: of 40 heads, or the bundled one of 24 where no other is at hand."""
    stories = SHARED / "oracle" / "stories260K"
    return str(stories) if stories.is_dir() else "demo"


@pytest.fixture(scope="session")
def served(tiny_llm: Path) -> Iterator[Served]:
    """The tiny LLM behind a server with tool calling. Its start takes most of a minute, so tests share it."""
    server = VLLMServer(str(tiny_llm), extra_args=FLAGS)
    with asyncio.Runner() as runner:
        base_url = runner.run(server.__aenter__())
        try:
            yield Served(base_url, server.port, server.served_name, server.pid)
        finally:
            runner.run(server.__aexit__(None, None, None))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a line with measured numbers, which is printed when all tests are done."""
    return request.config.stash.setdefault(MEASURED, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(MEASURED, []):
        terminalreporter.section("measured with vLLM")
        for line in lines:
            terminalreporter.line(line)


def _bundled_tokenizer() -> Path:
    import headscribe

    found = sorted(Path(headscribe.__file__).parent.joinpath("demo").rglob("tokenizer.json"))
    if not found:
        pytest.skip("no tokenizer at hand for a tiny LLM")
    return found[0].parent
