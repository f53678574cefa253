"""Finds when each action happens in a video, with a model that predicts its own threshold."""

from lpat.errors import LpatError

__all__ = ["LpatError", "__version__"]
__version__ = "0.1.0"
