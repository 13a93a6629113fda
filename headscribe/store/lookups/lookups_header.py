"""``lookups.json``: how context look-ups came about, and which of their stages are done."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from headscribe.core.chat import content_hash
from headscribe.core.settings import LookupSettings, Stage
from headscribe.store.headers import Command, Header, HeaderPart, Model

AFTER: dict[Stage, Stage | None] = {
    "neurons": None,
    "prompts": "neurons",
    "heads": "prompts",
    "ablation": "heads",
    "explanations": "heads",
    "scores": "explanations",
}
"""The stage whose tables a stage starts from."""


class StageDone(HeaderPart):
    """A stage whose tables are complete.

    Attributes:
        inputs: what determines its tables, as plain data.
        after: identity of the stage before, "" for the first.
        counts: of rows, and of whatever else the stage counted.
        left_out: what took no further part, by reason.
        seconds: time taken.
        finished_at: UTC, ISO 8601.
        unanswered: questions that failed; they are asked again by the next call.
    """

    inputs: dict[str, Any]
    after: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    left_out: dict[str, int] = Field(default_factory=dict)
    seconds: float = 0.0
    finished_at: str = ""
    unanswered: int = 0

    @property
    def identity(self) -> str:
        """Hash of all that determines the tables."""
        return content_hash([self.inputs, self.after])


class LookupsHeader(Header):
    """``lookups.json``.

    Attributes:
        command: what was typed last.
        texts: as typed; what they came to is with the stage ``prompts``.
        device: the device that ``auto`` came to.
        dtype: the arithmetic that ``auto`` came to.
        llm: who explains and classifies, or has done so.
        describe_run: another run whose descriptions stand beside the explanations, "" for this one.
        stages: those that are done.
        state: ``running`` also after a kill.
    """

    kind: Literal["lookups"] = "lookups"
    command: Command = ""
    model: Model
    settings: LookupSettings
    texts: str = ""
    device: str = ""
    dtype: str = ""
    llm: str = ""
    describe_run: str = ""
    stages: dict[Stage, StageDone] = Field(default_factory=dict)
    state: Literal["running", "finished", "interrupted", "stopped"] = "running"
    started_at: str = ""
    finished_at: str | None = None
