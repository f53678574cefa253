"""Judges detections by annotations, be they files or what was read of them already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from lpat.annotations.identity import renamed
from lpat.annotations.reading import Annotations, VideoAnnotation, read_annotations
from lpat.annotations.thumos14 import read_intervals
from lpat.errors import AnnotationError, UsageError
from lpat.evaluation.average_precision import Evaluation
from lpat.evaluation.average_precision import evaluate as evaluate_videos
from lpat.evaluation.protocols import Protocol, ProtocolOptions
from lpat.formats.detections import DetectionsFile, read_detections_file
from lpat.inputs import Input
from lpat.types import Detections, Float64Array

TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)

Truth = str | Path | Annotations | Sequence[VideoAnnotation]
"""Annotations: a file or folder of them, what was read of it, or the videos to judge."""

Results = (
    str
    | Path
    | DetectionsFile
    | Mapping[str, Detections]
    | Iterable[tuple[Input | str, Detections]]
)
"""Detections: a file of them, what was read of it, by video, or pairs that `detect_many` gives."""


def evaluate(
    annotations: Truth,
    detections: Results,
    *,
    subset: str | None = None,
    tious: Sequence[float] | Float64Array = TIOUS,
    protocol: Protocol | ProtocolOptions = "activitynet",
    left_out: Collection[str] = (),
    ambiguous: str | Path | Mapping[str, Float64Array] | None = None,
) -> Evaluation:
    """Average precision of `detections` for each class of the annotations and each of `tious`.

    Judged are the videos of a `subset`, which must be named where the annotations have several, or
    all. Detections in a video that isn't annotated are false, unless `left_out` names it;
    those in annotated videos of other subsets don't count. Videos with labels but without times
    are left out. `ambiguous` is a file of THUMOS'14's, or intervals (N, 2) by video, in which
    nobody can tell; those in the annotations count too, wherever the protocol has a use for them.
    Detections of equal score rank in their order.

    Raises:
        UsageError: no such protocol, several subsets and none named, `ambiguous` for a protocol
            that has no use for it, no thresholds, or one outside (0, 1].
        AnnotationError: a file that breaks its format, no video with segment times, no such
            subset, or detections of none of the videos.
        ValueError: a detection's score or time isn't finite, or it ends before it starts.
    """
    videos, others = _videos(annotations, subset)
    if isinstance(detections, str | Path):
        detections = read_detections_file(Path(detections))
    place = detections.place if isinstance(detections, DetectionsFile) else None
    results = renamed(
        _results(detections),
        [*(video.name for video in videos), *others],
        repr if place is None else lambda name: f"{place}: video {name!r}",
    )
    judged = {video.name for video in videos}
    if videos and results and not judged & results.keys():
        raise AnnotationError(
            f"{place or 'detections'}: none of its videos is to be judged; "
            f"it names {next(iter(results))!r}, the annotations {videos[0].name!r}"
        )
    if isinstance(ambiguous, str | Path):
        ambiguous, _ = read_intervals(Path(ambiguous))
    return evaluate_videos(
        videos,
        results,
        tious=tious,
        protocol=protocol,
        left_out={*others, *left_out} - judged,
        ambiguous=ambiguous or {},
    )


def _videos(annotations: Truth, subset: str | None) -> tuple[Sequence[VideoAnnotation], set[str]]:
    """The videos to judge, and the names of those that are known but not to be judged."""
    if isinstance(annotations, str | Path):
        annotations = read_annotations(Path(annotations))
    if not isinstance(annotations, Annotations):
        if subset is None:
            return annotations, set()
        return [video for video in annotations if video.subset == subset], {
            video.name for video in annotations if video.subset != subset
        }
    if subset is None and len(annotations.subsets) > 1:
        raise UsageError(
            f"{annotations.path} has several subsets; expected subset to be one of "
            f"{', '.join(annotations.subsets)}"
        )
    videos = annotations.in_subset(subset)
    return videos, {*annotations.unknown, *(video.name for video in annotations.videos)}


def _results(
    detections: DetectionsFile
    | Mapping[str, Detections]
    | Iterable[tuple[Input | str, Detections]],
) -> dict[str, Detections]:
    if isinstance(detections, DetectionsFile):
        return detections.results
    if isinstance(detections, Detections):
        raise UsageError(
            "detections: expected those of videos by name, such as {'video': detections}, "
            "not those of one video without its name"
        )
    if isinstance(detections, Mapping):
        return dict(cast("Mapping[str, Detections]", detections))
    return {its.name if isinstance(its, Input) else its: found for its, found in detections}
