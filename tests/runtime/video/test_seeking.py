from __future__ import annotations

import functools
import shutil
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lpat.errors import VideoError
from lpat.video.frame import Frame
from lpat.video.reader import Video
from lpat.video.seek_decoder import has_one_clock
from lpat.video.seeking import SeekableVideo

LARGE, SMALL = 50_000_000, 60_000  # bytes: all frames of a small video, and a few of them
MILLISECONDS = Fraction(1, 1000)
FFV1 = {"codec": "ffv1", "pixel_format": "bgr0"}
B_FRAMES = {"g": "12", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}
YEAR = 365 * 24 * 3600 * 1000

FILES = {
    "mp4": {"name": "v.mp4", "options": B_FRAMES},
    "mkv": {"name": "v.mkv", "options": B_FRAMES},
    "ts": {"name": "v.ts", "options": B_FRAMES},
    "open groups": {"name": "v.mp4", "options": {**B_FRAMES, "x264-params": "open-gop=1"}},
    "webm": {
        "name": "v.webm", "codec": "libvpx-vp9", "options": {"g": "10", "deadline": "realtime"},
    },
    "avi": {"name": "v.avi", "codec": "mpeg4", "options": {"g": "9"}},
    "avi with b-frames": {"name": "v.avi", "codec": "mpeg4", "options": {"g": "9", "bf": "2"}},
    "without timestamps": {"name": "v.h264", "options": {"g": "12"}},
    "late start": {
        "name": "v.mkv", "pts": range(7000, 7000 + 60 * 40, 40), "time_base": MILLISECONDS,
        "options": B_FRAMES,
    },
    "variable rate": {
        "name": "v.mkv", "pts": [33 * n + n * n % 29 + 900 * (n > 20) for n in range(60)],
        "time_base": MILLISECONDS, "options": B_FRAMES,
    },
    "broken clock": {
        "name": "v.mkv", "pts": [40 * n + YEAR * (n > 30) for n in range(60)],
        "time_base": MILLISECONDS, **FFV1,
    },
}  # fmt: skip


def print_of(frame: Frame | None) -> tuple[float, int]:
    """Time and a checksum of the pixels."""
    assert frame is not None
    return frame.time, zlib.crc32(frame.bgr().tobytes())


def read(path: Path) -> tuple[list[tuple[float, int]], float]:
    with Video.open(path) as video:
        return [print_of(frame) for frame in video], video.duration


read_once = functools.cache(read)  # of files that stay as they are


def check(path: Path, seed: int, cache: int, actions: int = 25, *, reading=read) -> None:
    """Random requests give what reading straight through does."""
    frames, duration = reading(path)
    times = np.array([time for time, _ in frames])
    random = np.random.default_rng(seed)
    with SeekableVideo.open(path, cache_bytes=cache) as video:
        for _ in range(actions):
            time = random.choice([random.uniform(-1, duration + 1), random.choice(times)])
            index = max(int(np.searchsorted(times, time, side="right")) - 1, 0)
            if random.random() < 0.2:
                video.keyframe_near(time)
            frame = video.frame_at(time)
            assert print_of(frame) == frames[index]
            for _ in range(int(random.integers(4))):
                video.prepare(time)
            count = int(random.choice([-10, -1, 1, 10, -2 * len(frames), 2 * len(frames)]))
            assert frame is not None
            there = video.frame_after(frame, count)
            assert print_of(there) == frames[min(max(index + count, 0), len(frames) - 1)]
        last = video.frame_at(duration + 1)
        assert print_of(last) == frames[-1]
        if frames[1:]:  # how long the last one lasts may follow from the one before
            before = video.frame_at(frames[-2][0])
            assert before is not None
            assert print_of(before) == frames[-2]
            assert print_of(video.frame_after(before, 2)) == frames[-1]
        assert video.duration == duration


@pytest.fixture(scope="module")
def make(write_video_in, tmp_path_factory):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (60, 48, 64, 3), np.uint8)

    @functools.cache
    def make_file(name: str) -> Path:
        arguments = {"pts": range(60), "pictures": noise, **FILES[name]}
        return write_video_in(tmp_path_factory.mktemp("made"), **arguments)

    return make_file


@pytest.mark.parametrize("cache", [LARGE, SMALL], ids=["roomy", "tight"])
@pytest.mark.parametrize("name", FILES)
def test_any_order_gives_the_frames_of_reading_straight_through(make, name, cache):
    check(make(name), 0, cache, reading=read_once)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["v.mp4", "v.mkv", "v.ts"]),
    steps=st.lists(st.integers(2, 400), min_size=12, max_size=40),
    start=st.integers(0, 9000),
    group=st.integers(1, 15),
    b_frames=st.integers(0, 3),
    seed=st.integers(0, 99),
    cache=st.sampled_from([LARGE, SMALL]),
)
@example(
    name="v.mp4", steps=[2] * 11 + [31], start=0, group=2, b_frames=1, seed=10, cache=LARGE
)  # whose last frame is a key frame, and later than the container says the video ends
@example(
    name="v.ts",
    steps=[2] * 22 + [64] + [2] * 9 + [77],
    start=0,
    group=1,
    b_frames=0,
    seed=38,
    cache=LARGE,
)  # whose last frame is decoded alone first, and then lasts too short
@example(
    name="v.mp4", steps=[2] * 9 + [400, 4, 318], start=0, group=5, b_frames=2, seed=0, cache=LARGE
)  # whose frames last as long as it says, but for some of those near the end
@example(
    name="v.mkv",
    steps=[2] * 8 + [185, 400, 400, 37],
    start=0,
    group=1,
    b_frames=0,
    seed=1,
    cache=SMALL,
)  # whose frames don't, but for the last
def test_any_rate_order_and_start_give_those_frames(
    write_video, name, steps, start, group, b_frames, seed, cache
):
    pts = [start + int(step) for step in np.cumsum([0, *steps])]
    options = {**B_FRAMES, "g": str(group), "bf": str(b_frames)}
    check(write_video(name, pts=pts, time_base=MILLISECONDS, options=options), seed, cache, 8)


@pytest.mark.parametrize("cache", [LARGE, SMALL], ids=["roomy", "tight"])
def test_real_clips_give_those_frames(shared_data, cache):
    readable = 0
    for path in sorted((shared_data / "clips").iterdir()):
        if path.stat().st_size > 1_000_000:
            continue
        try:
            read_once(path)
        except VideoError as error:
            reason = str(error)
        else:
            check(path, 1, cache, actions=6, reading=read_once)
            readable += 1
            continue
        with pytest.raises(VideoError) as caught, SeekableVideo.open(path) as video:
            video.frame_at(0)
        assert str(caught.value) == reason
    assert readable > 5


def test_a_restarted_clock_goes_on(write_video):
    path = write_video("v.ts", pts=range(100), options={"g": "10"})
    path.write_bytes(path.read_bytes() * 2)
    check(path, 0, LARGE, 10)


def test_duration_is_known_before_the_end_is_decoded(make):
    for name in ("mp4", "mkv", "webm", "late start", "variable rate"):
        path = make(name)
        with SeekableVideo.open(path) as video:
            assert video.duration == pytest.approx(read_once(path)[1], abs=0.04)


def test_a_frame_near_is_the_key_frame_before(make):
    with SeekableVideo.open(make("mp4")) as video:
        for time, expected in ((2.0, 1.92), (1.92, 1.92), (9.0, 1.92), (0.3, 0.0)):
            near = video.keyframe_near(time)
            assert near is not None
            assert near.time == expected


def test_no_frame_is_taken_for_near_where_the_clock_is_broken(make):
    with SeekableVideo.open(make("without timestamps")) as video:
        video.frame_at(2.0)
        assert video.keyframe_near(1.0) is not None  # it was decoded already
        assert video.keyframe_near(2.3) is None


def test_what_is_no_longer_wanted_gives_none_and_the_next_request_is_served(make):
    frames, _ = read(make("mp4"))
    asked: list[None] = []

    def wanted() -> bool:
        asked.append(None)
        return len(asked) < 3

    with SeekableVideo.open(make("mp4")) as video:
        assert video.frame_at(2.2, wanted) is None
        first = video.frame_at(0)
        assert first is not None
        assert video.frame_after(first, 50, lambda: False) is None
        assert print_of(video.frame_after(first, 50)) == frames[50]


def test_idle_time_is_used_until_there_are_enough_frames_around(make):
    with SeekableVideo.open(make("mp4"), cache_bytes=LARGE) as video:
        middle = video.frame_at(1.2)
        assert middle is not None
        rounds = 0
        while video.prepare(1.2):
            rounds += 1
        assert 0 < rounds < 200
        for count in (-20, 20):
            assert video.frame_after(middle, count, lambda: False) is not None


@pytest.mark.parametrize("room", [1, 2_000_000])
def test_idle_work_ends_however_little_room_there_is(make, room):
    with SeekableVideo.open(make("mp4"), cache_bytes=room) as video:
        video.frame_at(1.2)
        rounds = 0
        while video.prepare(1.2):
            rounds += 1
            assert rounds < 500


def test_a_file_that_vanishes_or_changes_is_named(make):
    path = make("mp4")
    copy = path.with_name("copy.mp4")
    for harm, message in (
        (copy.unlink, "no such file"),
        (lambda: shutil.move(shutil.copy(path, f"{path}.new"), copy), "was replaced while it was"),
        (lambda: copy.write_bytes(path.read_bytes()[:900]), "was cut short while it was open"),
    ):
        shutil.copy(path, copy)
        with SeekableVideo.open(copy, cache_bytes=SMALL) as video:
            video.frame_at(0)
            harm()
            with pytest.raises(VideoError, match=message):
                video.frame_at(2.2)


@pytest.mark.parametrize(
    ("timestamps", "expected"),
    [
        ([0, 40, 80], True),
        ([0, 120, 40, 80, 160], True),
        ([0, None, 80], False),
        ([0, 40, 40], False),
        ([0, 40, 80, 3_700_000], False),
        ([0, 1000, 2000, 500], False),
        ([], False),
    ],
    ids=["regular", "out of order", "one missing", "twice", "an hour on", "restarted", "none"],
)
def test_one_clock_is_told_from_broken_ones(timestamps, expected):
    assert has_one_clock(timestamps, 1e-3) is expected
