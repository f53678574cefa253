"""Statistics of flow by the C++ core: made-up motion, and the same as NumPy gives."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.runtime.motion import naive_statistics as naive

from lpat.core import camera_motion, describe_motion, halve_flow, motion_instruction_sets
from lpat.motion.descriptors import BOUNDARIES, HOF, KINEMATICS, SPEED
from lpat.motion.flow import FASTEST, FRAME, dis
from lpat.types import Float32Array
from lpat.video.reader import Video


def floats(values: object) -> Float32Array:
    return np.array(values, np.float32)


def fields_of(coefficients: Float32Array) -> Float32Array:
    """Fields (F, 2, 60, 80) that are the camera's motion alone."""
    return first(naive.affine_field(coefficients, 60, 80))


def first(flow: Float32Array) -> Float32Array:
    """Axes 0 and 1 exchanged: fields first, or parts first."""
    return np.ascontiguousarray(flow.swapaxes(0, 1))


def drawn_fields(seed: int, count: int, height: int, width: int) -> Float32Array:
    """Smooth random motion (F, 2, H, W), and something that moves otherwise in it."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(2 * count, height, width)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(plane, (0, 0), 4) * 10 for plane in noise])
    fields = smooth.reshape(count, 2, height, width)
    fields[:, :, height // 5 : height // 2, width // 4 : width // 2] += floats([[[3]], [[-2]]])
    return fields


def close(actual: Float32Array, expected: Float32Array) -> None:
    """The same but for the rounding of sums, which is relative to the largest value."""
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


class TestCamera:
    def test_it_is_found_behind_a_large_object(self):
        coefficients = floats([[[1, 0.5, -0.2], [-2, 0.1, 0.3]]])
        fields = fields_of(coefficients)
        np.testing.assert_allclose(camera_motion(fields), coefficients, atol=0.1)
        fields[:, :, 20:50, 30:70] += floats([[[[5]], [[-4]]]])  # a quarter of the field
        np.testing.assert_allclose(camera_motion(fields), coefficients, atol=0.3)

    def test_it_alone_is_no_motion(self):
        cells, *_ = describe_motion(fields_of(floats([[[2, 0, 0], [1, 0, 0]]])), 3, 4)
        np.testing.assert_allclose(cells[..., HOF], 0, atol=1e-5)

    @pytest.mark.parametrize("value", [0, -3, 0.7])
    def test_of_a_field_of_one_value_it_is_that_value(self, value: float):
        camera = camera_motion(np.full((1, 2, 17, 9), value, np.float32))
        np.testing.assert_allclose(camera, [[[value, 0, 0]] * 2], atol=1e-5)


class TestTwin:
    @pytest.mark.parametrize(("height", "width"), [(60, 80), (8, 8), (9, 64), (33, 50)])
    @pytest.mark.parametrize(("rows", "columns"), [(3, 4), (1, 1), (5, 2), (16, 16)])
    def test_statistics_of_drawn_motion_are_numpys(
        self, height: int, width: int, rows: int, columns: int
    ):
        fields = drawn_fields(height + rows, 3, height, width)
        found = describe_motion(fields, rows, columns)
        for actual, expected in zip(
            found, naive.describe_motion(first(fields), rows, columns), strict=True
        ):
            close(actual, expected)

    def test_statistics_of_real_flow_are_numpys(self, shared_data: Path):
        frames = []
        with Video.open(shared_data / "clips" / "arm_wrestling.mp4") as video:
            for frame in video:
                frames.append(frame.gray(FRAME))
                if len(frames) == 20:
                    break
        pairs = pairwise(frames)
        moved = [halve_flow(dis(*pair), scale_x=1, scale_y=1, limit=FASTEST) for pair in pairs]
        found = describe_motion(np.stack(moved), 3, 4)
        expected = naive.describe_motion(np.stack(moved, axis=1), 3, 4)
        for one, other in zip(found, expected, strict=True):
            close(one, other)

    def test_what_is_not_asked_for_is_zero_and_changes_nothing_else(self):
        fields = drawn_fields(0, 2, 60, 80)
        everything = describe_motion(fields, 3, 4)
        less = describe_motion(fields, 3, 4, boundaries=False, kinematics=False, centred=False)
        cells = everything[0].copy()
        assert cells[..., BOUNDARIES].any()
        assert cells[..., KINEMATICS].any()
        cells[..., BOUNDARIES] = cells[..., KINEMATICS] = 0
        np.testing.assert_array_equal(less[0], cells)
        np.testing.assert_array_equal(less[1], 0)
        for one, other in zip(less[2:], everything[2:], strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_field_is_described_alike_alone(self):
        fields = drawn_fields(1, 5, 60, 80)
        together = describe_motion(fields, 3, 4)
        for number in range(5):
            alone = describe_motion(fields[number : number + 1], 3, 4)
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one[0], other[number])

    @pytest.mark.parametrize(("height", "width"), [(60, 80), (17, 33)])
    def test_instruction_sets_give_the_same_bits(self, height: int, width: int):
        fields = drawn_fields(2, 2, height, width)
        flow = np.random.default_rng(0).normal(size=(2 * height, 2 * width, 2))
        flow = (20 * flow).astype(np.float32)
        portable = describe_motion(fields, 3, 4, instruction_set="portable")
        scaling = {"scale_x": 1.5, "scale_y": 0.7, "limit": 25.0}
        halved = halve_flow(flow, **scaling, instruction_set="portable")
        camera = camera_motion(fields, instruction_set="portable")
        np.testing.assert_array_equal(camera.reshape(2, 6), portable[2])
        for name in motion_instruction_sets():
            for one, other in zip(
                describe_motion(fields, 3, 4, instruction_set=name), portable, strict=True
            ):
                np.testing.assert_array_equal(one, other)
            np.testing.assert_array_equal(halve_flow(flow, **scaling, instruction_set=name), halved)

    def test_no_field_has_no_statistics(self):
        shapes = [
            part.shape for part in describe_motion(np.empty((0, 2, 60, 80), np.float32), 3, 4)
        ]
        assert shapes == [(0, 12, 36), (0, 9, 8), (0, 6), (0, 7)]

    def test_values_that_are_no_numbers_end_in_such(self):
        fields = drawn_fields(3, 1, 60, 80)
        fields[0, 0] = np.nan
        assert np.isnan(describe_motion(fields, 3, 4)[0][..., SPEED]).all()


class TestHalves:
    def test_pixels_are_means_of_four_scaled_then_limited(self):
        flow = np.arange(48, dtype=np.float32).reshape(4, 6, 2)
        expected = flow.reshape(2, 2, 3, 2, 2).mean(axis=(1, 3)) * (2, 0.5)
        found = halve_flow(flow, scale_x=2, scale_y=0.5, limit=30)
        np.testing.assert_allclose(found, np.minimum(expected, 30).transpose(2, 0, 1), rtol=1e-6)

    def test_too_much_is_limited_and_no_number_is_zero(self):
        flow = np.zeros((2, 8, 2), np.float32)
        flow[0, ::2, 0] = (1e9, -np.inf, np.nan, np.inf)
        flow[1, 6, 0] = -np.inf
        found = halve_flow(flow, scale_x=1, scale_y=1, limit=30)
        np.testing.assert_array_equal(found[0, 0], [30, -30, 0, 0])
        np.testing.assert_array_equal(found[1], 0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: camera_motion(np.zeros((1, 2, 60, 80))), TypeError, "must be float32"),  # pyright: ignore
        (
            lambda: camera_motion(np.zeros((2, 60, 80), np.float32)),
            ValueError,
            "must be 4D, not 3D",
        ),
        (
            lambda: camera_motion(np.zeros((1, 3, 60, 80), np.float32)),
            ValueError,
            "not have 3 parts",
        ),
        (
            lambda: describe_motion(np.zeros((1, 2, 7, 80), np.float32), 3, 4),
            ValueError,
            "fields must be at least 8 x 8, not 80 x 7",
        ),
        (
            lambda: describe_motion(np.zeros((1, 2, 60, 80), np.float32), 0, 4),
            ValueError,
            "rows must be at least 1, not 0",
        ),
        (
            lambda: describe_motion(np.zeros((1, 2, 60, 80), np.float32), 3, 4, still=0),
            ValueError,
            "still must be positive and finite",
        ),
        (
            lambda: camera_motion(np.zeros((1, 2, 60, 80), np.float32), instruction_set="mmx"),
            ValueError,
            "instruction_set must be one of 'portable'.*, not 'mmx'",
        ),
        (
            lambda: halve_flow(np.zeros((4, 3, 2), np.float32), scale_x=1, scale_y=1, limit=1),
            ValueError,
            "flow must have even height and width, not 3 x 4",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        call()
