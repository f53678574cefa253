from __future__ import annotations

import math
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpat.video.frame import Frame
from lpat.video.reader import Video
from lpat.video.resampling import (
    TOLERANCE,
    completes_window,
    count_ticks,
    first_tick,
    resample,
    snippet_windows,
)

PICTURE = av.VideoFrame.from_ndarray(np.zeros((2, 2), np.uint8), "gray")


def frames_at(times: list[float], last_duration: float) -> list[Frame]:
    ends = [*times[1:], times[-1] + last_duration]
    return [Frame(t, end - t, PICTURE) for t, end in zip(times, ends, strict=True)]


def shown(frames: list[Frame], fps: float = 25) -> list[int]:
    return [frames.index(tick.frame) for tick in resample(frames, fps)]


def naive(times: list[float], end: float, fps: float) -> list[int]:
    """For each tick before the end, the latest frame not after it."""
    late = TOLERANCE / fps
    count = max(1, sum(k / fps + late < end for k in range(math.ceil(end * fps) + 1)))
    return [max(i for i, t in enumerate(times) if t <= k / fps + late) for k in range(count)]


@pytest.mark.parametrize("time_base", [Fraction(1, n) for n in (600, 981, 1000, 90000)])
@pytest.mark.parametrize("rounding", [round, math.floor, math.ceil])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(24)])
def test_a_video_of_the_same_rate_gives_each_frame_once(time_base, rounding, fps):
    times = [float(rounding(k / fps / time_base) * time_base) for k in range(1000)]
    frames = frames_at(times, float(1 / fps))
    assert shown(frames, float(fps)) == list(range(1000))


@pytest.mark.parametrize(
    ("times", "last_duration", "expected"),
    [
        ([0.0], 0.04, [0]),
        ([0.0], 0.001, [0]),
        ([0.0], 0.2, [0, 0, 0, 0, 0]),
        ([0.0, 0.08], 0.08, [0, 0, 1, 1]),
        ([0.0, 0.02, 0.04, 0.06, 0.08], 0.02, [0, 2, 4]),
        ([0.0, 0.041, 0.08], 0.04, [0, 1, 2]),
        ([0.0, 0.05, 0.08], 0.04, [0, 0, 2]),
        ([0.0, 0.01, 0.02, 0.03], 0.01, [0]),
    ],
    ids=["one", "very short", "held", "half rate", "double rate", "late", "too late", "all in one"],
)
def test_a_tick_shows_the_latest_frame_not_after_it(times, last_duration, expected):
    assert shown(frames_at(times, last_duration)) == expected


def test_no_frames_give_no_ticks():
    assert list(resample([], 25)) == []


def test_a_tick_tells_whether_its_frame_was_shown_before():
    ticks = list(resample(frames_at([0.0, 0.12, 0.16], 0.08), 25))
    assert [t.index for t in ticks] == [0, 1, 2, 3, 4, 5]
    assert [t.repeated for t in ticks] == [False, True, True, False, False, True]


@given(
    steps=st.lists(st.floats(1e-3, 0.5), max_size=40),
    last_duration=st.floats(1e-3, 0.5),
    fps=st.sampled_from([1.0, 24.0, 25.0, 29.97, 60.0]),
)
def test_ticks_equal_the_naive_rule(steps, last_duration, fps):
    times = np.concatenate([[0.0], np.cumsum(steps)]).tolist()
    frames = frames_at(times, last_duration)
    ticks = list(resample(frames, fps))
    end = frames[-1].time + frames[-1].duration
    indices = [frames.index(t.frame) for t in ticks]
    assert [t.index for t in ticks] == list(range(len(ticks)))
    assert [t.repeated for t in ticks] == [
        k > 0 and indices[k] == indices[k - 1] for k in range(len(ticks))
    ]
    # On the very edge of the tolerance either neighbour will do.
    on_edge = any(abs((t * fps - TOLERANCE) % 1 - 0.5) > 0.5 - 1e-6 for t in [*times, end])
    if not on_edge:
        assert indices == naive(times, end, fps)
        assert len(ticks) == max(1, count_ticks(end, fps))


def test_frames_that_no_tick_shows_are_never_converted(write_video, monkeypatch):
    converted = []
    original = Frame.gray
    monkeypatch.setattr(Frame, "gray", lambda frame: converted.append(frame) or original(frame))
    path = write_video(pts=range(50), time_base=Fraction(1, 50))
    with Video.open(path) as video:
        for tick in resample(video, 25):
            tick.frame.gray()
    assert [f.time for f in converted] == pytest.approx([k / 25 for k in range(25)])


def test_ticks_are_given_as_frames_come():
    def endless():
        for k in range(10**9):
            yield Frame(k / 25, 1 / 25, PICTURE)

    ticks = resample(endless(), 25)
    assert [next(ticks).index for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("fps", [0, -25, math.nan, math.inf])
def test_a_rate_that_is_not_positive_is_refused_at_once(fps):
    with pytest.raises(ValueError, match="fps must be positive, not"):
        resample([], fps)


def test_gesture_videos_give_a_tick_for_each_frame(shared_data):
    for path in sorted((shared_data / "gestures" / "videos").glob("*.mp4"))[::10]:
        with Video.open(path, threads=1) as video:
            ticks = list(resample(video, 25))
        assert not any(t.repeated for t in ticks)
        assert len(ticks) == round(video.duration * 25)


def naive_window(snippet: int, count: int, frames: int, stride: int) -> range:
    """Around the snippet's middle, moved to where the video is, and all of a shorter video."""
    start = snippet * stride - (frames - stride) // 2
    start = max(0, min(start, count - frames))
    return range(start, min(start + frames, count))


SIZES = (st.integers(0, 60), st.integers(1, 20), st.integers(1, 25))


@pytest.mark.parametrize(
    ("count", "frames", "stride", "expected"),
    [
        (4, 4, 4, ["0123"]),
        (6, 4, 4, ["0123", "2345"]),
        (6, 4, 2, ["0123", "1234", "2345"]),
        (7, 6, 1, ["012345", "012345", "012345", *["123456"] * 4]),
        (5, 2, 4, ["12", "34"]),
        (3, 4, 2, ["012", "012"]),
        (1, 4, 4, ["0"]),
        (0, 4, 4, []),
    ],
)
def test_windows_by_hand(count, frames, stride, expected):
    items = "0123456789"[:count]
    assert ["".join(window) for window in snippet_windows(items, frames, stride)] == expected


@given(*SIZES)
def test_windows_are_those_of_a_list(count, frames, stride):
    expected = [
        list(naive_window(snippet, count, frames, stride)) for snippet in range(-(-count // stride))
    ]
    assert list(snippet_windows(range(count), frames, stride)) == expected


@pytest.mark.parametrize("stride", [8, 16])
@pytest.mark.parametrize("count", range(1, 41))
def test_no_window_is_partial_but_that_of_a_video_shorter_than_one(count, stride):
    windows = list(snippet_windows(range(count), 16, stride))
    assert len(windows) == -(-count // stride)
    assert {len(window) for window in windows} == {min(count, 16)}
    assert windows[0][0] == 0
    assert windows[-1][-1] == count - 1


@given(*SIZES, st.integers(0, 60))
def test_windows_can_be_skipped_with_what_only_they_need(count, frames, stride, skip):
    whole = list(snippet_windows(range(count), frames, stride))
    items = range(first_tick(skip, frames, stride), count)
    assert list(snippet_windows(items, frames, stride, skip)) == whole[skip:]


@given(*SIZES)
def test_a_window_comes_once_its_last_item_is_there(count, frames, stride):
    taken = 0

    def items():
        nonlocal taken
        for number in range(count):
            taken += 1
            yield number

    for window in snippet_windows(items(), frames, stride):
        assert taken == (window[-1] + 1 if len(window) == frames else count)


@given(*SIZES, st.integers(1, 4))
def test_where_batches_of_windows_end_is_told(count, frames, stride, batch):
    far = count + frames + stride  # a video so long that its end moves no window up to `count`
    ends = [
        naive_window(snippet, far, frames, stride)[-1] + 1
        for snippet in range(batch - 1, -(-far // stride), batch)
    ]
    assert completes_window(count, frames, stride, batch) == (count in ends)
