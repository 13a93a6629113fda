"""What determines each stage of look-ups, and which stages are to be made."""

from __future__ import annotations

from typing import Any

from headscribe.core.errors import BadStore
from headscribe.core.settings import Stage
from headscribe.pipeline.lookups.request import ASKED, LookupsRequest
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookups_header import AFTER


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
        changed = _changed(done.inputs, stage_inputs(request, stage))
        after = found.done(before) if before else None
        if not changed and done.after == (after.identity if after else ""):
            continue
        changed = changed or f"the stage {before} was made again"
        if stage not in ASKED and not request.force:
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


def stage_inputs(request: LookupsRequest, stage: Stage) -> dict[str, Any]:
    """What determines a stage's tables beside the stage before, as plain data."""
    from headscribe.lookups.attribution import DEVIATIONS, EXPLAINED_SHARE
    from headscribe.lookups.truncation import KEPT_SHARE, TOO_LONG

    settings = request.settings
    dtype = "float32" if settings.dtype == "auto" else settings.dtype
    if stage == "neurons":
        return {
            "weights": request.checkpoint.weights_hash,
            "tokenizer": request.checkpoint.tokenizer_hash,
            "layers": list(request.layers),
            "neurons_per_layer": settings.neurons_per_layer,
            "baseline": settings.baseline,
            "seed": settings.seed if settings.baseline == "random" else None,
        }
    if stage == "prompts":
        counts = {"explain_prompts": settings.explain_prompts, "score_prompts": settings.score_prompts}
        rules = {"kept_share": KEPT_SHARE, "too_long": TOO_LONG}
        return {"texts": request.texts_settings, "bos": settings.bos, "dtype": dtype, **counts, **rules}
    if stage == "explanations":
        return _asked_inputs(request, "explain")
    if stage == "scores":
        return _asked_inputs(request, "classify")
    if stage == "heads":
        return {"deviations": DEVIATIONS, "explained_share": list(EXPLAINED_SHARE)}
    return {}


def _asked_inputs(request: LookupsRequest, question: str) -> dict[str, Any]:
    from headscribe.agent.lookups.asking import classifier, explainer
    from headscribe.agent.lookups.rules import RULES_VERSION

    if request.spec.kind == "rules":
        return {"llm": "rules", "rules": RULES_VERSION}
    template = explainer() if question == "explain" else classifier()
    asking = request.asking
    return {
        "llm": request.spec.name,
        "prompt": template.reference,
        "prompt_hash": template.hash,
        "temperature": asking.temperature,
        "max_reply_tokens": asking.max_reply_tokens,
    }
