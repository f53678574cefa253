# The public names for type checkers: in Python each is loaded when first asked for.

from lpat._version import __version__
from lpat.annotations.reading import read_annotations
from lpat.backbones.search import Backbones
from lpat.errors import LpatError
from lpat.evaluation.average_precision import Evaluation
from lpat.evaluation.error_analysis import diagnose
from lpat.evaluation.precision_recall import precision_recall_curves
from lpat.evaluation.proposal_recall import proposal_recall
from lpat.evaluation.protocols import PROTOCOLS, ProtocolOptions
from lpat.features.cache import FeatureCache, default_cache
from lpat.features.extraction import extract_features
from lpat.features.extractors import default_spec
from lpat.formats.detections import read_detections
from lpat.formats.registry import FORMATS
from lpat.judging import evaluate
from lpat.live import LiveDetector
from lpat.localizer import Localizer
from lpat.segments.detect import detect
from lpat.segments.level import leveled, shifted
from lpat.segments.post_processing import PostProcessing
from lpat.segments.suppression import soften, suppress
from lpat.types import Detection, Detections, Features, FeatureSpec, Scores
from lpat.video.reader import Video
from lpat.video.seeking import SeekableVideo

__all__ = [
    "FORMATS",
    "PROTOCOLS",
    "Backbones",
    "Detection",
    "Detections",
    "Evaluation",
    "FeatureCache",
    "FeatureSpec",
    "Features",
    "LiveDetector",
    "Localizer",
    "LpatError",
    "PostProcessing",
    "ProtocolOptions",
    "Scores",
    "SeekableVideo",
    "Video",
    "__version__",
    "default_cache",
    "default_spec",
    "detect",
    "diagnose",
    "evaluate",
    "extract_features",
    "leveled",
    "precision_recall_curves",
    "proposal_recall",
    "read_annotations",
    "read_detections",
    "shifted",
    "soften",
    "suppress",
]
