"""Flow methods behind one function, frames of one size, and eight bits of flow."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from lpat.backbones.flow import FlowMethod, flow_between, quantised
from lpat.core import tvl1
from lpat.errors import FeatureError, UsageError


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """A texture that moves by (2, 1) pixels."""
    noise = np.random.default_rng(1).random((120, 140)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    texture = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    return np.stack([texture[30 - t : 94 - t, 40 - 2 * t : 120 - 2 * t] for t in range(4)])


@pytest.mark.parametrize("method", ["tvl1", "tvl1-opencv", "dis"])
def test_each_method_sees_the_motion(frames: np.ndarray, method: FlowMethod) -> None:
    flow = flow_between(frames, method)
    assert flow.shape == (3, 2, 64, 80)
    assert flow.dtype == np.float32
    np.testing.assert_allclose(np.median(flow, axis=(0, 2, 3)), (2, 1), atol=0.1)


@pytest.mark.parametrize("method", ["tvl1", "tvl1-opencv", "dis"])
def test_threads_change_nothing(frames: np.ndarray, method: FlowMethod) -> None:
    one = flow_between(frames, method, threads=1)
    np.testing.assert_array_equal(flow_between(frames, method, threads=3), one)


def test_ours_is_the_cores_and_opencvs_is_opencvs(frames: np.ndarray) -> None:
    np.testing.assert_array_equal(flow_between(frames, "tvl1"), tvl1(frames.copy()))
    solver = cv2.optflow.DualTVL1OpticalFlow_create()  # pyright: ignore
    reference = solver.calc(frames[0], frames[1], None).transpose(2, 0, 1)
    np.testing.assert_array_equal(flow_between(frames[:2], "tvl1-opencv")[0], reference)


@pytest.mark.parametrize("method", ["tvl1", "dis"])
def test_one_frame_has_no_flow(frames: np.ndarray, method: FlowMethod) -> None:
    assert flow_between(frames[:1], method).shape == (0, 2, 64, 80)


def test_another_method_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(UsageError, match="expected one of tvl1, tvl1-opencv, dis, not 'farneback'"):
        flow_between(frames, "farneback")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 20, 20, 3), np.uint8), r"expected uint8 of shape \(N, H, W\), not uint8 of"),
        (np.zeros((2, 20, 20)), "not float64 of"),
        (np.zeros((2, 20, 15), np.uint8), "at least 16 x 16 pixels, not 15 x 20"),
    ],
)
def test_frames_that_do_not_fit_are_refused(frames: np.ndarray, message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        flow_between(frames, "dis")


def test_eight_bits_of_flow() -> None:
    flow = np.array([-99, -20, -10, 0, 0.1, 20 * 2 / 255, 10, 20, 99], np.float32)
    np.testing.assert_array_equal(quantised(flow), [0, 0, 64, 128, 128, 128, 191, 255, 255])
    np.testing.assert_array_equal(quantised(flow, 10)[[2, 3, 6]], [0, 128, 255])
    assert quantised(flow.reshape(1, 3, 3)).shape == (1, 3, 3)


@pytest.mark.parametrize("bound", [0.0, -1.0, float("inf"), float("nan")])
def test_a_bound_that_bounds_nothing_is_refused(bound: float) -> None:
    with pytest.raises(UsageError, match="bound of flow: expected a positive number"):
        quantised(np.zeros(1, np.float32), bound)


def test_opencv_is_loaded_only_where_it_is_asked_for() -> None:
    code = (
        "import sys, numpy as np; from lpat.backbones.flow import flow_between\n"
        "flow_between(np.zeros((2, 16, 16), np.uint8), 'tvl1'); print('cv2' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
