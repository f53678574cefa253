"""Frames as pixels: upright, at the size asked, in full range, the caller's own."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from lpat.video.frame import Frame
from lpat.video.reader import Video

FFV1 = {"codec": "ffv1", "pixel_format": "bgr0"}  # lossless


def frames_of(path: Path) -> list[Frame]:
    with Video.open(path) as video:
        return list(video)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_the_display_matrix_is_honoured(write_video, transposed, mirrored, inverted):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:10, :20] = 255  # a mark in the corner at left and top
    path = write_video(pts=[0, 1, 2], pictures=[picture] * 3)
    horizontal, vertical = (-1 if mirrored else 1), (-1 if inverted else 1)
    matrix = [0] * 9
    matrix[3 if transposed else 0] = horizontal << 16
    matrix[1 if transposed else 4] = vertical << 16
    matrix[8] = 1 << 30
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    data[at : at + 36] = np.array(matrix, ">i4").tobytes()
    path.write_bytes(data)

    expected = picture.swapaxes(0, 1) if transposed else picture
    expected = expected[::vertical, ::horizontal]
    frames = frames_of(path)
    assert (frames[0].height, frames[0].width) == expected.shape[:2]
    difference = np.abs(frames[0].bgr().astype(int) - expected)
    assert difference.mean() < 5
    small = frames[0].gray((expected.shape[1] // 2, expected.shape[0] // 2))
    assert np.abs(small.astype(int) - expected[::2, ::2, 0]).mean() < 5


@pytest.mark.parametrize(("name", "turns"), [("0", 0), ("90", -1), ("180", 2), ("270", 1)])
def test_phone_videos_come_upright(shared_data, name, turns):
    # By eye, these turns make the letters of the keyboard upright in each of the four.
    frames = frames_of(shared_data / "clips" / f"video_{name}.mov")
    stored = frames[0].picture.to_ndarray(format="gray")
    assert np.array_equal(frames[0].gray(), np.rot90(stored, turns))


def test_pixels_are_the_stored_ones(write_video):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (47, 33, 3), np.uint8) for _ in range(3)]
    frames = frames_of(write_video("v.mkv", pts=range(3), pictures=pictures, **FFV1))
    for frame, picture in zip(frames, pictures, strict=True):
        assert np.array_equal(frame.bgr(), picture[..., ::-1])


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (128, 128), (255, 255)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv444p", "yuv420p10le"])
def test_gray_spans_the_full_range_whatever_is_stored(write_video, pixel_format, level, expected):
    picture = np.full((48, 64, 3), level, np.uint8)
    path = write_video(pts=[0], pictures=[picture], pixel_format=pixel_format)
    (frame,) = frames_of(path)
    assert frame.gray().mean() == pytest.approx(expected, abs=2)
    assert frame.bgr().mean() == pytest.approx(expected, abs=2)


def test_arrays_belong_to_the_caller(write_video):
    pictures = [np.full((48, 64, 3), 100, np.uint8)] * 2
    path = write_video(
        "v.mkv", pts=range(2), pictures=pictures, codec="rawvideo", pixel_format="gray"
    )
    frames = frames_of(path)
    frames[0].gray()[:] = 0
    assert (frames[0].gray() == frames[1].gray()).all()
    assert frames[0].gray().flags.c_contiguous


def test_the_memory_of_a_picture_goes_with_its_frame(write_video):
    def pictures() -> int:
        return sum(isinstance(kept, av.VideoFrame) for kept in gc.get_objects())

    path = write_video(pts=range(20))
    gc.collect()
    before = pictures()
    gc.disable()  # which frees circles alone
    try:
        shapes = [(its.gray((16, 12)).shape, its.rgb().shape) for its in frames_of(path)]
        assert shapes == [((12, 16), (48, 64, 3))] * 20
        assert pictures() == before
    finally:
        gc.enable()


def test_frames_outlive_the_video_and_serve_many_threads(write_video):
    frames = frames_of(write_video(pts=range(30)))
    expected = [f.gray((16, 12)) for f in frames]
    equal: list[bool] = []

    def convert():
        equal.extend(
            np.array_equal(f.gray((16, 12)), e) for f, e in zip(frames, expected, strict=True)
        )

    workers = [threading.Thread(target=convert) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert equal == [True] * 120


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 9), (641, 3)])
def test_odd_sizes_read(write_video, size):
    path = write_video("v.mkv", pts=range(3), size=size, pixel_format="yuv444p")
    frames = frames_of(path)
    assert frames[0].bgr().shape == (size[1], size[0], 3)
    assert frames[0].gray((32, 32)).shape == (32, 32)
    assert frames[0].gray((1, 1)).shape == (1, 1)
