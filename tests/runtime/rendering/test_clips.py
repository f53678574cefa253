"""Clips: the right pictures, whole files, and a folder that holds what its list says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lpat.errors import VideoError
from lpat.rendering.clips import clip_stems, write_clips
from lpat.types import Detections
from lpat.video.address import FileState
from lpat.video.reader import Video

WriteVideo = Callable[..., Path]
FEW_KEYS = {"g": "20", "bf": "2", "sc_threshold": "0"}


def found(*rows: tuple[float, float], label: str = "jump") -> Detections:
    count = len(rows)
    segments = np.array(rows).reshape(-1, 2)
    return Detections((label,), segments, np.zeros(count, np.int64), np.linspace(1, 0.5, count))


def lumas(path: Path) -> list[float]:
    with Video.open(path) as video:
        return [float(frame.gray().mean()) for frame in video]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_copied_clip_begins_at_the_picture_shown_at_its_start(
    write_video: WriteVideo, tmp_path: Path, suffix: str
) -> None:
    video = write_video(f"video{suffix}", pts=range(75), options=FEW_KEYS)
    (clip,) = write_clips(video, found((1.25, 2.0)), tmp_path / "clips")
    assert (clip.cut, clip.reason) == ("copied", None)
    assert clip.first_picture == pytest.approx(31 / 25)
    shown = lumas(tmp_path / "clips" / clip.file)
    np.testing.assert_allclose(shown[:19], lumas(video)[31:50], atol=0.01)
    assert len(shown) <= 22  # pictures that the last ones need may follow


def test_a_clip_of_a_container_without_edit_lists_begins_at_the_key_frame(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    video = write_video("video.mkv", pts=range(0, 3000, 40), time_base=Fraction(1, 1000),
                        options=FEW_KEYS)  # fmt: skip
    (clip,) = write_clips(video, found((1.25, 2.0)), tmp_path / "clips")
    assert clip.first_picture == pytest.approx(0.8)
    shown = lumas(tmp_path / "clips" / clip.file)
    np.testing.assert_allclose(shown[:30], lumas(video)[20:50], atol=0.01)


def test_what_has_no_times_is_encoded(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video("video.h264", pts=range(50), size=(62, 46))
    (clip,) = write_clips(video, found((0.4, 1.2)), tmp_path / "clips")
    assert clip.cut == "encoded"
    assert clip.reason
    assert clip.file.endswith(".mp4")
    expected = lumas(video)[10:30]
    np.testing.assert_allclose(lumas(tmp_path / "clips" / clip.file), expected, atol=2)


def sound_of(path: Path) -> float:
    """Seconds of sound that can be decoded."""
    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        return sum(frame.samples for frame in container.decode(stream)) / (stream.rate or 1)


def test_sound_that_overlaps_where_parts_were_joined_is_copied_all_the_same(
    joined_recording: Path, tmp_path: Path
) -> None:
    with av.open(str(joined_recording)) as container:
        times = [packet.dts for packet in container.demux(audio=0) if packet.dts is not None]
    assert times != sorted(times)
    (clip,) = write_clips(joined_recording, found((0.5, 2.5)), tmp_path / "clips")
    assert (clip.cut, clip.reason) == ("copied", None)
    shown = lumas(tmp_path / "clips" / clip.file)
    np.testing.assert_allclose(shown[:50], lumas(joined_recording)[12:62], atol=0.01)
    assert sound_of(tmp_path / "clips" / clip.file) == pytest.approx(2.0, abs=0.15)


def test_pictures_whose_times_are_out_of_order_are_encoded(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    video = write_video("video.mxf", pts=range(75), codec="mpeg2video", options={"g": "15"})
    (clip,) = write_clips(video, found((1.25, 2.0)), tmp_path / "clips")
    assert (clip.cut, clip.reason) == ("encoded", "its pictures' times are out of order")
    np.testing.assert_allclose(lumas(tmp_path / "clips" / clip.file), lumas(video)[31:50], atol=2)


def test_margins_reach_no_further_than_the_video(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video(pts=range(25), options=FEW_KEYS)
    (clip,) = write_clips(video, found((0.4, 0.6)), tmp_path / "clips", margin=5)
    assert (clip.start, clip.end, clip.first_picture) == (0.4, 0.6, 0)
    assert len(lumas(tmp_path / "clips" / clip.file)) == 25


def test_a_detection_past_the_end_has_no_clip(write_video: WriteVideo, tmp_path: Path) -> None:
    for name in ("video.mp4", "video.h264"):
        clips = write_clips(write_video(name), found((7.0, 8.0)), tmp_path / "clips")
        assert clips == ()
    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["clips.json"]


def test_without_detections_there_is_an_empty_list(write_video: WriteVideo, tmp_path: Path) -> None:
    assert write_clips(write_video(), found(), tmp_path / "clips") == ()
    document = json.loads((tmp_path / "clips" / "clips.json").read_text())
    assert (document["complete"], document["clips"]) == (True, [])


def test_a_rerun_removes_its_own_old_clips_and_nothing_else(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    folder, video = tmp_path / "clips", write_video()
    write_clips(video, found((0.0, 0.4), (0.5, 0.8)), folder)
    (folder / "mine.mp4").write_bytes(b"mine")
    listed = folder / "clips.json"
    document = json.loads(listed.read_text())
    document["clips"].append({"file": "../precious.txt"})
    listed.write_text(json.dumps(document))
    (tmp_path / "precious.txt").write_text("precious")
    (clip,) = write_clips(video, found((0.5, 0.8)), folder)
    assert {path.name for path in folder.iterdir()} == {clip.file, "clips.json", "mine.mp4"}
    assert (tmp_path / "precious.txt").exists()


def test_names_are_unique_safe_and_sorted_by_time() -> None:
    stems = clip_stems([("a/b", 1.5), ("A b", 1.5), ("..", 2), ("跳 ü" + "x" * 500, 400_000)])
    assert stems[:3] == ["000h00m01.500s_a_b", "000h00m01.500s_A_b_2", "000h00m02.000s_clip"]
    assert stems == sorted(stems, key=lambda stem: stem.split("s_")[0])
    assert len(stems[3].encode()) < 200


def test_a_video_that_has_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"gone\.mp4: no such file"):
        write_clips(tmp_path / "gone.mp4", found((0, 1)), tmp_path / "clips")


def test_a_video_replaced_since_its_analysis_is_refused(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    video = write_video()
    state = FileState.of(video)
    video.unlink()
    write_video(pts=range(30))
    with pytest.raises(VideoError, match="has changed since"):
        write_clips(video, found((0, 1)), tmp_path / "clips", state=state)


WITH_LITTLE_ROOM = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from lpat.rendering.clips import write_clips
from lpat.errors import OutputError
from lpat.files.atomic import takes_no_more
from lpat.rendering.overlay import write_overlay
from lpat.types import Detections, Scores
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
video, output = map(Path, sys.argv[1:])
found = Detections(("jump",), np.array([[0.2, 0.9]]), np.zeros(1, np.int64), np.ones(1))
scores = Scores(("jump",), np.ones((2, 1), "f"), np.zeros(2, "f"), np.ones(2, "f"), np.arange(3.0))
for write in (lambda: write_clips(video, found, output),
              lambda: write_overlay(video, scores, found, output / "overlay.mp4")):
    try:
        write()
    except OutputError as error:
        assert "can't be written (File too large)" in str(error)
        assert takes_no_more(error)
    else:
        sys.exit("nothing failed")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on files' sizes here")
@pytest.mark.parametrize("name", ["video.mp4", "video.h264"])
def test_a_disk_that_fills_up_leaves_no_part_of_a_file(
    write_video: WriteVideo, tmp_path: Path, name: str
) -> None:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(25)]
    video = write_video(name, pictures=pictures)
    subprocess.run([sys.executable, "-c", WITH_LITTLE_ROOM, video, tmp_path / "out"], check=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clips.json"]


def test_clips_of_real_files_show_the_right_picture(shared_data: Path, tmp_path: Path) -> None:
    for name in ("v_GGSY1Qvo990.mp4", "v_Basketball_g01_c01.avi", "h265_10bits.mp4",
                 "video_90.mov", "av1_video.mkv", "no_duration.webm"):  # fmt: skip
        video = shared_data / "clips" / name
        start = 0.04 if name == "video_90.mov" else 0.3
        (clip,) = write_clips(video, found((start, 0.7)), tmp_path / name)
        with Video.open(video) as source:
            frames = [(frame.time, frame.gray(), frame.width) for frame in source]
        wanted = [frame for frame in frames if frame[0] <= clip.first_picture + 1e-4][-1]
        with Video.open(tmp_path / name / clip.file) as cut:
            first = next(iter(cut))
            assert first.width == wanted[2], name
            np.testing.assert_array_equal(first.gray(), wanted[1], err_msg=name)
