"""What is asked of a run, read and checked before anything is computed or written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.descriptions import Status
from headscribe.core.errors import BadOption
from headscribe.core.progress import Progress, Silent
from headscribe.core.settings import TESTING, DescribeSettings, MapSettings
from headscribe.operations import load_operations
from headscribe.pipeline.asking.budget import known_price
from headscribe.pipeline.describe.comparison_heads import ALONE, SHOWN_HEADS, TESTED_HEADS, ComparisonHeads
from headscribe.pipeline.engines import LOCAL, Engine
from headscribe.pipeline.engines.job import MapJob
from headscribe.pipeline.map.job import open_job
from headscribe.store.describe.run_writer import check_run_folder

if TYPE_CHECKING:
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.core.prices import Price


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """One call of ``describe_model`` or ``plan_run``, resolved.

    Attributes:
        run: the run's folder.
        job: what the map must hold.
        heads: the selection as typed.
        map_path: a map that a person named, None to use or make the run's own.
        spec: who describes.
        settings: how it is asked.
        price: of the LLM's tokens, None where it is not known.
        retry: statuses to ask again about.
        force: whether a map of another model or settings in the run may be replaced.
        command: what was typed, empty in Python.
        progress: told how far it is.
        comparison_heads: the other heads that each is seen with.
        engine: where the work is done.
    """

    run: Path
    job: MapJob
    heads: str
    map_path: Path | None
    spec: LLMSpec
    settings: DescribeSettings
    price: Price | None
    retry: frozenset[Status]
    force: bool
    command: str
    progress: Progress
    comparison_heads: ComparisonHeads = ALONE
    engine: Engine = LOCAL

    @property
    def map_job(self) -> MapJob:
        """What the map must hold: the heads wanted, and the mappings of those they are set against."""
        needed = self.comparison_heads.needed(self.job.heads, self.job.checkpoint.facts)
        return replace(self.job, comparison_heads=sorted(set(needed) - set(self.job.heads)))

    @property
    def resume(self) -> str:
        """The command that goes on with this run."""
        return self.command or f"headscribe describe {self.job.checkpoint.name} -o {self.run}"


def read_request(  # noqa: PLR0913 - one argument per option of the command
    model: str,
    run: Path,
    engine: Engine = LOCAL,
    *,
    llm: str | None = None,
    heads: str = "all",
    map_path: Path | str | None = None,
    map_settings: MapSettings | None = None,
    describe_settings: DescribeSettings | None = None,
    operations: Sequence[Path] | None = None,
    retry: frozenset[Status] = frozenset(),
    revision: str | None = None,
    force: bool = False,
    command: str = "",
    progress: Progress | None = None,
) -> DescribeRequest:
    """Resolve the options of describing; ``DescribeOptions`` explains them.

    Raises:
        HeadscribeError: one of them cannot be used; nothing was written.
    """
    from headscribe.agent.llm.spec import default_llm, parse_llm

    progress = progress or Silent()
    spec = parse_llm(llm or default_llm())
    asking = describe_settings or DescribeSettings()
    _check_method(asking)
    price = known_price(spec, asking)
    check_run_folder(run)
    pairs = load_operations(operations or [])
    job = open_job(model, revision, map_settings or MapSettings(), heads, operations=pairs)
    if spec.kind != "rules":
        asking = asking.model_copy(update={"prompt": _prompt(asking, job)})
    if spec.kind == "rules" and not llm:
        progress.say("No LLM is set, so the built-in rules describe. Set one with --llm or HEADSCRIBE_LLM")
    return DescribeRequest(
        run=run,
        job=job,
        heads=heads,
        map_path=None if map_path is None else Path(map_path),
        spec=spec,
        settings=asking,
        price=price,
        retry=retry,
        force=force,
        command=command,
        progress=progress,
        comparison_heads=_comparison_heads(asking) if spec.kind != "rules" else ALONE,
        engine=engine,
    )


def _check_method(settings: DescribeSettings) -> None:
    """See that what is asked for belongs to the method.

    Raises:
        BadOption: another method has it.
    """
    asked = (
        ("--running-model", settings.running_model, "agent"),
        ("--candidates", settings.candidates > 1, "verified"),
        ("--critic", settings.critic, "verified"),
    )
    for option, wanted, method in asked:
        if wanted and settings.method != method:
            do = f"Leave it out, or describe with --method {method}"
            raise BadOption(f"the method {settings.method} has no such option", where=option, do=do)


def _prompt(settings: DescribeSettings, job: MapJob) -> str:
    from headscribe.prompts import fitting_reference

    parts = job.settings.view == "parts"
    return fitting_reference(settings.prompt, settings.prompt_folders, parts=parts)


def _comparison_heads(settings: DescribeSettings) -> ComparisonHeads:
    from headscribe.prompts import load_template

    template = load_template(settings.prompt, settings.prompt_folders)
    return ComparisonHeads(
        shown=SHOWN_HEADS if "contrast" in template.variables else 0,
        tested=TESTED_HEADS if settings.method in TESTING else 0,
    )


def read_statuses(text: str) -> frozenset[Status]:
    """Read ``--retry``: statuses separated by commas; nothing at all is none.

    Raises:
        BadOption: a word that is no status.
    """
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    known = {status.value for status in Status}
    for word in words:
        if word not in known:
            raise BadOption(f"'{word}' is not a status", where="--retry", do=f"Use {', '.join(Status)}")
    return frozenset(Status(word) for word in words)
