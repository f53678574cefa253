"""Overlays: pictures and times as they were, with what was found on them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lpat.batch.outputs import reason_without_pictures
from lpat.errors import VideoError
from lpat.inputs import Input
from lpat.rendering.overlay import write_overlay
from lpat.rendering.overlay_drawing import (
    PLAYHEAD,
    class_colour,
    has_all_scripts,
    layout_of,
    shortened,
    text_width,
)
from lpat.types import Detections, Scores
from lpat.video.address import FileState
from lpat.video.reader import Video

WriteVideo = Callable[..., Path]
CLASSES = ("jump", "ジャンプ")


def scores(duration: float = 1.0) -> Scores:
    return Scores(
        CLASSES,
        np.array([[1, 0], [2, 0], [0, 1], [0, 1]], np.float32),
        np.ones(4, np.float32),
        np.array([0.9, 0.5, 0.1], np.float32),
        np.linspace(0, duration, 5),
    )


def found(*rows: tuple[float, float]) -> Detections:
    count = len(rows)
    return Detections(
        CLASSES, np.array(rows).reshape(-1, 2), np.zeros(count, np.int64), np.ones(count)
    )


def pictures(path: Path) -> list[tuple[float, np.ndarray]]:
    with Video.open(path) as video:
        return [(frame.time, frame.bgr()) for frame in video]


def near(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.asarray((np.abs(image.astype(int) - colour) < 40).all(axis=-1))


def test_frames_keep_their_times_even_uneven_ones(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video("video.mkv", pts=[0, 40, 140, 150, 700, 990], time_base=Fraction(1, 1000))
    write_overlay(video, scores(), found(), tmp_path / "o.mp4")
    times = [time for time, _ in pictures(tmp_path / "o.mp4")]
    np.testing.assert_allclose(times, [0, 0.04, 0.14, 0.15, 0.7, 0.99], atol=1e-4)


def test_sound_that_overlaps_where_parts_were_joined_costs_no_picture(
    joined_recording: Path, tmp_path: Path
) -> None:
    write_overlay(joined_recording, scores(3.0), found((0.5, 1.0)), tmp_path / "o.mp4")
    assert len(pictures(tmp_path / "o.mp4")) == 75
    with av.open(str(tmp_path / "o.mp4")) as container:
        (sound,) = container.streams.audio
        samples = sum(frame.samples for frame in container.decode(sound))
    assert samples / 48_000 == pytest.approx(3.0, abs=0.1)


def test_labels_stand_on_the_picture_only_while_they_go_on(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    write_overlay(write_video(), scores(), found((0.2, 0.4)), tmp_path / "o.mp4")
    marked = [
        near(image[:60, :60], class_colour(0)).any() for _, image in pictures(tmp_path / "o.mp4")
    ]
    assert marked == [5 <= n < 10 for n in range(25)]


def test_the_playhead_stands_at_the_time(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video()
    write_overlay(video, scores(), found(), tmp_path / "o.mp4")
    layout = layout_of((64, 48), scores(), found())
    for time, image in pictures(tmp_path / "o.mp4"):
        row = image[layout.picture[1] + layout.bars - 2]
        place = np.flatnonzero(near(row, PLAYHEAD)).mean()
        assert place == pytest.approx(float(layout.x(time)), abs=3)


@pytest.mark.parametrize("size", [(64, 48), (101, 75), (30, 400), (640, 36)])
def test_pictures_of_any_size_are_shown_whole(
    write_video: WriteVideo, tmp_path: Path, size: tuple[int, int]
) -> None:
    picture = np.full((size[1], size[0], 3), (30, 160, 90), np.uint8)
    video = write_video(pts=range(2), pictures=[picture] * 2, pixel_format="yuv444p")
    write_overlay(video, scores(), found(), tmp_path / "o.mp4")
    layout = layout_of(size, scores(), found())
    image = pictures(tmp_path / "o.mp4")[0][1]
    assert image.shape[:2] == (layout.picture[1] + layout.strip, layout.width)
    assert layout.width >= 320
    inner = image[4 : layout.picture[1] - 4, layout.left + 4 : layout.left + layout.picture[0] - 4]
    assert near(inner, (90, 160, 30)).mean() > 0.99


def test_detections_past_the_end_and_unknown_labels_do_no_harm(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    odd = Detections(("else\n",), np.array([[0.5, 9.0], [7, 8]]), np.zeros(2, np.int64), np.ones(2))
    write_overlay(write_video(), scores(), odd, tmp_path / "o.mp4")
    assert len(pictures(tmp_path / "o.mp4")) == 25


def test_a_video_that_has_gone_or_was_replaced_leaves_nothing(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    video, output = write_video(), tmp_path / "out" / "o.mp4"
    state = FileState.of(video)
    video.unlink()
    with pytest.raises(VideoError, match="no such file"):
        write_overlay(video, scores(), found(), output, state=state)
    write_video(pts=range(30))
    with pytest.raises(VideoError, match="has changed since"):
        write_overlay(video, scores(), found(), output, state=state)
    assert not output.parent.exists()


def test_a_file_of_features_has_a_reason_and_a_video_none() -> None:
    assert "features" in str(reason_without_pictures(Input("a", Path("a.npy"))))
    assert reason_without_pictures(Input("a", Path("a.mp4"))) is None


def test_long_names_are_cut_to_their_room() -> None:
    name = shortened("a very long name " * 10, 12, 100)
    assert name.startswith("a very")
    assert text_width(name, 12) <= 100
    assert text_width("ジャンプ", 12) > 0 or not has_all_scripts()


def test_sound_and_rotation_of_real_files_are_kept(shared_data: Path, tmp_path: Path) -> None:
    write_overlay(shared_data / "clips/video_90.mov", scores(), found(), tmp_path / "turned.mp4")
    with Video.open(shared_data / "clips/video_90.mov") as video:
        frame = next(iter(video))
    layout = layout_of((frame.width, frame.height), scores(), found())
    image = pictures(tmp_path / "turned.mp4")[0][1]
    upright = frame.bgr(layout.picture)
    shown = image[: layout.picture[1], layout.left : layout.left + layout.picture[0]]
    assert np.abs(shown.astype(int) - upright).mean() < 6
    write_overlay(shared_data / "clips/v_GGSY1Qvo990.mp4", scores(), found(), tmp_path / "s.mp4")
    with Video.open(tmp_path / "s.mp4") as video:
        assert [s.codec_context.name for s in video.container.streams.audio] == ["aac"]
