"""What the scores of one map, or of several, say of whole models (docs/compare.md): numpy only, no torch."""

from headscribe.eval.compare.known_heads import KnownModel as KnownModel
from headscribe.eval.compare.known_heads import known_models as known_models
from headscribe.eval.compare.known_heads import recognise as recognise
from headscribe.eval.compare.known_heads import recovery as recovery
from headscribe.eval.compare.model_profile import model_profile as model_profile
from headscribe.eval.compare.score_table import ScoreTable as ScoreTable
from headscribe.eval.compare.score_table import score_table as score_table
from headscribe.eval.compare.sharing import group_sharing as group_sharing
from headscribe.eval.compare.similarity import similarity as similarity
from headscribe.eval.compare.universality import universality as universality
