"""A video with what was found in it: labels on the picture, the timeline below."""

from __future__ import annotations

from pathlib import Path

from lpat.renderings import Stamp
from lpat.types import Detections, Scores


def write_overlay(
    source: Path, scores: Scores, detections: Detections, path: Path, *, stamp: Stamp | None = None
) -> None:
    """Write the video at `source` as an MP4 at `path`, whole or not at all.

    Detections that are going on stand at the picture's top left. Below the picture lie the curves
    of the most probable classes over the predicted threshold, their detections as bars, and a
    playhead. Frames keep their times. The sound is kept.

    Raises:
        VideoError: the video can't be read, or has changed since `stamp`.
        OutputError: the file can't be written.
    """
    raise NotImplementedError
