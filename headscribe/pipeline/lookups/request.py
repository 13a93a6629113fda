"""What is asked of context look-ups, read and checked before anything is computed or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.progress import Progress, Silent
from headscribe.core.settings import AskSettings, LookupSettings, Stage, TextSettings
from headscribe.pipeline.asking.budget import known_price
from headscribe.store.describe.run_dir import HEADER, RunDir
from headscribe.store.describe.run_writer import check_run_folder
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookups_header import AFTER

if TYPE_CHECKING:
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.core.prices import Price
    from headscribe.lookups.texts import Texts
    from headscribe.mapping.checkpoint import Checkpoint

STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order in which they are made."""

_ASKED: frozenset[Stage] = frozenset({"explanations", "scores"})
"""Stages that an LLM answers: made again by themselves where the LLM or a prompt has changed."""


@dataclass(frozen=True, slots=True)
class LookupsRequest:
    """One call of ``look_up``, resolved.

    Attributes:
        run: the run's folder.
        checkpoint: the studied model.
        settings: what determines neurons, prompts and heads.
        layers: the layers whose neurons are looked at.
        texts_name: the texts as typed.
        texts: what they came to; None to go on with the prompts that are there.
        texts_settings: what determines their documents.
        spec: who explains and classifies.
        asking: how it is asked.
        price: of its tokens, None where it is not known.
        stages: the stages wanted, in order.
        describe_run: the run whose descriptions stand beside the explanations, None for this one.
        force: whether stages that were made otherwise may be replaced.
        command: what was typed, empty in Python.
        progress: told how far it is.
    """

    run: Path
    checkpoint: Checkpoint
    settings: LookupSettings
    layers: tuple[int, ...]
    texts_name: str
    texts: Texts | None
    texts_settings: dict[str, Any]
    spec: LLMSpec
    asking: AskSettings
    price: Price | None
    stages: tuple[Stage, ...]
    describe_run: Path | None
    force: bool
    command: str
    progress: Progress

    @property
    def resume(self) -> str:
        """The command that goes on with these look-ups."""
        return self.command or f"headscribe lookups {self.checkpoint.name} -o {self.run}"

    def inputs(self, stage: Stage) -> dict[str, Any]:
        """What determines a stage's tables beside the stage before, as plain data."""
        from headscribe.lookups.attribution import DEVIATIONS, EXPLAINED_SHARE
        from headscribe.lookups.truncation import KEPT_SHARE, TOO_LONG

        settings = self.settings
        dtype = "float32" if settings.dtype == "auto" else settings.dtype
        if stage == "neurons":
            return {
                "weights": self.checkpoint.weights_hash,
                "tokenizer": self.checkpoint.tokenizer_hash,
                "layers": list(self.layers),
                "neurons_per_layer": settings.neurons_per_layer,
                "baseline": settings.baseline,
                "seed": settings.seed if settings.baseline == "random" else None,
            }
        if stage == "prompts":
            counts = {"explain_prompts": settings.explain_prompts, "score_prompts": settings.score_prompts}
            rules = {"kept_share": KEPT_SHARE, "too_long": TOO_LONG}
            return {"texts": self.texts_settings, "bos": settings.bos, "dtype": dtype, **counts, **rules}
        if stage == "explanations":
            return self._asked("explain")
        if stage == "scores":
            return self._asked("classify")
        if stage == "heads":
            return {"deviations": DEVIATIONS, "explained_share": list(EXPLAINED_SHARE)}
        return {}

    def _asked(self, question: str) -> dict[str, Any]:
        from headscribe.agent.lookups.asking import classifier, explainer
        from headscribe.agent.lookups.rules import RULES_VERSION

        if self.spec.kind == "rules":
            return {"llm": "rules", "rules": RULES_VERSION}
        template = explainer() if question == "explain" else classifier()
        asking = self.asking
        return {
            "llm": self.spec.name,
            "prompt": template.reference,
            "prompt_hash": template.hash,
            "temperature": asking.temperature,
            "max_reply_tokens": asking.max_reply_tokens,
        }


def read_request(  # noqa: PLR0913 - one argument per option of the command
    model: str,
    run: Path,
    *,
    texts: str | TextSettings | None = None,
    settings: LookupSettings | None = None,
    llm: str | None = None,
    ask_settings: AskSettings | None = None,
    stop_after: Stage | None = None,
    describe_run: Path | None = None,
    revision: str | None = None,
    force: bool = False,
    command: str = "",
    progress: Progress | None = None,
) -> LookupsRequest:
    """Resolve the options of look-ups; ``LookupOptions`` explains them.

    Without ``texts``, a run goes on with the prompts that it holds.

    Raises:
        HeadscribeError: one of them cannot be used; nothing was written.
    """
    from headscribe.agent.llm.spec import default_llm, parse_llm
    from headscribe.lookups.attribution import FEWEST_HEADS
    from headscribe.lookups.neurons import choose_layers
    from headscribe.lookups.text_opening import open_texts
    from headscribe.mapping.checkpoint import open_checkpoint

    progress, settings = progress or Silent(), settings or LookupSettings()
    spec, asking = parse_llm(llm or default_llm()), ask_settings or AskSettings()
    price = known_price(spec, asking)
    check_run_folder(run)
    there = LookupDir(run)
    read = there.done("prompts")
    source = texts if isinstance(texts, TextSettings) else TextSettings(texts=texts)
    name = source.texts or ("demo" if model == "demo" else None)
    if name is None and (read is None or force):
        do = "Give --texts: a file or folder of texts, or a dataset's id"
        raise BadOption("there are no texts to read the model on", where="--texts", do=do)
    checkpoint = open_checkpoint(model, revision)
    facts = checkpoint.facts
    layers = choose_layers(settings.layers, facts.n_layers)
    if min(layers) * facts.n_heads < FEWEST_HEADS:
        what = f"only {min(layers) * facts.n_heads} heads lie before layer {min(layers)}"
        do = f"Choose later layers: of fewer than {FEWEST_HEADS} heads none can stand out by two deviations"
        raise BadOption(what, where="--layers", do=do)
    if describe_run is not None:
        _of_the_model(RunDir.open(describe_run), checkpoint)
    elif (run / HEADER).is_file():
        _of_the_model(RunDir.open(run), checkpoint)
    found = None
    if name is not None:
        found = open_texts(
            name,
            column=source.text_column,
            explain_split=source.explain_split,
            score_split=source.score_split,
            revision=source.texts_revision,
            max_texts=settings.max_texts,
            seed=settings.seed,
        )
        found.check()
    last = STAGES.index(stop_after) if stop_after else len(STAGES) - 1
    stages = tuple(s for s in STAGES[: last + 1] if settings.ablate or s != "ablation")
    if spec.kind == "rules" and not llm and _ASKED & set(stages):
        progress.say("No LLM is set, so the built-in rules explain. Set one with --llm or HEADSCRIBE_LLM")
    return LookupsRequest(
        run=run,
        checkpoint=checkpoint,
        settings=settings,
        layers=layers,
        texts_name=name or (there.header.texts if there.header else ""),
        texts=found,
        texts_settings=found.settings if found else read.inputs["texts"] if read else {},
        spec=spec,
        asking=asking,
        price=price,
        stages=stages,
        describe_run=describe_run,
        force=force,
        command=command,
        progress=progress,
    )


def _of_the_model(run: RunDir, checkpoint: Checkpoint) -> None:
    if run.header.model.weights_hash != checkpoint.weights_hash:
        what = f"this run describes another model, {run.header.model.name}"
        raise BadStore(what, where=run.path, do="Choose another folder with -o, or the run's own model")


def stages_to_make(request: LookupsRequest, found: LookupDir) -> list[Stage]:
    """The stages wanted that the folder lacks, or that were made otherwise, or that have open questions.

    Says which stages are made again, and why.

    Raises:
        BadStore: a stage that took the model's time was made otherwise, and ``force`` is not set.
    """
    make: list[Stage] = []
    for stage in request.stages:
        done, before = found.done(stage), AFTER[stage]
        if done is None or done.unanswered or before in make:
            make.append(stage)
            continue
        changed = _changed(done.inputs, request.inputs(stage))
        after = found.done(before) if before else None
        if not changed and done.after == (after.identity if after else ""):
            continue
        changed = changed or f"the stage {before} was made again"
        if stage not in _ASKED and not request.force:
            raise BadStore(
                f"the stage {stage} here was made otherwise: {changed}",
                where=request.run,
                do="Choose another folder with -o, the same options, or --force to make it again",
            )
        request.progress.say(f"Making {stage} again: {changed}")
        make.append(stage)
    return make


def _changed(there: dict[str, Any], asked: dict[str, Any]) -> str:
    """The first input that differs, in words; empty if none does."""
    for name in {**there, **asked}:
        before, now = there.get(name), asked.get(name)
        if before != now:
            if isinstance(before, dict) and isinstance(now, dict):
                return f"{name}: {_changed(before, now)}"
            long = isinstance(now, str) and len(now) > 60
            return (
                f"other {name.replace('_', ' ')}" if long else f"{name.replace('_', ' ')} {before}, not {now}"
            )
    return ""
