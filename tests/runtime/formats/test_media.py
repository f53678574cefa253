"""What the header of a video tells the formats of others."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lpat.formats.media import Media, media_of


def test_the_header_tells_rate_size_and_codec(write_video: Callable[..., Path]) -> None:
    path = write_video(pts=range(0, 30), time_base=Fraction(1001, 30000))
    media = media_of(path, "v", 1.001)
    assert media == Media(
        "v", path, 1.001, Fraction(30000, 1001), 64, 48, "h264", 0.0,
        "mov,mp4,m4a,3gp,3g2,mj2", "yuv420p",
    )  # fmt: skip
    assert media.rate == Fraction(30000, 1001)
    assert media.shows_pictures


def test_features_and_what_is_no_video_have_no_rate_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 3), np.float32))
    (tmp_path / "b.mp4").write_bytes(b"no video")
    for name in ("a.npy", "b.mp4", "missing.mp4"):
        media = media_of(tmp_path / name, "v", 2.0)
        assert media == Media("v", tmp_path / name, 2.0)
        assert media.rate == 25
        assert not media.shows_pictures


def test_a_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert media_of(Path("x/../v.mp4"), "v", 1.0).path == tmp_path / "v.mp4"


@pytest.mark.parametrize("name", ["late.mkv", "late.ts", "late.mp4"])
def test_players_count_from_the_sound_that_comes_first(
    name: str,
    write_video: Callable[..., Path],
    write_sound: Callable[..., Path],
    write_streams: Callable[..., Path],
) -> None:
    parts = (write_video(), 1.5), (write_sound("sound.mkv", seconds=2, codec="aac"), 0.1)
    late = write_streams(name, *parts)
    media = media_of(late, "v", 1.0)
    with av.open(str(late)) as container:
        first = next(container.decode(container.streams.video[0]))
        assert first.time is not None
        assert container.start_time is not None
        players = first.time - container.start_time / av.time_base
    assert players > 1.3  # what the sound's encoder adds at its start counts
    assert media.start == pytest.approx(players, abs=1e-6)
    assert media.offset == media.start
    assert media_of(late, "v", 1.0, start=0.25).offset == 0.25  # known already
    assert media_of(write_video(), "v", 1.0).start == 0.0


@pytest.mark.parametrize(
    ("path", "address"),
    [("/a b/é#?.mp4", "file:///a%20b/%C3%A9%23%3F.mp4"), ("b/c d.mp4", "b/c%20d.mp4"),
     (os.fsdecode(b"/\xe9.mp4"), "file:///%E9.mp4")],
)  # fmt: skip
def test_an_address_is_escaped(path: str, address: str) -> None:
    assert Media("v", Path(path), 1.0).address == address


@pytest.mark.parametrize(
    ("name", "rate", "codec"),
    [("v_Basketball_g01_c01.avi", Fraction(30000, 1001), "mpeg4"),
     ("av1_video.mkv", Fraction(25), "av1"),
     ("WindowsMediaVideo.wmv", None, "msmpeg4v3")],  # a clock of 1000 ticks isn't a rate
)  # fmt: skip
def test_real_videos(shared_data: Path, name: str, rate: Fraction | None, codec: str) -> None:
    media = media_of(shared_data / "clips" / name, "v", 1.0)
    assert (media.frame_rate, media.codec) == (rate, codec)
