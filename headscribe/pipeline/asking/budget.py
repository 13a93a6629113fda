"""What calls cost: the price, what a run may still spend, and what calls have spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption
from headscribe.core.prices import Price
from headscribe.core.settings import AskSettings
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.budget import Amount, Budget
    from headscribe.agent.llm.spec import LLMSpec


def known_price(spec: LLMSpec, settings: AskSettings) -> Price | None:
    """What the LLM charges.

    Raises:
        BadOption: nobody has said, and ``max_cost`` needs it; or the user's price file is wrong.
    """
    from headscribe.agent.prices import FILE, find_price
    from headscribe.core.places import user_config

    price = find_price(spec, settings.price)
    if price is None and settings.max_cost is not None:
        raise BadOption(
            f"no price is known for {spec.name}",
            where="--max-cost",
            do=f"Give --price IN,OUT in US dollars per million tokens, or add it to {user_config() / FILE}; "
            "--max-tokens needs no price",
        )
    return price


def run_budget(settings: AskSettings, price: Price | None, journal: Journal, llm: str) -> Budget | None:
    """What calls to an LLM may take, less what their journal says they have; None without a limit."""
    from headscribe.agent.budget import Budget

    if settings.max_cost is None and settings.max_tokens is None:
        return None
    spent = spent_before(journal, price)
    return Budget(
        max_tokens=settings.max_tokens,
        max_cost=settings.max_cost,
        price=price,
        spent=spent,
        lengths=journal.reply_lengths(llm),
    )


def spent_before(journal: Journal, price: Price | None) -> Amount:
    """What all calls of a journal took; those made when no price was known count at today's price."""
    from headscribe.agent.budget import Amount

    totals = journal.totals()
    paid, sent, received = journal.spent()
    cost = paid + (price.of(sent, received) if price else 0.0)
    return Amount(totals.prompt_tokens + totals.completion_tokens, cost)
