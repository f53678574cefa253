"""Small videos with known pictures and times, written where a test wants them; judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray

from lpat.event_tables import EventTable
from lpat.judgement import Judgement
from lpat.protocols import PROTOCOLS, ProtocolOptions

Picture = NDArray[np.uint8]
WriteVideo = Callable[..., Path]


@pytest.fixture
def write_video(tmp_path: Path) -> WriteVideo:
    """A function that writes a video and returns its path.

    It takes the file's name, the frames' `pts` in units of `time_base`, and either RGB `pictures`
    or a `size`, for which frame n is uniform with luma about 20 + 3 n.
    """

    def write(
        name: str = "video.mp4",
        *,
        pts: Iterable[int] = range(25),
        time_base: Fraction = Fraction(1, 25),
        pictures: Iterable[Picture] | None = None,
        size: tuple[int, int] = (64, 48),
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        times = list(pts)
        if pictures is None:
            width, height = size
            pictures = (
                np.full((height, width, 3), min(255, 20 + 3 * n), np.uint8)
                for n in range(len(times))
            )
        container_options = {"video_track_timescale": "90000"} if path.suffix == ".mp4" else {}
        with av.open(f"file:{path}", "w", options=container_options) as container:
            stream: VideoStream | None = None
            for time, picture in zip(times, pictures, strict=True):
                if stream is None:
                    stream = cast(VideoStream, container.add_stream(codec, rate=25))
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = pixel_format
                    stream.codec_context.time_base = time_base
                    stream.options = {**(options or {})}
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = time, time_base
                container.mux(stream.encode(frame))
            if stream is not None:
                container.mux(stream.encode())
        return path

    return write


Row = tuple[float, ...]  # video, class, start, end and, for detections, score


@pytest.fixture(scope="session")
def make_judgement() -> Callable[..., Judgement]:
    """A function that makes a judgement of rows; classes are numbered, and named by letters."""

    def make(
        truths: Sequence[Row],
        detections: Sequence[Row],
        *,
        ambiguous: Sequence[Row] = (),
        options: ProtocolOptions = PROTOCOLS["activitynet"],
        classes: int | None = None,
        videos: int = 4,
    ) -> Judgement:
        truth = np.array([(*row, 0) for row in truths], np.float64).reshape(-1, 5)
        rows = np.array(detections, np.float64).reshape(-1, 5)
        doubtful = np.array(ambiguous, np.float64).reshape(-1, 4)
        count = int(truth[:, 1].max()) + 1 if classes is None else classes
        return Judgement(
            protocol="custom",
            options=options,
            classes=tuple("abcdefgh"[:count]),
            truths=_events(truth),
            proposals=_events(rows),
            ambiguous_videos=doubtful[:, 0].astype(np.int64),
            ambiguous_segments=doubtful[:, 2:4].copy(),
            video_count=videos,
        )

    return make


def _events(rows: np.ndarray) -> EventTable:
    videos, classes = rows[:, :2].astype(np.int64).T.copy()
    return EventTable(videos, classes, rows[:, 2:4].copy(), rows[:, 4].copy())
