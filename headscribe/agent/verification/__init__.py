"""Testing a description: questions to a reader with and without it, and what it adds."""

from headscribe.agent.verification.drawing import BATCH, make_intruders, make_items
from headscribe.agent.verification.items import CHOICES, ReaderItem
from headscribe.agent.verification.judging import NULL, Judge, Reading
from headscribe.agent.verification.lift import Answer, Lift, Pair, intruders_of, measure

__all__ = [
    "BATCH",
    "CHOICES",
    "NULL",
    "Answer",
    "Judge",
    "Lift",
    "Pair",
    "ReaderItem",
    "Reading",
    "intruders_of",
    "make_intruders",
    "make_items",
    "measure",
]
