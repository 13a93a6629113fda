"""When a description need not be asked for again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import ChatRequest, Sampling, content_hash
from headscribe.core.evidence import Evidence
from headscribe.core.parts import PartsMapping
from headscribe.core.plain import json_data
from headscribe.core.records import Mapping

if TYPE_CHECKING:
    from headscribe.agent.describers import Describer


def work_identity(describer: Describer, evidence: Evidence) -> str:
    """Hash of what determines the description of a head.

    That is the evidence, the template and its reply schema, the LLM's name, the sampling and the method with
    all it brings to an answer; not concurrency, timeouts, retries or the server's address. Nor where a reply
    is cut: who gives one that was cut more room shall not pay for the others again. Nor which tokens are
    common to many heads: that changes with every head mapped later, and no head is paid for twice.
    """
    evidence = replace(evidence, common=frozenset())
    return content_hash(
        {
            "evidence": [_plain(mapping) for mapping in evidence.mappings],
            "llm": describer.llm,
            "method": describer.method,
            "prompt_hash": describer.prompt_hash,
            "requests": [_without_limit(request).identity() for request in describer.requests(evidence)],
        }
        | _parts(evidence)
        | _method(describer, evidence)
    )


def _without_limit(request: ChatRequest) -> ChatRequest:
    """The request with the limit of replies that is the default."""
    return replace(request, sampling=replace(request.sampling, max_tokens=Sampling().max_tokens))


def _parts(evidence: Evidence) -> dict[str, Any]:
    """What is known of a head taken apart beside its rows; empty for others, so that their hashes stay."""
    if evidence.constant is None:
        return {}
    rows = [row for row in evidence.mappings if isinstance(row, PartsMapping)]
    return {
        "parts": json_data([evidence.constant, evidence.roles]),
        "rows": [
            [row.row_class, row.strengths, row.suppressed_strengths, [token.id for token in row.members]]
            for row in rows
        ],
    }


def _method(describer: Describer, evidence: Evidence) -> dict[str, Any]:
    """What a method beyond one prompt per head depends on; empty for that one, so that its hashes stay."""
    if describer.method_hash is None:
        return {}
    # Their sources stand for the rows, which follow from them, the model and the settings of the map.
    others = [[mapping.source.id for mapping in rows] for rows in evidence.others]
    return {"method_hash": describer.method_hash, "others": others}


def _plain(mapping: Mapping) -> list[Any]:
    # By hand: dataclasses.asdict takes ten times as long, and this runs for every head at every start.
    tokens = (mapping.source, *mapping.targets, *mapping.suppressed)
    numbers = (mapping.saliency, *mapping.logits, *mapping.suppressed_logits)
    shape = (mapping.rank, len(mapping.targets), len(mapping.suppressed))
    return [*shape, [[token.id, token.text] for token in tokens], numbers]
