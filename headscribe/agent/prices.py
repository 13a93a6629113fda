"""Which price goes with an LLM: the user's own word, their own file, or the table of the package."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.errors import BadOption
from headscribe.core.places import user_config
from headscribe.core.prices import NO_CHARGE, Price

FILE = "prices.toml"
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
_NUMBERS = ("input", "output", "cached")


def find_price(spec: LLMSpec, given: tuple[float, float] | None = None) -> Price | None:
    """What an LLM charges, None where nobody has said.

    Args:
        spec: the LLM. ``vllm:`` and ``fake`` run on this machine, where no one charges for tokens.
        given: dollars per million tokens sent and received, as ``--price`` gives them: comes before all else.

    Raises:
        BadOption: the user's own file of prices cannot be read.
    """
    if given:
        return Price(*given, source="--price")
    if spec.kind in {"rules", "fake", "vllm"}:
        return NO_CHARGE
    provider = {"openai": "openai", "server": "server"}.get(spec.kind, spec.provider or "")
    for table in (_own(user_config() / FILE), shipped_prices()):
        models = table.get(provider, {})
        for name in (spec.model, _DATED.sub("", spec.model)):
            if name in models and not _has_ended(models[name]):
                return models[name]
    return None


def _has_ended(price: Price) -> bool:
    """Whether a price was announced to end, and has: what came after it is not known."""
    return bool(price.until) and price.until < datetime.now(tz=UTC).date().isoformat()


def parse_prices(text: str, where: str) -> dict[str, dict[str, Price]]:
    """Prices by provider and model, from the text of a ``prices.toml``.

    Raises:
        BadOption: not TOML, or an entry without the two numbers that are needed; names it.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadOption(f"the price file is not TOML: {problem}", where=where, do="Correct it") from None
    return {
        provider: {model: _price(entry, f'{where}, {provider}."{model}"') for model, entry in models.items()}
        for provider, models in table.items()
        if isinstance(models, dict)
    }


def _price(entry: Any, where: str) -> Price:
    do = "Give input and output, and cached if it differs, in US dollars per million tokens"
    known = {*_NUMBERS, "as_of", "source", "until"}
    if not isinstance(entry, dict) or not {"input", "output"} <= set(entry) <= known:
        raise BadOption("a price is not complete, or has unknown keys", where=where, do=do)
    numbers = [entry[name] for name in _NUMBERS if name in entry]
    if any(type(number) not in {int, float} or not 0 <= number < float("inf") for number in numbers):
        raise BadOption("a price is no number of at least 0", where=where, do=do)
    return Price(
        input=float(entry["input"]),
        output=float(entry["output"]),
        cached=float(entry["cached"]) if "cached" in entry else None,
        as_of=str(entry.get("as_of", "")),
        source=str(entry.get("source", where)),
        until=str(entry.get("until", "")),
    )


def _own(path: Path) -> dict[str, dict[str, Price]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise BadOption(f"the price file cannot be read: {problem}", where=path, do="Correct it") from None
    return parse_prices(text, str(path))


@cache
def shipped_prices() -> dict[str, dict[str, Price]]:
    """The package's own table: prices by provider and model."""
    return parse_prices(files("headscribe.agent").joinpath("data", FILE).read_text(encoding="utf-8"), FILE)
