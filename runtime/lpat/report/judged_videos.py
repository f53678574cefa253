"""The worst and the best videos of an evaluation as timelines: what is true, right and false."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.matching import Matching
from lpat.evaluation.video_ranking import JudgedVideo, judge_videos
from lpat.report.curves import value_range
from lpat.report.html import Section
from lpat.report.timeline import (
    MOST_CLASSES,
    CurveFrame,
    Lane,
    Row,
    Spans,
    detection_lane,
    picture_svg,
    truth_lane,
)
from lpat.types import Detections, Int64Array, Scores

AT_EACH_END = 3
"""Videos that are shown as the worst, and as the best."""

_WIDTH = 960


def judged_videos(
    matching: Matching,
    videos: Sequence[VideoAnnotation],
    tiou: float,
    scores_of: Callable[[str], Scores | None] = lambda name: None,
) -> Section:
    """Timelines of the worst videos, then of the best; of all, if they are few.

    `videos` are those that were judged. `scores_of` gives a video's scores by its name, for the
    curves, where they are known.
    """
    annotated = {video.name: video for video in videos}
    judged = judge_videos(matching, tiou)
    ranked = [video for video in judged if matching.video_names[video.number] in annotated]
    if len(ranked) <= 2 * AT_EACH_END:
        groups = [("Worst first", ranked)]
    else:
        others = ranked[AT_EACH_END:]
        best = sorted(others, key=lambda video: (-video.share, -video.size, video.number))
        groups = [("The worst", ranked[:AT_EACH_END]), ("The best", best[:AT_EACH_END])]
    text = (
        "Of each class as many detections are shown as it has true actions, the most confident of "
        f"all videos. Right is one that takes a true action at tIoU {tiou:g}. Videos rank by twice "
        "the right ones, out of true actions and detections together.",
    )
    parts = [
        _part(
            f"{heading} ({place})",
            video,
            matching,
            annotated[matching.video_names[video.number]],
            scores_of,
        )
        for heading, members in groups
        for place, video in enumerate(members, 1)
    ]
    return Section("Worst and best videos", text, parts=parts)


def _part(
    heading: str,
    judged: JudgedVideo,
    matching: Matching,
    video: VideoAnnotation,
    scores_of: Callable[[str], Scores | None],
) -> Section:
    truths = "1 true action" if judged.truths == 1 else f"{judged.truths} true actions"
    note = (
        f"{truths}, {len(judged.right)} found, {len(judged.false)} false "
        f"{'detection' if len(judged.false) == 1 else 'detections'}."
    )
    picture = judged_svg(
        [
            (label, float(start), float(end))
            for label, (start, end) in zip(video.segment_labels, video.segments, strict=True)
        ],
        _rows_of(matching, judged.right),
        _rows_of(matching, judged.false),
        matching.classes,
        duration=video.duration,
        scores=scores_of(video.name),
    )
    return Section(f"{heading}: {video.name}", (note,), figure=picture)


def _rows_of(matching: Matching, rows: Int64Array) -> Detections:
    found = matching.detections
    return Detections(
        matching.classes, found.segments[rows], found.classes[rows], found.scores[rows]
    )


def judged_svg(
    truth: Spans,
    right: Detections,
    false: Detections,
    classes: Sequence[str],
    *,
    duration: float | None = None,
    scores: Scores | None = None,
) -> str:
    """One video's truth, and below it the right and the false detections, class by class.

    Curves are above where scores are known. `classes` give their order and colours; a duration
    that isn't known is that of the scores, or the end of the last segment.
    """
    names = {label for label, _, _ in truth}
    names |= {found.classes[label] for found in (right, false) for label in found.labels}
    shown = sorted(names, key=lambda name: (all(name != label for label, _, _ in truth), name))
    known = scores.classes if scores is not None else classes
    rows = [
        Row(
            name,
            known.index(name) if name in known else None,
            "",
            _lanes(name, truth, right, false),
        )
        for name in shown[:MOST_CLASSES]
    ]
    hidden = len(shown) - len(rows)
    if scores is not None and len(scores.background) and scores.edges[-1] > 0:
        low, high = value_range(scores, [row.index for row in rows if row.index is not None])
        frame = CurveFrame(_WIDTH, float(scores.edges[-1]), low, high)
        return picture_svg(frame, rows, hidden, scores)
    ends = [end for _, _, end in truth] + _ends((right, false))
    frame = CurveFrame(_WIDTH, max(duration or 0.0, *ends, 1e-3), 0, 1, top=6, height=0)
    return picture_svg(frame, rows, hidden)


def _lanes(name: str, truth: Spans, right: Detections, false: Detections) -> tuple[Lane, ...]:
    return (
        truth_lane(name, truth),
        detection_lane("right", name, right, "right"),
        detection_lane("false", name, false, "false"),
    )


def _ends(found: Iterable[Detections]) -> list[float]:
    return np.concatenate([detections.segments[:, 1] for detections in found]).tolist()
