"""How uncertain a model is of what a video shows: where it teaches most to look."""

from __future__ import annotations

from collections.abc import Mapping


def uncertainty(probabilities: Mapping[str, float]) -> float:
    """How far from 1/2 the label's probability is that lies nearest to it: 0 is most uncertain.

    Without probabilities it is 1, more than any.
    """
    return min((abs(p - 0.5) for p in probabilities.values()), default=1.0)
