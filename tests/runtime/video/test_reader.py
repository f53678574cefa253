from __future__ import annotations

import os
import re
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream

from lpat.errors import VideoError
from lpat.video.clock import LONGEST_GAP, Clock
from lpat.video.frame import Frame
from lpat.video.reader import Video

FFV1 = {"codec": "ffv1", "pixel_format": "bgr0"}  # lossless

CLIPS = {  # frames, upright size, seconds, decode failures; or how the error ends
    "-video-with-dash-.mp4": (5, (1, 1), 5.0, 0),
    "arm_wrestling.mp4": (280, (340, 256), 10.0, 0),
    "av1_video.mkv": (125, (640, 360), 5.0, 0),
    "corrupted.mp4": (49, (1280, 720), 5.0, 1),
    "h264_10bits.mp4": (30, (200, 200), 1.0, 0),
    "h265_10bits.mp4": (30, (200, 200), 1.0, 0),
    "no_duration.webm": (74, (1280, 720), 4.938, 0),
    "transparent.webm": (150, (200, 200), 5.0, 0),
    "unordered.mov": (4, (50, 50), 0.125, 0),
    "v_Basketball_g01_c01.avi": (141, (320, 240), 141 * 1001 / 30000, 0),
    "v_GGSY1Qvo990.mp4": (355, (320, 240), 355 * 50 / 981, 0),
    "v_ZNVhz7ctTq0.mp4": (420, (480, 360), 14.0, 0),
    "video_0.mov": (3, (568, 320), 0.1, 0),
    "video_90.mov": (3, (320, 568), 0.1, 0),
    "video_180.mov": (3, (568, 320), 0.1, 0),
    "video_270.mov": (3, (320, 568), 0.1, 0),
    "FlashVideo.flv": "expected a video, but it is broken or of an unknown format (End of file)",
    "WindowsMediaVideo.wmv": "no picture can be decoded (its video stream is empty)",
    "empty.webm": "expected a video, but it is empty (0 bytes)",
    "no_video_stream.mp4": "expected a video, but it has no video stream (audio only)",
}


def read(path: Path | str, threads: int = 0) -> tuple[Video, list[Frame]]:
    with Video.open(path, threads=threads) as video:
        return video, list(video)


def numbers(frames: list[Frame]) -> list[int]:
    """Which of the uniform pictures each frame is."""
    return [
        round((float(frame.picture.reformat(format="gray").to_ndarray().mean()) - 20) / 3)
        for frame in frames
    ]


def packets(path: Path) -> list[tuple[int, int]]:
    """Position and size of each packet, in the order decoded."""
    with av.open(str(path)) as container:
        return [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]


def break_packets(path: Path, chosen: list[int]) -> None:
    data = bytearray(path.read_bytes())
    where = packets(path)
    for number in chosen:
        position, size = where[number]
        data[position : position + size] = b"\xff" * size
    path.write_bytes(data)


@pytest.mark.parametrize("name", CLIPS)
def test_every_clip_reads_or_says_in_one_line_why_not(shared_data, name):
    path = shared_data / "clips" / name
    expected = CLIPS[name]
    if isinstance(expected, str):
        with pytest.raises(VideoError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: {expected}"
        return
    count, size, duration, failures = expected
    video, frames = read(path)
    assert len(frames) == count
    assert frames[0].time == 0
    assert all(a.time < b.time for a, b in pairwise(frames))
    assert {(f.width, f.height) for f in frames} == {size}
    assert frames[-1].gray().shape == size[::-1]
    assert frames[-1].bgr((32, 24)).shape == (24, 32, 3)
    assert video.duration == pytest.approx(duration, abs=1e-9)
    assert (video.decode_failures, video.dropped_frames, video.clock_breaks) == (failures, 0, 0)
    assert video.broken_off is None


def test_the_table_has_every_clip(shared_data):
    assert {p.name for p in (shared_data / "clips").iterdir()} == set(CLIPS)


def test_variable_rate_gives_exact_times(write_video):
    pts = [0, 33, 40, 41, 500, 533, 2000]
    video, frames = read(write_video("v.mkv", pts=pts, time_base=Fraction(1, 1000)))
    assert [f.time for f in frames] == [p / 1000 for p in pts]
    assert numbers(frames) == list(range(7))
    assert video.duration > 2


def test_time_starts_at_the_first_frame(write_video):
    path = write_video("v.mkv", pts=range(7000, 8000, 40), time_base=Fraction(1, 1000))
    _, frames = read(path)
    assert [f.time for f in frames] == [k / 25 for k in range(25)]


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.avi", "v.ts"])
def test_frames_stored_out_of_order_come_as_shown(write_video, name):
    codec, options = "libx264", {"bf": "3", "b_strategy": "0"}
    if name == "v.avi":
        codec, options = "mpeg4", {"bf": "3", "qmin": "1", "qmax": "1"}
    video, frames = read(write_video(name, pts=range(40), codec=codec, options=options))
    assert numbers(frames) == list(range(40))
    assert [f.time for f in frames] == pytest.approx([k / 25 for k in range(40)], abs=1e-9)
    assert video.duration == pytest.approx(1.6, abs=1e-9)


def test_a_single_frame_lasts_as_the_container_says(write_video):
    video, frames = read(write_video(pts=[0]))
    assert len(frames) == 1
    assert video.duration == pytest.approx(0.04)


def test_what_the_container_expects_is_known_before_reading(write_video):
    with Video.open(write_video(pts=range(50))) as video:
        assert video.expected_duration == pytest.approx(2)
        assert video.duration == 0


def test_a_size_that_changes_midway_is_followed(write_video):
    first = write_video("a.ts", pts=range(50), size=(64, 48))
    second = write_video("b.ts", pts=range(50), size=(96, 32))
    first.write_bytes(first.read_bytes() + second.read_bytes())
    video, frames = read(first)
    assert {f.gray().shape for f in frames} == {(48, 64), (32, 96)}
    assert {f.gray((20, 10)).shape for f in frames} == {(10, 20)}
    assert video.decode_failures == 0


def test_a_restarted_clock_goes_on(write_video):
    first = write_video("a.ts", pts=range(100))
    first.write_bytes(first.read_bytes() * 2)
    video, frames = read(first)
    assert len(frames) == 200
    assert [f.time for f in frames] == pytest.approx([k / 25 for k in range(200)], abs=1e-6)
    assert video.clock_breaks == 1


def test_years_between_frames_are_a_broken_clock(write_video):
    year = 365 * 24 * 3600 * 1000
    pts = [0, 40, 80, year, year + 40, 3 * year]
    video, frames = read(write_video("v.mkv", pts=pts, time_base=Fraction(1, 1000), **FFV1))
    assert [f.time for f in frames] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16, 0.2])
    assert video.clock_breaks == 2
    assert video.duration < 1


def test_a_still_hour_is_kept(write_video):
    almost = int(LONGEST_GAP * 1000) - 1
    path = write_video("v.mkv", pts=[0, 40, 40 + almost], time_base=Fraction(1, 1000), **FFV1)
    video, frames = read(path)
    assert frames[-1].time == pytest.approx((40 + almost) / 1000)
    assert video.clock_breaks == 0


@pytest.mark.parametrize("threads", [1, 4, 16])
@pytest.mark.parametrize(
    "broken",
    [[30], [30, 31, 32], [55], [59], [52, 55, 57], [0]],
    ids=["one", "run", "near the end", "the last", "three near the end", "the first"],
)
def test_broken_packets_are_counted_and_survived(write_video, broken, threads):
    path = write_video(pts=range(60), options={"g": "12", "bf": "2"})
    break_packets(path, broken)
    video, frames = read(path, threads=threads)
    assert video.decode_failures == len(broken)
    lost = 12 if broken == [0] else len(broken)  # nothing can be decoded before a key frame
    assert len(frames) == 60 - lost


@pytest.mark.parametrize("name", ["v.mkv", "v.ts", "v.avi"])
@pytest.mark.parametrize("kept", [0.3, 0.61, 0.95])
def test_a_truncated_file_is_read_up_to_its_break(write_video, name, kept):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(50)]
    codec = "mpeg4" if name == "v.avi" else "libx264"
    path = write_video(name, pts=range(50), pictures=pictures, codec=codec)
    data = path.read_bytes()
    cut = int(len(data) * kept)
    whole = sum(position + size <= cut for position, size in packets(path))
    path.write_bytes(data[:cut])
    counts = set()
    for threads in (1, 16):
        video, frames = read(path, threads=threads)
        assert abs(len(frames) - whole) <= 3
        assert 0 < len(frames) < 50
        if name == "v.mkv" and kept < 0.9:  # the others don't say how long they should be
            assert video.broken_off is not None
            assert video.broken_off.endswith("s of 2.0 s")
        assert video.duration == pytest.approx(frames[-1].time + 0.04, abs=1e-3)
        counts.add((len(frames), video.decode_failures))
    assert len(counts) == 1


def test_a_truncated_mp4_with_its_index_in_front_is_read_up_to_its_break(write_video):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(50)]
    path = write_video(pts=range(50), pictures=pictures, options={"g": "10"})
    with av.open(str(path)) as source:
        moved = path.with_name("front.mp4")
        with av.open(str(moved), "w", options={"movflags": "faststart"}) as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    data = moved.read_bytes()
    moved.write_bytes(data[: len(data) // 2])
    video, frames = read(moved)
    assert 15 < len(frames) < 30
    assert video.expected_duration == pytest.approx(2)
    assert video.duration < 1.3
    assert video.broken_off is not None
    assert re.fullmatch(r"it ends after \d\.\d s of 2\.0 s", video.broken_off)


def test_a_truncated_mp4_without_index_is_refused(write_video):
    path = write_video()
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(VideoError, match="expected a video, but it is broken or of an unknown"):
        Video.open(path)


@pytest.mark.parametrize(
    "name",
    [
        "two words.mp4",
        "-i.mp4",
        "a:b.mp4",
        "new\nline.mp4",
        "größe 视频.mp4",
        "%d.mp4",
        "a'b\".mp4",
    ],
)
def test_strange_names_are_read(write_video, monkeypatch, name):
    path = write_video(name, pts=range(3))
    assert len(read(path)[1]) == 3
    monkeypatch.chdir(path.parent)
    assert len(read(name)[1]) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows names that aren't UTF-8")
def test_a_name_that_is_not_utf8_is_read(write_video):
    path = write_video(pts=range(3))
    strange = path.with_name(os.fsdecode(b"\xff\xfe.mp4"))
    path.rename(strange)
    assert len(read(strange)[1]) == 3
    strange.write_bytes(b"")
    with pytest.raises(VideoError) as caught:
        Video.open(strange)
    str(caught.value).encode()


def test_what_is_no_video_is_named_in_one_line(tmp_path, write_video):
    (tmp_path / "text.txt").write_text("no video\n" * 100)
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    still = write_video("still.png", pts=[0], codec="png", pixel_format="rgb24")
    cases = {
        tmp_path / "none.mp4": "no such file",
        tmp_path: "expected a video, but it is a folder",
        tmp_path / "text.txt": "expected a video, but it is text",
        tmp_path / "noise.mp4": "expected a video, but it is broken or of an unknown format "
        "(Invalid data found when processing input)",
        still: "expected a video, but it is a still picture (png_pipe)",
    }
    for path, message in cases.items():
        with pytest.raises(VideoError) as caught:
            Video.open(path)
        assert str(caught.value) == f"{path}: {message}"


def test_a_line_break_in_a_name_does_not_break_the_message(tmp_path):
    with pytest.raises(VideoError, match=r"a\\nb: no such file$"):
        Video.open(tmp_path / "a\nb")


def test_a_file_that_may_not_be_read_is_named(write_video, monkeypatch):
    path = write_video()

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the one who runs the tests may be root
    with pytest.raises(VideoError, match=r"can't be read \(Permission denied\)"):
        Video.open(path)


def test_an_unknown_codec_is_named(write_video):
    path = write_video("v.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_NONSENSE/XXXX"))
    with pytest.raises(VideoError, match="no decoder for its video stream"):
        Video.open(path)


def test_a_cover_picture_is_not_the_video(write_video, tmp_path):
    cover = av.VideoFrame.from_ndarray(np.zeros((100, 100, 3), np.uint8), "rgb24")
    expected = "it has no video stream (audio, cover picture only)"
    for source, is_video in ((write_video(pts=range(10)), True), (None, False)):
        path = tmp_path / f"covered-{is_video}.mp4"
        with av.open(str(path), "w") as target:
            image = cast(VideoStream, target.add_stream("mjpeg", rate=1))
            image.width, image.height, image.pix_fmt = 100, 100, "yuvj420p"
            image.disposition = Disposition.attached_pic
            other = cast(AudioStream, target.add_stream("aac", rate=44100))
            if source:
                with av.open(str(source)) as container:
                    stream = target.add_stream_from_template(container.streams.video[0])
                    for packet in container.demux(video=0):
                        if packet.dts is not None:
                            packet.stream = stream
                            target.mux(packet)
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            sound.rate = 44100
            target.mux([*other.encode(sound), *other.encode()])
            target.mux([*image.encode(cover), *image.encode()])
        if is_video:
            assert {(f.width, f.height) for f in read(path)[1]} == {(64, 48)}
        else:
            with pytest.raises(VideoError) as caught:
                Video.open(path)
            assert str(caught.value) == f"{path}: expected a video, but {expected}"


@pytest.mark.parametrize(
    ("timestamps", "times", "breaks"),
    [
        ([None, None, None], [0, 0.04, 0.08], 0),
        ([500, None, 580], [0, 0.04, 0.08], 0),
        ([None, 500, 600], [0, 0.04, 0.14], 0),
        ([0, 40, 40, 80], [0, 0.04, None, 0.08], 0),
        ([0, 80, 40, 120], [0, 0.08, None, 0.12], 0),
        ([0, 5000, 0, 40], [0, 5, 10, 10.04], 1),
        ([-5000, -4990], [0, 0.01], 0),
        ([-(2**62), 2**62], [0, 0.04], 1),
    ],
    ids=["none", "gap", "late", "twice", "swapped", "restart", "negative", "extreme"],
)
def test_timestamps_of_every_kind_give_times(timestamps, times, breaks):
    stream = SimpleNamespace(time_base=Fraction(1, 1000), guessed_rate=Fraction(25))
    clock = Clock(cast(VideoStream, stream))
    assert [clock.time(t) for t in timestamps] == pytest.approx(times)
    assert clock.breaks == breaks


def test_a_stream_without_timestamps_has_the_default_rate(write_video):
    video, frames = read(write_video("v.h264", pts=range(30)))
    assert [f.time for f in frames] == pytest.approx([k / 25 for k in range(30)])
    assert video.duration == pytest.approx(1.2)


def test_frames_are_read_once(write_video):
    with Video.open(write_video()) as video:
        list(video)
        with pytest.raises(RuntimeError, match="read once"):
            iter(video)


def test_nothing_is_printed_for_a_broken_video(write_video):
    path = write_video(pts=range(60), options={"g": "12"})
    break_packets(path, [5, 30, 59])
    code = (
        "import sys; from lpat.video.reader import Video; print(len(list(Video.open(sys.argv[1]))))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert done.stderr == ""
    assert int(done.stdout) > 40


def test_memory_does_not_grow_with_the_video(write_video):
    # A 640 x 480 picture takes 460 kB: frames held back would take 180 MB.
    path = write_video(pts=range(400), size=(640, 480), options={"preset": "ultrafast"})
    code = """
import resource, sys
from lpat.video.resampling import resample
from lpat.video.reader import Video
peaks = []
with Video.open(sys.argv[1], threads=2) as video:
    for tick in resample(video, 25):
        tick.frame.gray((80, 60))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[-1] - peaks[60])
"""
    pytest.importorskip("resource", reason="peak memory is only known on Unix")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert int(done.stdout) < 20_000  # kB
