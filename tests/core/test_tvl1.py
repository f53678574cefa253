"""TV-L1 flow: made-up motion, OpenCV's flow, real clips, threads and errors."""

import threading
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lpat.core import tvl1, tvl1_instruction_sets


def moving(count: int = 3, step: tuple[float, float] = (2.0, -1.0), size=(96, 72)) -> np.ndarray:
    """Frames (N, H, W) of a smooth random texture that moves by (dx, dy) from each to the next."""
    width, height = size
    noise = np.random.default_rng(0).normal(size=(height + 80, width + 80)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    texture = 20 + 215 * (smooth - smooth.min()) / np.ptp(smooth)
    frames = []
    for time in range(count):
        across, down = 40 - time * step[0], 40 - time * step[1]
        matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(texture, matrix, size, flags=flags))
    return np.stack(frames).round().astype(np.uint8)


def opencv_flow(frames: np.ndarray) -> np.ndarray:
    solver = cv2.optflow.DualTVL1OpticalFlow_create()  # pyright: ignore
    flows = [solver.calc(*pair, None) for pair in pairwise(frames)]
    return np.stack(flows).transpose(0, 3, 1, 2)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean endpoint error of flows (N, 2, H, W), in pixels."""
    return float(np.hypot(*(one - other).transpose(1, 0, 2, 3)).mean())


@pytest.mark.parametrize("step", [(2.0, -1.0), (-0.5, 0.25), (6.0, 3.0)])
def test_a_moved_texture_moves_so(step: tuple[float, float]) -> None:
    flow = tvl1(moving(step=step))
    assert flow.shape == (2, 2, 72, 96)
    assert flow.dtype == np.float32
    inner = flow[:, :, 12:-12, 12:-12]
    np.testing.assert_allclose(np.median(inner, axis=(0, 2, 3)), step, atol=0.05)


@pytest.mark.parametrize("step", [(0.0, 0.0), (2.0, -1.0), (-0.5, 0.25), (6.0, 3.0)])
def test_it_is_opencvs_flow(step: tuple[float, float]) -> None:
    if step == (6.0, 3.0) and int(cv2.__version__.split(".")[0]) < 5:
        pytest.skip("OpenCV 4 has another flow of large steps")
    frames = moving(step=step)
    assert distance(tvl1(frames), opencv_flow(frames)) < 0.05


@pytest.mark.parametrize("size", [(16, 16), (17, 64), (64, 19), (33, 48)])
def test_it_is_opencvs_flow_at_other_sizes(size: tuple[int, int]) -> None:
    frames = moving(2, (0.6, 0.4), size)
    assert distance(tvl1(frames), opencv_flow(frames)) < 0.05


@pytest.mark.parametrize("name", ["arm_wrestling.mp4", "v_GGSY1Qvo990.mp4"])
def test_real_clips_have_opencvs_flow(shared_data: Path, name: str) -> None:
    frames = []
    with av.open(str(shared_data / "clips" / name)) as container:
        for picture in container.decode(video=0):
            frames.append(cv2.resize(picture.to_ndarray(format="gray"), (160, 120)))
            if len(frames) == 12:
                break
    chosen = np.stack(frames[::4])
    ours, reference = tvl1(chosen), opencv_flow(chosen)
    assert distance(ours, reference) < 0.1
    levels = [np.rint(255 * (np.clip(flow, -20, 20) + 20) / 40) for flow in (ours, reference)]
    assert (np.abs(levels[0] - levels[1]) <= 1).mean() > 0.95


def test_instruction_sets_and_threads_give_the_same_bits() -> None:
    frames = moving(19)
    expected = tvl1(frames, threads=1, instruction_set="portable")
    for name in tvl1_instruction_sets():
        np.testing.assert_array_equal(tvl1(frames, threads=2, instruction_set=name), expected)


def test_warm_starts_do_not_depend_on_threads() -> None:
    frames = moving(35, (1.0, 0.5), (48, 40))
    one = tvl1(frames, warm_start=True, threads=1)
    np.testing.assert_array_equal(tvl1(frames, warm_start=True, threads=3), one)
    cold = tvl1(frames)
    assert not np.array_equal(one, cold)
    np.testing.assert_array_equal(one[[0, 16, 32]], cold[[0, 16, 32]])
    assert distance(one, cold) < 0.1


def test_other_threads_run_meanwhile() -> None:
    frames, ticks, done = moving(9, size=(320, 240)), [], threading.Event()

    def compute() -> None:
        tvl1(frames, threads=1)
        done.set()

    worker = threading.Thread(target=compute)
    worker.start()
    while not done.wait(0.001):
        ticks.append(None)
    worker.join()
    assert len(ticks) > 3


@pytest.mark.parametrize(
    ("frames", "error", "message"),
    [
        (np.zeros((2, 16, 16), np.float32), TypeError, "frames must be uint8, not float32"),
        (np.zeros((16, 16), np.uint8), ValueError, "frames must be 3D, not 2D"),
        (np.zeros((2, 16, 32), np.uint8)[:, :, ::2], ValueError, "must be C-contiguous"),
        (np.zeros((1, 16, 16), np.uint8), ValueError, "frames must be at least 2, not 1"),
        (np.zeros((0, 16, 16), np.uint8), ValueError, "frames must be at least 2, not 0"),
        (np.zeros((2, 12, 16), np.uint8), ValueError, "at least 16 x 16 pixels, not 16 x 12"),
    ],
)
def test_frames_that_do_not_fit_are_refused(
    frames: np.ndarray, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        tvl1(frames)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": 0}, "scales must be at least 1, not 0"),
        ({"warps": -1}, "warps must be at least 0, not -1"),
        ({"factor": 1.0}, "factor must be between 0 and 1, not 1.0"),
        ({"lambda_": 0.0}, "lambda must be positive and finite, not 0.0"),
        ({"tau": float("nan")}, "tau must be positive and finite, not nan"),
        ({"epsilon": -0.01}, "epsilon must be positive"),
        ({"threads": -1}, "threads must be at least 0, not -1"),
        ({"instruction_set": "mmx"}, "instruction_set must be one of 'portable'.*, not 'mmx'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tvl1(moving(2), **options)  # pyright: ignore[reportArgumentType]
