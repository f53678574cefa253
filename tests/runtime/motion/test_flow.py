from __future__ import annotations

import numpy as np
import pytest
from tests.runtime.motion.test_extractor import GROUND, patch_moving, texture, ticks

from lpat.motion.descriptors import RASTER
from lpat.motion.extractor import MotionExtractor
from lpat.motion.flow import FASTEST, FRAME, PairFlow, dis, flow_fields
from lpat.types import Float32Array
from lpat.video.frame import UInt8Array


def everywhere(x: float, y: float) -> PairFlow:
    """The same flow for any pair."""
    return lambda last, _: np.full((*last.shape, 2), (x, y), np.float32)


class TestPairFlow:
    def test_it_is_given_each_frame_and_the_one_before_of_one_size(self):
        seen: list[tuple[UInt8Array, UInt8Array]] = []

        def recorded(last: UInt8Array, image: UInt8Array) -> Float32Array:
            seen.append((last, image))
            return dis(last, image)

        drawn = ticks(lambda index: np.full((240, 320, 3), index, np.uint8), 5)
        fields = list(flow_fields(drawn, appearance=False, pair_flow=recorded))
        assert [field.known for field in fields] == [False, True, True, True, True]
        assert {image.shape for pair in seen for image in pair} == {FRAME[::-1]}
        pairs = sorted((int(last[0, 0]), int(image[0, 0])) for last, image in seen)
        assert pairs == [(0, 1), (1, 2), (2, 3), (3, 4)]

    @pytest.mark.parametrize(
        ("height", "width", "expected"),
        [
            (120, 160, (2, -1)),
            (240, 320, (2, -1)),  # the unit is of a short side of 120, whatever the size
            (120, 320, (4, -1)),  # reduced to half along x alone
            (320, 120, (1.5, -320 / 120)),
        ],
    )
    def test_its_pixels_are_stretched_to_the_picture(
        self, height: int, width: int, expected: tuple[float, float]
    ):
        shown = texture(height, width)
        _, field = flow_fields(
            ticks(lambda _: shown, 2), appearance=False, pair_flow=everywhere(2, -1)
        )
        assert field.flow.shape == (2, *RASTER[::-1])
        np.testing.assert_allclose(field.flow[0], expected[0], rtol=1e-6)
        np.testing.assert_allclose(field.flow[1], expected[1], rtol=1e-6)

    def test_too_fast_is_clipped_and_no_number_is_rest(self):
        for value, expected in ((1e6, FASTEST), (-np.inf, -FASTEST), (np.nan, 0)):
            _, field = flow_fields(
                ticks(lambda _: GROUND, 2), appearance=False, pair_flow=everywhere(value, 0)
            )
            np.testing.assert_array_equal(field.flow[0], expected)

    def test_by_default_it_is_what_the_extractor_describes(self):
        extractor = MotionExtractor()
        spec = extractor.spec(stride=8)
        own = list(extractor.extract(ticks(patch_moving((2, 1)), 40), spec))
        for pair_flow, same in ((dis, True), (everywhere(1, 0), False)):
            fields = flow_fields(
                ticks(patch_moving((2, 1)), 40), appearance=False, pair_flow=pair_flow
            )
            assert np.array_equal(own, list(extractor.features_of(fields, spec))) == same
