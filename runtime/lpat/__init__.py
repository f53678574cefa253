"""Finds when each action happens in a video, with a model that predicts its own threshold.

>>> from lpat import Localizer
>>> detections = Localizer("model.onnx").detect("video.mp4")

docs/api.md has the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lpat._version import __version__
from lpat.errors import LpatError

if TYPE_CHECKING:
    from lpat.features.cache import FeatureCache
    from lpat.live import LiveDetector
    from lpat.localizer import Localizer
    from lpat.types import Detection, Detections, Features, FeatureSpec, Scores

__all__ = [
    "Detection",
    "Detections",
    "FeatureCache",
    "FeatureSpec",
    "Features",
    "LiveDetector",
    "Localizer",
    "LpatError",
    "Scores",
    "__version__",
]
# Loaded when first asked for: a command that prints its help needs none of them.
_HOMES = {
    "Detection": "lpat.types",
    "Detections": "lpat.types",
    "FeatureCache": "lpat.features.cache",
    "FeatureSpec": "lpat.types",
    "Features": "lpat.types",
    "LiveDetector": "lpat.live",
    "Localizer": "lpat.localizer",
    "Scores": "lpat.types",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lpat' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
