"""Features that grow as a video is read."""

from __future__ import annotations

import numpy as np

from lpat.types import Features, FeatureSpec, Float32Array


class GrowingFeatures:
    """Rows of features so far. What was given out stays as it is."""

    def __init__(self, spec: FeatureSpec) -> None:
        self._spec = spec
        self._values = np.empty((256, spec.dimension), np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, rows: Float32Array) -> None:
        """Take rows (n, D); room is doubled, so that each is copied a few times at most."""
        count = self._count + len(rows)
        if count > len(self._values):
            values = np.empty((max(count, 2 * len(self._values)), self._spec.dimension), np.float32)
            values[: self._count] = self._values[: self._count]
            self._values = values
        self._values[self._count : count] = rows
        self._count = count

    def features(self, duration: float) -> Features:
        """All rows, without a copy, as the features of a video of `duration` seconds."""
        return Features(self._values[: self._count], self._spec, duration)
