"""DIS flow: made-up motion, OpenCV's flow, real clips, threads and errors."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lpat.core import dis, dis_instruction_sets, dis_of_pair


def moving(count: int = 3, step: tuple[float, float] = (2.0, -1.0), size=(160, 120)) -> np.ndarray:
    """Frames (N, H, W) of a smooth random texture that moves by (dx, dy) from each to the next."""
    width, height = size
    noise = np.random.default_rng(0).normal(size=(height + 80, width + 80)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    texture = 20 + 215 * (smooth - smooth.min()) / np.ptp(smooth)
    frames = []
    for time in range(count):
        across, down = 40 - time * step[0], 40 - time * step[1]
        matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(texture, matrix, size, flags=flags))
    return np.stack(frames).round().astype(np.uint8)


def opencv_flow(frames: np.ndarray, finest_scale: int = 1) -> np.ndarray:
    solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    solver.setFinestScale(finest_scale)
    flows = [solver.calc(*pair, None) for pair in pairwise(frames)]  # pyright: ignore
    return np.stack(flows).transpose(0, 3, 1, 2)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean endpoint error of flows (N, 2, H, W), in pixels."""
    return float(np.hypot(*(one - other).transpose(1, 0, 2, 3)).mean())


@pytest.mark.parametrize("step", [(2.0, -1.0), (-0.5, 0.25), (6.0, 3.0)])
def test_a_moved_texture_moves_so(step: tuple[float, float]) -> None:
    flow = dis(moving(step=step))
    assert flow.shape == (2, 2, 120, 160)
    assert flow.dtype == np.float32
    inner = flow[:, :, 16:-16, 16:-16]
    np.testing.assert_allclose(np.median(inner, axis=(0, 2, 3)), step, atol=0.05)


@pytest.mark.parametrize("step", [(0.0, 0.0), (2.0, -1.0), (-0.5, 0.25), (6.0, 3.0), (15.0, 9.0)])
@pytest.mark.parametrize("size", [(160, 120), (161, 123), (64, 48), (75, 190), (320, 240)])
def test_it_is_opencvs_flow(step: tuple[float, float], size: tuple[int, int]) -> None:
    frames = moving(2, step, size)
    assert distance(dis(frames), opencv_flow(frames)) < 0.05


@pytest.mark.parametrize("finest_scale", [0, 2])
def test_it_is_opencvs_flow_at_other_finest_scales(finest_scale: int) -> None:
    frames = moving(2, (1.5, -2.0))
    found = dis(frames, finest_scale=finest_scale)
    assert distance(found, opencv_flow(frames, finest_scale)) < 0.05


def test_gesture_videos_have_opencvs_flow(shared_data: Path) -> None:
    videos = sorted((shared_data / "gestures" / "videos").glob("*.mp4"))[:10]
    assert len(videos) == 10
    for video in videos:
        with av.open(str(video)) as container:
            pictures = islice(container.decode(video=0), 40, 44)
            grey = [cv2.resize(p.to_ndarray(format="gray"), (160, 120)) for p in pictures]
        frames = np.stack(grey).astype(np.uint8)
        assert distance(dis(frames), opencv_flow(frames)) < 0.05


@pytest.mark.parametrize("size", [(160, 120), (83, 61), (16, 16), (17, 40)])
def test_instruction_sets_and_threads_give_the_same_bits(size: tuple[int, int]) -> None:
    frames = moving(19, size=size)
    expected = dis(frames, threads=1, instruction_set="portable")
    for name in dis_instruction_sets():
        np.testing.assert_array_equal(dis(frames, threads=2, instruction_set=name), expected)


def test_a_pair_alone_has_the_same_flow_in_any_thread() -> None:
    frames = moving(9)
    expected = dis(frames).transpose(0, 2, 3, 1)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(dis_of_pair, frames[:-1], frames[1:]))
    assert found[0].shape == (120, 160, 2)
    np.testing.assert_array_equal(np.stack(found), expected)


def test_other_threads_run_meanwhile() -> None:
    frames, ticks, done = moving(9, size=(640, 480)), [], threading.Event()

    def compute() -> None:
        for _ in range(4):
            dis(frames, threads=1)
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
        dis(frames)


@pytest.mark.parametrize(
    ("first", "second", "error", "message"),
    [
        ((16, 16), (16, 17), ValueError, "second must have 16 x 16 pixels as first, not 17 x 16"),
        ((1, 16, 16), (16, 16), ValueError, "first must be 2D, not 3D"),
        ((15, 16), (15, 16), ValueError, "at least 16 x 16 pixels, not 16 x 15"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(
    first: tuple[int, ...], second: tuple[int, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        dis_of_pair(np.zeros(first, np.uint8), np.zeros(second, np.uint8))
    with pytest.raises(TypeError, match="second must be uint8, not float64"):
        dis_of_pair(np.zeros((16, 16), np.uint8), np.zeros((16, 16)))  # pyright: ignore


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"finest_scale": -1}, "finest_scale must be at least 0, not -1"),
        ({"finest_scale": 9}, "finest_scale must be at most 8, not 9"),
        ({"finest_scale": 4}, "frames must be at least 128 x 128 pixels, not 160 x 120"),
        ({"descents": 1}, "descents must be at least 2, not 1"),
        ({"refinements": -1}, "refinements must be at least 0, not -1"),
        ({"alpha": 0.0}, "alpha must be positive and finite, not 0.0"),
        ({"delta": float("nan")}, "delta must be positive and finite, not nan"),
        ({"gamma": float("inf")}, "gamma must be positive and finite, not inf"),
        ({"threads": -1}, "threads must be at least 0, not -1"),
        ({"instruction_set": "mmx"}, "instruction_set must be one of 'portable'.*, not 'mmx'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dis(moving(2), **options)  # pyright: ignore[reportArgumentType]
