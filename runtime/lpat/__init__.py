"""Finds when each action happens in a video, with a model that predicts its own threshold.

>>> from lpat import Localizer
>>> detections = Localizer("model.onnx").detect("video.mp4")

docs/api.md has the rest. The names below are the public ones; where they are defined may change.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Evaluation": "lpat.evaluation.average_precision",
    "FORMATS": "lpat.formats.registry",
    "PROTOCOLS": "lpat.evaluation.protocols",
    "Backbones": "lpat.backbones.search",
    "Detection": "lpat.types",
    "Detections": "lpat.types",
    "FeatureCache": "lpat.features.cache",
    "FeatureSpec": "lpat.types",
    "Features": "lpat.types",
    "LiveDetector": "lpat.live",
    "Localizer": "lpat.localizer",
    "LpatError": "lpat.errors",
    "PostProcessing": "lpat.segments.post_processing",
    "ProtocolOptions": "lpat.evaluation.protocols",
    "Scores": "lpat.types",
    "SeekableVideo": "lpat.video.seeking",
    "Video": "lpat.video.reader",
    "__version__": "lpat._version",
    "default_cache": "lpat.features.cache",
    "default_spec": "lpat.features.extractors",
    "detect": "lpat.segments.detect",
    "diagnose": "lpat.evaluation.error_analysis",
    "evaluate": "lpat.judging",
    "extract_features": "lpat.features.extraction",
    "leveled": "lpat.segments.level",
    "precision_recall_curves": "lpat.evaluation.precision_recall",
    "proposal_recall": "lpat.evaluation.proposal_recall",
    "read_annotations": "lpat.annotations.reading",
    "read_detections": "lpat.formats.detections",
    "shifted": "lpat.segments.level",
    "soften": "lpat.segments.suppression",
    "suppress": "lpat.segments.suppression",
}
"""Modules of the public names; each is loaded when first asked for, as `--help` needs none."""

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lpat' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
