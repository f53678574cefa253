"""Arguments of what takes a video's scores, for the curve of a single class."""

from __future__ import annotations

from typing import Any

import numpy as np


def of_one_class(curve: Any, **changes: Any) -> dict[str, Any]:
    """By default with threshold 0, snippets of one second and ends at snippets."""
    scores = np.asarray(curve, np.float32)[:, None]
    arguments: dict[str, Any] = {
        "scores": scores,
        "threshold": np.zeros(len(scores), np.float32),
        "edges": np.arange(len(scores) + 1.0),
        "classes": np.zeros(1, np.int64),
        "boundary": "snippet",
    }
    return arguments | changes
