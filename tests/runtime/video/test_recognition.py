"""Which files of a folder are videos: by suffix, by what is in them, and what is told of others."""

import random
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from lpat.errors import VideoError
from lpat.files.media_suffixes import COMPANION_SUFFIXES, MEDIA_SUFFIXES
from lpat.inputs import find_inputs
from lpat.video.reader import Video
from lpat.video.recognition import Recognition, is_text, is_video

NOISE = random.Random(0).randbytes(4000)


@pytest.fixture
def videos(tmp_path: Path, write_video: Callable[..., Path]) -> dict[str, bytes]:
    """What the same short video is as a file of several formats, by one of their suffixes."""
    codecs = {"mp4": "libx264", "vob": "mpeg2video", "h264": "libx264", "ts": "mpeg2video"}
    found = {}
    for suffix, codec in codecs.items():
        path = write_video(f"made.{suffix}", pts=range(12), codec=codec)
        found[suffix] = path.read_bytes()
        path.unlink()
    return found


NAMES = {
    "MOV001.MOD": "vob", "MOV002.TOD": "vob", "VR.VRO": "vob", "disc.mpe": "vob", "noname": "vob",
    "pi.h264": "h264", "pi.264x": "h264", "GX01.LRV": "mp4", "VID.insv": "mp4", "b.f4v": "mp4",
    "c.qt": "mp4", "d.3g2": "mp4", "e.360": "mp4", "DJI.LRF": "mp4", "rec.trp": "ts",
    "rec.m2t": "ts", "part.0001": "ts", "a.b c": "mp4",
}  # fmt: skip


def test_a_folders_videos_are_found_whatever_their_suffix(
    tmp_path: Path, videos: dict[str, bytes]
) -> None:
    for name, form in NAMES.items():
        (tmp_path / name).write_bytes(videos[form])
    told: list[str] = []
    found = find_inputs([tmp_path], tell=told.append)
    assert sorted(source.path.name for source in found) == sorted(NAMES)
    assert told == []
    for source in found:
        with Video.open(source.path) as video:
            assert len(list(video)) > 0, source.path


OTHERS = {
    "code.ts": b"export const a: number = 1;\n" * 9,
    "README": b"About these\x20videos",
    "t.weird": "h\u00fcpfen".encode(),
    "latin.weird": b"h\xfcpfen",
    "song.mod": b"title".ljust(1080, b"\0") + b"M.K." + NOISE,
    "noise.bin": NOISE,
    "w.pkl": b"\x80\x04" + NOISE,
    "all.zip": b"PK\x03\x04" + NOISE,
    "empty.xyz": b"",
    "still.picture": b"\x89PNG\r\n\x1a\n" + NOISE,
}


def test_what_is_no_video_is_passed_over_and_told_but_for_what_lies_beside_videos(
    tmp_path: Path, videos: dict[str, bytes]
) -> None:
    for name, content in OTHERS.items():
        (tmp_path / name).write_bytes(content)
    for name in ("a.jpg", "a.JSON", "a.srt", "a.wav", "a.webp", ".hidden"):
        (tmp_path / name).write_bytes(videos["mp4"])
    (tmp_path / "a.mp4").write_bytes(videos["mp4"])
    for argument in (str(tmp_path), f"{tmp_path}/*"):
        told: list[str] = []
        assert [its.path.name for its in find_inputs([argument], tell=told.append)] == ["a.mp4"]
        (line,) = told
        assert line.startswith("10 other files passed over (.weird, ")
        assert line.endswith(", ...); name files to have them read whatever they are")


def test_one_file_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "A.Weird").touch()
    told: list[str] = []
    find_inputs([tmp_path], tell=told.append)
    assert told[0].startswith("1 other file passed over (.Weird); ")


def test_an_empty_folders_error_says_what_it_has_instead(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").touch()
    (tmp_path / "c").touch()
    with pytest.raises(ValueError, match=r"has none \(3 others: \.jpg, without a suffix\)$"):
        find_inputs([tmp_path])


def test_no_more_of_a_suffix_are_looked_into_once_many_were_no_videos(
    tmp_path: Path, videos: dict[str, bytes]
) -> None:
    recognition = Recognition()
    for number in range(64):
        (tmp_path / f"{number}.dat").write_bytes(b"text")
        assert not recognition.is_wanted(str(tmp_path / f"{number}.dat"))
    (tmp_path / "last.dat").write_bytes(videos["mp4"])
    (tmp_path / "last.other").write_bytes(videos["mp4"])
    assert not recognition.is_wanted(str(tmp_path / "last.dat"))
    assert recognition.is_wanted(str(tmp_path / "last.other"))
    assert recognition.remark is not None
    assert recognition.remark.startswith("65 other files passed over (.dat); ")


def test_one_video_has_all_of_its_suffix_looked_into(
    tmp_path: Path, videos: dict[str, bytes]
) -> None:
    recognition = Recognition()
    for number in range(70):
        (tmp_path / f"{number}.dat").write_bytes(b"text" if number % 69 else videos["mp4"])
    wanted = [n for n in range(70) if recognition.is_wanted(str(tmp_path / f"{n}.dat"))]
    assert wanted == [0, 69]


def test_what_cannot_be_read_is_no_video(tmp_path: Path) -> None:
    assert not is_video(str(tmp_path / "nowhere"))
    assert not is_video(str(tmp_path))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"", False),
        (b"plain\r\n", True),
        ("h\u00fcpfen \u4e16".encode() * 50, True),
        (b"\x1b[1mansi", True),
        (b"a\0b", False),
        (b"a\x01b", False),
        (b"latin \xfc and more", False),
    ],
)
def test_text_has_no_control_characters_and_is_utf8(start: bytes, expected: bool) -> None:
    assert is_text(start[:512]) == expected


def test_no_suffix_is_of_videos_and_of_their_companions() -> None:
    assert not MEDIA_SUFFIXES & COMPANION_SUFFIXES
    assert all(suffix == suffix.lower() for suffix in MEDIA_SUFFIXES | COMPANION_SUFFIXES)


def test_an_animated_webp_is_refused_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    with av.open(str(path), "w", format="webp") as container:
        stream = container.add_stream("libwebp_anim", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuva420p"
        for number in range(3):
            frame = av.VideoFrame(32, 32, "yuva420p")
            for plane in frame.planes:
                plane.update(bytes([60 * number]) * plane.buffer_size)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match=r"it is an animated WebP, .* convert it to GIF or MP4"):
        Video.open(path)
