"""Average precision of detections against annotated segments.

Protocols differ by several points on the same detections, so every evaluation names its own.
`activitynet` is that of ActivityNet's evaluation code, with these points settled that it leaves
to chance: detections of equal score rank in input order, and of ground truths of equal tIoU the
later in the list comes first. A segment that takes no time has tIoU 0 with everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from lpat.annotations import VideoAnnotation
from lpat.core import average_precisions
from lpat.errors import AnnotationError, UsageError
from lpat.types import Detections, Float64Array, Int64Array

Protocol = Literal["activitynet"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Average precisions, and what they were computed from. Axes: C class, K threshold."""

    protocol: Protocol
    tious: Float64Array  # (K,)
    classes: tuple[str, ...]  # (C,) those with ground truth, sorted
    average_precision: Float64Array  # (C, K)
    truth_counts: Int64Array  # (C,)
    detection_counts: Int64Array  # (C,)
    videos: int  # judged
    missing_videos: int  # of those, how many the results don't name
    untimed_videos: int  # left out: their annotations have labels but no times
    ignored_videos: int  # left out of the results, with their detections, as asked
    unlisted_videos: int  # in the results but not annotated: their detections are false
    unknown_labels: Mapping[str, int]  # detections left out, by labels that no truth has

    @property
    def mean_average_precision(self) -> Float64Array:
        """Mean (K,) over the classes."""
        return self.average_precision.mean(axis=0)

    @property
    def average(self) -> float:
        """Mean over the classes and thresholds."""
        return float(self.mean_average_precision.mean())

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values; precisions are fractions."""
        per_class = zip(self.classes, self.average_precision.tolist(), strict=True)
        return {
            "protocol": self.protocol,
            "tiou": self.tious.tolist(),
            "mAP": self.mean_average_precision.tolist(),
            "average_mAP": self.average,
            "AP": dict(per_class),
            "truths": dict(zip(self.classes, self.truth_counts.tolist(), strict=True)),
            "detections": dict(zip(self.classes, self.detection_counts.tolist(), strict=True)),
            "videos": self.videos,
            "missing_videos": self.missing_videos,
            "untimed_videos": self.untimed_videos,
            "ignored_videos": self.ignored_videos,
            "unlisted_videos": self.unlisted_videos,
            "unknown_labels": dict(self.unknown_labels),
        }


def evaluate(
    truth: Sequence[VideoAnnotation],
    results: Mapping[str, Detections],
    *,
    tious: Sequence[float] | Float64Array,
    protocol: Protocol = "activitynet",
    left_out: Collection[str] = (),
) -> Evaluation:
    """Average precision of the `results` for each class of the `truth` and each of `tious`.

    Detections of equal score rank in the order of `results`. Detections in a video that is not
    in `truth` are false, as in the original, unless `left_out` names it, as it should the videos
    of other subsets. Videos with labels but without times are left out.

    Raises:
        UsageError: no such protocol, no thresholds, or one outside (0, 1].
        AnnotationError: no video has segment times.
        ValueError: a detection's score or time isn't finite, or it ends before it starts.
    """
    if protocol not in get_args(Protocol):
        known = ", ".join(get_args(Protocol))
        raise UsageError(f"protocol must be one of {known}, not {protocol!r}")
    thresholds = _thresholds(tious)
    timed = [video for video in truth if len(video.segments) or not video.labels]
    classes = tuple(sorted({label for video in timed for label in video.segment_labels}))
    if not classes:
        raise AnnotationError(
            f"there are no segment times to evaluate against: none of {len(truth)} videos has any"
        )
    number = {video.name: index for index, video in enumerate(timed)}
    untimed = {video.name for video in truth} - set(number)
    ignored = {name for name in results if name in left_out or name in untimed} - set(number)
    judged = {name: detections for name, detections in results.items() if name not in ignored}
    unlisted = [name for name in judged if name not in number]
    number |= {name: index for index, name in enumerate(unlisted, start=len(timed))}

    truths = _truth_table(timed, classes)
    detections, unknown = _detection_table(judged, number, classes)
    precision = average_precisions(
        detection_videos=detections.videos,
        detection_classes=detections.classes,
        detection_segments=detections.segments,
        detection_scores=detections.scores,
        truth_videos=truths.videos,
        truth_classes=truths.classes,
        truth_segments=truths.segments,
        tious=thresholds,
        class_count=len(classes),
    )
    return Evaluation(
        protocol=protocol,
        tious=thresholds,
        classes=classes,
        average_precision=precision,
        truth_counts=np.bincount(truths.classes, minlength=len(classes)),
        detection_counts=np.bincount(detections.classes, minlength=len(classes)),
        videos=len(timed),
        missing_videos=sum(video.name not in results for video in timed),
        untimed_videos=len(untimed),
        ignored_videos=len(ignored),
        unlisted_videos=len(unlisted),
        unknown_labels=unknown,
    )


def format_table(evaluation: Evaluation) -> str:
    """Average precisions in percent, a line per class, and what they were computed from."""
    header = ["class", "truths", "detections", *(f"{t:g}" for t in evaluation.tious), "average"]
    rows = [
        [label, str(truths), str(detections), *_percentages(precision)]
        for label, truths, detections, precision in zip(
            evaluation.classes,
            evaluation.truth_counts,
            evaluation.detection_counts,
            evaluation.average_precision,
            strict=True,
        )
    ]
    total = [
        "mAP",
        str(evaluation.truth_counts.sum()),
        str(evaluation.detection_counts.sum()),
        *_percentages(evaluation.mean_average_precision),
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, total, strict=True)]
    lines = [
        "  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])])
        for cells in (header, *rows, total)
    ]
    title = f"Average precision in % by tIoU; protocol {evaluation.protocol}"
    return "\n".join([title, "", *lines, "", *_notes(evaluation)])


def _percentages(precisions: Float64Array) -> list[str]:
    return [f"{100 * value:.2f}" for value in (*precisions, precisions.mean())]


def _notes(evaluation: Evaluation) -> list[str]:
    """One line on the videos, and one for each thing that may surprise."""
    unknown = evaluation.unknown_labels
    notes = {
        "videos judged": evaluation.videos,
        "of them without results": evaluation.missing_videos,
        "videos left out: annotated without times": evaluation.untimed_videos,
        "videos left out of the results: not to be judged": evaluation.ignored_videos,
        "videos not annotated: their detections count as false": evaluation.unlisted_videos,
        f"detections left out: no truth has their labels ({', '.join(sorted(unknown)[:5])})": sum(
            unknown.values()
        ),
    }
    return [f"{count} {text}" for text, count in notes.items() if count]


def _thresholds(tious: Sequence[float] | Float64Array) -> Float64Array:
    thresholds = np.ascontiguousarray(tious, np.float64)
    if thresholds.ndim != 1 or thresholds.size == 0:
        raise UsageError("tious must be one or more thresholds, not none")
    for value in thresholds:
        if not 0 < value <= 1:
            raise UsageError(f"tious must be in (0, 1], not {value:g}")
    return thresholds


@dataclass(frozen=True, eq=False)
class _Table:
    """Segments of many videos as parallel arrays."""

    videos: Int64Array  # (N,)
    classes: Int64Array  # (N,)
    segments: Float64Array  # (N, 2)
    scores: Float64Array  # (N,)


def _truth_table(videos: Sequence[VideoAnnotation], classes: tuple[str, ...]) -> _Table:
    index = {label: position for position, label in enumerate(classes)}
    counts = [len(video.segments) for video in videos]
    labels = [index[label] for video in videos for label in video.segment_labels]
    return _Table(
        np.repeat(np.arange(len(videos), dtype=np.int64), counts),
        np.array(labels, np.int64),
        np.concatenate([video.segments for video in videos]),
        np.zeros(len(labels)),
    )


def _detection_table(
    results: Mapping[str, Detections], number: Mapping[str, int], classes: tuple[str, ...]
) -> tuple[_Table, dict[str, int]]:
    """Detections of known labels, in order, and counts of the others by label."""
    index = {label: position for position, label in enumerate(classes)}
    unknown: Counter[str] = Counter()
    tables = [_Table(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0))]
    for name, detections in results.items():
        positions = np.array([index.get(label, -1) for label in detections.classes], np.int64)
        labels = positions[detections.labels]
        known = labels >= 0
        unknown.update(detections.classes[label] for label in detections.labels[~known])
        tables.append(
            _Table(
                np.full(int(known.sum()), number[name], np.int64),
                labels[known],
                detections.segments[known],
                detections.scores[known],
            )
        )
    return (
        _Table(
            np.concatenate([table.videos for table in tables]),
            np.concatenate([table.classes for table in tables]),
            np.concatenate([table.segments for table in tables]),
            np.concatenate([table.scores for table in tables]),
        ),
        dict(unknown),
    )
