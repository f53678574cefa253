"""Files that grow are read as they do, and end when they no longer do."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lpat.errors import VideoError
from lpat.features.extraction import stream_features
from lpat.features.extractors import default_spec
from lpat.live import live_features
from lpat.video.growing import GrowingFile, follow
from lpat.video.reader import Video

WriteVideo = Callable[..., Path]


def times(video: Video) -> list[float]:
    with video:
        return [frame.time for frame in video]


@pytest.mark.parametrize("name", ["video.ts", "video.mkv"])
def test_what_is_written_while_it_is_read_is_read_too(
    write_video: WriteVideo, tmp_path: Path, name: str
) -> None:
    whole = write_video(name, pts=range(100), size=(320, 240), options={"g": "10", "bf": "0"})
    content = whole.read_bytes()
    growing = tmp_path / f"growing{whole.suffix}"
    growing.write_bytes(content[: len(content) // 2])
    with GrowingFile(growing, timeout=60) as file:
        waits = threading.Event()
        read = file.read

        def told(size: int) -> bytes:
            waits.set()
            return read(size)

        file.read = told

        def grow() -> None:
            waits.wait()
            with growing.open("ab") as more:
                more.write(content[len(content) // 2 :])
            while file._file.tell() < len(content):
                pass
            file.stop()

        writer = threading.Thread(target=grow)
        writer.start()
        found = times(follow(file))
        writer.join()
    assert found == times(Video.open(whole))


def test_a_read_at_the_end_waits_for_more(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    with GrowingFile(path, timeout=60) as file, path.open("ab", buffering=0) as more:
        assert file.read(10) == b"one"
        later = threading.Timer(0.05, more.write, [b"two"])
        later.start()
        assert file.read(2) == b"tw"
        later.join()
        file.stop()
        assert file.read(10) == b""


def test_a_file_that_does_not_grow_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with GrowingFile(path, timeout=0.1) as file:
        assert file.read(10) == b""


def test_a_complete_mp4_is_read_wherever_its_index_is(write_video: WriteVideo) -> None:
    path = write_video("video.mp4", pts=range(30))
    with GrowingFile(path, timeout=0) as file:
        assert file.index_comes_last()
        assert len(times(follow(file))) == 30


def test_an_mp4_without_its_index_is_refused(write_video: WriteVideo) -> None:
    path = write_video("video.mp4", pts=range(30), size=(320, 240))
    path.write_bytes(path.read_bytes()[:2000])
    with (
        GrowingFile(path, timeout=60) as file,
        pytest.raises(VideoError, match=r"plain MP4 can't be read before it is complete") as caught,
    ):
        follow(file)
    assert "frag_keyframe" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", r"it is empty \(0 bytes\)"), (b"no video" * 99, "of an unknown format")],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file.ts"
    path.write_bytes(content)
    with GrowingFile(path, timeout=0) as file, pytest.raises(VideoError, match=message):
        follow(file)


def test_a_playlist_leads_nowhere(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video("video.ts")
    path = tmp_path / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{video}\n#EXT-X-ENDLIST\n")
    with GrowingFile(path, timeout=0) as file, pytest.raises(VideoError):
        follow(file)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="expected a file that grows"):
        GrowingFile(tmp_path, timeout=0)
    with pytest.raises(VideoError, match=r"nowhere\.ts: no such file"):
        GrowingFile(tmp_path / "nowhere.ts", timeout=0)


def test_features_come_as_of_the_file_itself(write_video: WriteVideo) -> None:
    path = write_video("video.mkv", pts=range(60), options={"g": "10"})
    spec = default_spec()
    with live_features(path, spec, timeout=0) as live, stream_features(path, spec) as whole:
        rows = list(live.rows)
        assert [row.tobytes() for row in rows] == [row.tobytes() for row in whole]
        assert len(rows) == 8
        assert live.video.duration == whole.video.duration
