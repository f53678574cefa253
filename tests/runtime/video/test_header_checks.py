"""What a container says of its streams is checked: which moves, how long, at which rate."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from lpat.formats.media import media_of
from lpat.video.reader import Video
from lpat.video.seeking import SeekableVideo

WriteVideo = Callable[..., Path]


def read(path: Path) -> tuple[Video, int, int]:
    """The video, closed, which stream it is, and how many frames that has."""
    with Video.open(path) as video:
        return video, video.stream.index, len(list(video))


@pytest.mark.parametrize("pictures", [1, 3], ids=["picture", "slides"])
@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_the_stream_that_moves_is_the_video_whatever_comes_first(
    name: str, pictures: int, write_video: WriteVideo, write_streams: WriteVideo
) -> None:
    still = write_video("still.mp4", pts=range(0, 20 * pictures, 20), size=(128, 96))
    moving = write_video("moving.mp4", pts=range(60))
    path = write_streams(name, (still, 0.0), (moving, 0.0))
    with av.open(str(path)) as container:
        assert container.streams.video[0].disposition & Disposition.default
    assert read(path)[1:] == (1, 60)
    with SeekableVideo.open(path) as seekable:
        frame = seekable.frame_at(1.0)
        assert frame is not None
        assert frame.width == 64


def test_of_two_that_move_the_default_one_is_the_video(
    write_video: WriteVideo, write_streams: WriteVideo
) -> None:
    small, large = write_video("small.mp4"), write_video("large.mp4", size=(128, 96))
    assert read(write_streams("v.mkv", (small, 0.0), (large, 0.0)))[1] == 0
    # Where none is marked, it is the larger.
    assert read(write_streams("v.ts", (small, 0.0), (large, 0.0)))[1] == 1


# Headers that are wrong


def matroska(path: Path, *, seconds: float | None = None, frame: int | None = None) -> None:
    """Let the header say that the video lasts so many seconds, or a frame so many nanoseconds."""
    data = path.read_bytes()
    if seconds is not None:
        place = data.index(b"\x44\x89\x88") + 3
        data = data[:place] + struct.pack(">d", seconds * 1000) + data[place + 8 :]
    if frame is not None:
        place = data.index(b"\x23\xe3\x83\x84") + 4
        data = data[:place] + frame.to_bytes(4, "big") + data[place + 4 :]
    path.write_bytes(data)


def mp4(path: Path, factor: float) -> None:
    """Let the headers of file and track tell a multiple of the duration."""
    data = bytearray(path.read_bytes())
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        place = data.index(box) + offset
        ticks = int.from_bytes(data[place : place + 4], "big")
        data[place : place + 4] = round(ticks * factor).to_bytes(4, "big")
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
@pytest.mark.parametrize("factor", [0.1, 30.0])
def test_a_wrong_duration_in_the_header_is_not_believed(
    name: str, factor: float, write_video: WriteVideo
) -> None:
    path = write_video(name, pts=range(60), options={"g": "12"})
    if name == "v.mkv":
        matroska(path, seconds=2.4 * factor)
    else:
        mp4(path, factor)
    video, _, count = read(path)
    assert (count, video.broken_off) == (60, None)
    assert video.duration == pytest.approx(2.4, abs=1e-3)
    with SeekableVideo.open(path) as seekable:
        assert seekable.duration == pytest.approx(2.4, abs=1e-3)
        frame = seekable.frame_at(2.0)
        assert frame is not None
        assert frame.time == pytest.approx(2.0, abs=1e-3)


def test_a_tag_that_tells_a_duration_is_not_believed(write_video: WriteVideo) -> None:
    path = write_video("v.mkv", pts=range(60))
    data = path.read_bytes()
    assert b"00:00:02.4" in data
    path.write_bytes(data.replace(b"00:00:02.4", b"00:50:02.4"))
    assert read(path)[0].broken_off is None


@pytest.mark.parametrize("nanoseconds", [20_000_000, 1_000_000_000], ids=["50 fps", "1 fps"])
def test_a_wrong_rate_in_the_header_is_not_believed(
    nanoseconds: int, write_video: WriteVideo
) -> None:
    path = write_video("v.mkv", pts=range(60), options={"bf": "2"})
    matroska(path, frame=nanoseconds)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert {stream.guessed_rate, stream.average_rate} != {25}
    assert read(path)[0].duration == pytest.approx(2.4, abs=2e-3)
    assert media_of(path, "v", 2.4).frame_rate == Fraction(25)
    with SeekableVideo.open(path) as seekable:
        assert seekable.frame_rate == 25
        assert seekable.duration == pytest.approx(2.4, abs=2e-3)


def test_uneven_times_leave_the_stated_rate(write_video: WriteVideo) -> None:
    path = write_video(pts=[0, 1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22])
    with av.open(str(path)) as container:
        stated = container.streams.video[0].guessed_rate
    assert media_of(path, "v", 1.0).frame_rate == stated


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30), Fraction(120)])
def test_rates_are_exact_though_times_are_rounded_to_milliseconds(
    rate: Fraction, write_video: WriteVideo
) -> None:
    path = write_video("v.mkv", pts=range(60), time_base=1 / rate)
    with Video.open(path) as video:
        assert video.frame_rate == rate
