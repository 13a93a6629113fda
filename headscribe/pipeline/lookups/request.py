"""What is asked of context look-ups, read and checked before anything is computed or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, get_args

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.progress import Progress, Silent
from headscribe.core.settings import AskSettings, LookupSettings, Stage, TextSettings
from headscribe.pipeline.asking.budget import known_price
from headscribe.pipeline.lookups.options import LookupOptions
from headscribe.store.describe.run_dir import HEADER, RunDir
from headscribe.store.describe.run_writer import check_run_folder
from headscribe.store.lookups.lookup_dir import LookupDir

if TYPE_CHECKING:
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.core.prices import Price
    from headscribe.lookups.texts import Texts
    from headscribe.mapping.checkpoint import Checkpoint

STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order in which they are made."""

ASKED: frozenset[Stage] = frozenset({"explanations", "scores"})
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


def read_request(model: str, run: Path, **options: Unpack[LookupOptions]) -> LookupsRequest:
    """Resolve the options of look-ups; ``LookupOptions`` explains them.

    Without ``texts``, a run goes on with the prompts that it holds.

    Raises:
        HeadscribeError: one of them cannot be used; nothing was written.
    """
    from headscribe.agent.llm.spec import default_llm, parse_llm
    from headscribe.mapping.checkpoint import open_checkpoint

    progress, settings = options.get("progress") or Silent(), options.get("settings") or LookupSettings()
    llm, asking = options.get("llm"), options.get("ask_settings") or AskSettings()
    describe_run, force = options.get("describe_run"), options.get("force", False)
    spec = parse_llm(llm or default_llm())
    price = known_price(spec, asking)
    check_run_folder(run)
    there = LookupDir(run)
    source = _text_settings(options.get("texts"), model, needed=force or there.done("prompts") is None)
    checkpoint = open_checkpoint(model, options.get("revision"))
    layers = _layers(settings, checkpoint)
    _check_described(describe_run, run, checkpoint)
    found = _open_texts(source, settings) if source.texts else None
    stages = _stages(options.get("stop_after"), settings)
    if spec.kind == "rules" and not llm and ASKED & set(stages):
        progress.say("No LLM is set, so the built-in rules explain. Set one with --llm or HEADSCRIBE_LLM")
    return LookupsRequest(
        run=run,
        checkpoint=checkpoint,
        settings=settings,
        layers=layers,
        texts_name=source.texts or (there.header.texts if there.header else ""),
        texts=found,
        texts_settings=found.settings if found else _settings_of_read(there),
        spec=spec,
        asking=asking,
        price=price,
        stages=stages,
        describe_run=describe_run,
        force=force,
        command=options.get("command", ""),
        progress=progress,
    )


def _text_settings(texts: str | TextSettings | None, model: str, *, needed: bool) -> TextSettings:
    """Which texts to read; without a name those that were read already, unless new ones are needed.

    Raises:
        BadOption: they are, and none are named.
    """
    settings = texts if isinstance(texts, TextSettings) else TextSettings(texts=texts)
    if settings.texts is None and model == "demo":
        return settings.model_copy(update={"texts": "demo"})
    if settings.texts is None and needed:
        do = "Give --texts: a file or folder of texts, or a dataset's id"
        raise BadOption("there are no texts to read the model on", where="--texts", do=do)
    return settings


def _open_texts(source: TextSettings, settings: LookupSettings) -> Texts:
    from headscribe.lookups.text_opening import open_texts

    texts = open_texts(
        source.texts or "",
        column=source.text_column,
        explain_split=source.explain_split,
        score_split=source.score_split,
        revision=source.texts_revision,
        max_texts=settings.max_texts,
        seed=settings.seed,
    )
    texts.check()
    return texts


def _settings_of_read(there: LookupDir) -> dict[str, Any]:
    """What determined the documents that the run's prompts come from."""
    prompts = there.done("prompts")
    return prompts.inputs["texts"] if prompts else {}


def _layers(settings: LookupSettings, checkpoint: Checkpoint) -> tuple[int, ...]:
    """The layers whose neurons are looked at.

    Raises:
        BadOption: too few heads lie before the first of them for one to stand out.
    """
    from headscribe.lookups.attribution import FEWEST_HEADS
    from headscribe.lookups.neurons import choose_layers

    facts = checkpoint.facts
    layers = choose_layers(settings.layers, facts.n_layers)
    n_heads = min(layers) * facts.n_heads
    if n_heads < FEWEST_HEADS:
        do = f"Choose later layers: of fewer than {FEWEST_HEADS} heads none can stand out by two deviations"
        raise BadOption(f"only {n_heads} heads lie before layer {min(layers)}", where="--layers", do=do)
    return layers


def _check_described(describe_run: Path | None, run: Path, checkpoint: Checkpoint) -> None:
    """See that the descriptions beside the explanations are of this model.

    Raises:
        BadStore: they are not.
    """
    if describe_run is None and not (run / HEADER).is_file():
        return
    described = RunDir.open(describe_run or run)
    if described.header.model.weights_hash != checkpoint.weights_hash:
        what = f"this run describes another model, {described.header.model.name}"
        raise BadStore(what, where=described.path, do="Choose another folder with -o, or the run's own model")


def _stages(stop_after: Stage | None, settings: LookupSettings) -> tuple[Stage, ...]:
    last = STAGES.index(stop_after) if stop_after else len(STAGES) - 1
    return tuple(stage for stage in STAGES[: last + 1] if settings.ablate or stage != "ablation")
