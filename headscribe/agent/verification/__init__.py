"""Testing a description: questions to a reader who knows nothing else, and what the answers are worth."""

from headscribe.agent.verification.confidence import Answer, measure
from headscribe.agent.verification.items import CHOICES, ReaderItem, make_items
from headscribe.agent.verification.judging import Judge

__all__ = ["CHOICES", "Answer", "Judge", "ReaderItem", "make_items", "measure"]
