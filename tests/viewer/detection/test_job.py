"""Features that grow: what was given out stays, whatever comes later."""

import numpy as np
import pytest

from lpat.errors import FeatureError
from lpat.types import FeatureSpec
from lpat_viewer.detection.job import GrowingFeatures

SPEC = FeatureSpec("motion", 1, {}, 3)


def test_rows_come_together_whatever_their_pieces() -> None:
    rows = np.random.default_rng(0).random((2000, 3), dtype=np.float32)
    growing = GrowingFeatures(SPEC)
    given = []
    for start, stop in ((0, 1), (1, 256), (256, 257), (257, 1500), (1500, 2000)):
        growing.append(rows[start:stop])
        assert len(growing) == stop
        given.append(growing.features(stop * SPEC.snippet_seconds))
    for features in given:
        np.testing.assert_array_equal(features.values, rows[: len(features)])
    assert given[-1].edges[-1] == pytest.approx(2000 * 0.64)


def test_without_rows_there_are_no_features() -> None:
    with pytest.raises(FeatureError, match="at least one snippet"):
        GrowingFeatures(SPEC).features(1.0)
