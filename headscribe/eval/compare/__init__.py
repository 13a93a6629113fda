"""What the scores of one map, or of several, say of whole models (docs/compare.md): numpy only, no torch."""

from headscribe.eval.compare.known_heads import KnownModel, known_models, recognise, recovery
from headscribe.eval.compare.model_profile import model_profile
from headscribe.eval.compare.score_table import ScoreTable, score_table
from headscribe.eval.compare.sharing import group_sharing
from headscribe.eval.compare.similarity import similarity
from headscribe.eval.compare.universality import universality

__all__ = [
    "KnownModel",
    "ScoreTable",
    "group_sharing",
    "known_models",
    "model_profile",
    "recognise",
    "recovery",
    "score_table",
    "similarity",
    "universality",
]
