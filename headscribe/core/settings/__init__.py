"""The settings of every feature, as validated records.

A field's ``Option`` is its documentation, and what the command line makes an option of.
"""

from headscribe.core.settings.check import CheckSettings as CheckSettings
from headscribe.core.settings.check import read_views as read_views
from headscribe.core.settings.describe import ASKING as ASKING
from headscribe.core.settings.describe import CANDIDATE_TEMPERATURE as CANDIDATE_TEMPERATURE
from headscribe.core.settings.describe import JUDGING as JUDGING
from headscribe.core.settings.describe import MAPPING as MAPPING
from headscribe.core.settings.describe import MIN_PAIRS as MIN_PAIRS
from headscribe.core.settings.describe import RELATION_HEAD as RELATION_HEAD
from headscribe.core.settings.describe import RUNNING as RUNNING
from headscribe.core.settings.describe import TESTING as TESTING
from headscribe.core.settings.describe import TEXTS as TEXTS
from headscribe.core.settings.describe import VIEW as VIEW
from headscribe.core.settings.describe import Arithmetic as Arithmetic
from headscribe.core.settings.describe import AskSettings as AskSettings
from headscribe.core.settings.describe import DescribeSettings as DescribeSettings
from headscribe.core.settings.describe import Device as Device
from headscribe.core.settings.describe import Dtype as Dtype
from headscribe.core.settings.describe import EngineName as EngineName
from headscribe.core.settings.describe import MapSettings as MapSettings
from headscribe.core.settings.describe import MapView as MapView
from headscribe.core.settings.describe import Method as Method
from headscribe.core.settings.describe import Norms as Norms
from headscribe.core.settings.describe import PaddedRows as PaddedRows
from headscribe.core.settings.describe import RankBy as RankBy
from headscribe.core.settings.describe import Seed as Seed
from headscribe.core.settings.describe import SourceView as SourceView
from headscribe.core.settings.describe import Stage as Stage
from headscribe.core.settings.describe import read_k as read_k
from headscribe.core.settings.evaluate import EvaluateSettings as EvaluateSettings
from headscribe.core.settings.evaluate import read_threshold as read_threshold
from headscribe.core.settings.lookups import LookupSettings as LookupSettings
from headscribe.core.settings.lookups import TextSettings as TextSettings
from headscribe.core.settings.people import StudySettings as StudySettings
from headscribe.core.settings.steer import SteerSettings as SteerSettings
