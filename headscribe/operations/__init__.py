"""Named lists of (source, target) word pairs: the paper's twenty, more of the kind, and anybody's own."""

from headscribe.core.settings import MIN_PAIRS as MIN_PAIRS
from headscribe.operations.loading import builtin_operations as builtin_operations
from headscribe.operations.loading import load_operations as load_operations
from headscribe.operations.loading import with_builtin as with_builtin
from headscribe.operations.operation import CATEGORIES as CATEGORIES
from headscribe.operations.operation import Operation as Operation
from headscribe.operations.rules import K_RULE as K_RULE
from headscribe.operations.rules import PAIR_RULE as PAIR_RULE
from headscribe.operations.rules import is_copying as is_copying
from headscribe.operations.rules import k_for as k_for
from headscribe.operations.rules import single_token_pairs as single_token_pairs
from headscribe.operations.rules import valid as valid
