"""The program that writes a file: its version, its commit, and the packages that its numbers depend on."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "pyarrow", "langchain", "openai")


class Tool(BaseModel):
    """The program that wrote the files.

    Attributes:
        version: of Headscribe.
        commit: git commit of its source, None where it was installed as a package.
        python: version of Python.
        packages: versions of the packages that the numbers may depend on.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    version: str
    commit: str | None = None
    python: str
    packages: dict[str, str] = {}


@cache
def this_tool() -> Tool:
    """The program that is running."""
    packages = {name: held for name in PACKAGES if (held := _version(name))}
    return Tool(
        version=_version("headscribe") or "unknown",
        commit=_commit(),
        python=platform.python_version(),
        packages=packages,
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "rev-parse", "HEAD"]  # found on PATH, as in a shell
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
