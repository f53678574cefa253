"""Average precision of detections against annotated segments.

Protocols differ by several points on the same detections, so every evaluation names its own;
docs/evaluation.md states them. What the originals leave to chance is settled: detections of equal
score rank in input order. A segment that takes no time has tIoU 0 with everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from lpat.annotations.identity import look_alike, renamed, spelled
from lpat.annotations.reading import VideoAnnotation
from lpat.core import mean_over_classes
from lpat.errors import AnnotationError, UsageError
from lpat.evaluation.matching import Matching, detection_table, interval_table, truth_table
from lpat.evaluation.protocols import PROTOCOLS, Protocol, ProtocolOptions, rules_in_words
from lpat.types import Detections, Float64Array, Int64Array

_NO_INTERVALS: Mapping[str, Float64Array] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Average precisions, and what they were computed from. Axes: C class, K threshold."""

    protocol: str  # a preset's name, or "custom"
    options: ProtocolOptions
    tious: Float64Array  # (K,)
    classes: tuple[str, ...]  # (C,) those with ground truth, sorted
    average_precision: Float64Array  # (C, K), NaN for classes that the protocol leaves out
    truth_counts: Int64Array  # (C,)
    detection_counts: Int64Array  # (C,)
    videos: int  # judged
    missing_videos: int  # of those, how many the results don't name
    odd_videos: int  # of those judged, how many have segments of impossible times alone
    untimed_videos: int  # left out: their annotations have labels but no times
    ignored_videos: int  # left out of the results, with their detections, as asked
    unlisted_videos: int  # in the results but not annotated: their detections are false
    unknown_labels: Mapping[str, int]  # detections left out, by labels that no truth has
    nearly_same: tuple[tuple[str, str], ...]  # see `_nearly_same`
    ambiguous_intervals: int  # heeded in the videos judged and unlisted
    matching: Matching  # what was compared

    @property
    def mean_average_precision(self) -> Float64Array:
        """Mean (K,) over the classes, without those left out."""
        return mean_over_classes(self.average_precision)

    @property
    def average(self) -> float:
        """Mean over the classes and thresholds."""
        return float(self.mean_average_precision.mean())

    def __repr__(self) -> str:
        at = f"{self.tious[0]:g}" + (f" to {self.tious[-1]:g}" if len(self.tious) > 1 else "")
        return (
            f"Evaluation({self.protocol}: mAP {self.average:.1%} at tIoU {at}, "
            f"{len(self.classes)} classes, {self.videos} videos)"
        )

    def __str__(self) -> str:
        """The table that lpat-eval prints."""
        return format_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; precisions are fractions, None for classes left out."""
        known = [
            [None if np.isnan(value) else value for value in row]
            for row in self.average_precision.tolist()
        ]
        return {
            "protocol": self.protocol,
            "protocol_options": asdict(self.options),
            "tiou": self.tious.tolist(),
            "mAP": self.mean_average_precision.tolist(),
            "average_mAP": self.average,
            "AP": dict(zip(self.classes, known, strict=True)),
            "truths": dict(zip(self.classes, self.truth_counts.tolist(), strict=True)),
            "detections": dict(zip(self.classes, self.detection_counts.tolist(), strict=True)),
            "videos": self.videos,
            "missing_videos": self.missing_videos,
            "odd_videos": self.odd_videos,
            "untimed_videos": self.untimed_videos,
            "ignored_videos": self.ignored_videos,
            "unlisted_videos": self.unlisted_videos,
            "unknown_labels": dict(self.unknown_labels),
            "nearly_same": [list(pair) for pair in self.nearly_same],
            "ambiguous_intervals": self.ambiguous_intervals,
        }


def evaluate(
    truth: Sequence[VideoAnnotation],
    results: Mapping[str, Detections],
    *,
    tious: Sequence[float] | Float64Array,
    protocol: Protocol | ProtocolOptions = "activitynet",
    left_out: Collection[str] = (),
    ambiguous: Mapping[str, Float64Array] = _NO_INTERVALS,
) -> Evaluation:
    """Average precision of the `results` for each class of the `truth` and each of `tious`.

    Names mean the same videos as `lpat.annotations.identity` says. Detections of equal score rank
    in the order of `results`. Detections in a video that is not
    in `truth` are false, as in the original, unless `left_out` names it, as it should the videos
    of other subsets. Videos with labels but without times are left out; those whose times were all
    left out as impossible are judged, as in the original. `ambiguous` holds intervals (N, 2) by
    video; those in the annotations count too, wherever the protocol has a use for them.

    Raises:
        UsageError: no such protocol, `ambiguous` for a protocol that has no use for it, no
            thresholds, or one outside (0, 1].
        AnnotationError: no video has segment times, or two names of the results mean one video.
        ValueError: a detection's score or time isn't finite, or it ends before it starts.
    """
    name, options = _named(protocol)
    if ambiguous and options.ambiguous == "none":
        raise UsageError(f"protocol {name} has no use for ambiguous intervals")
    thresholds = _thresholds(tious)
    timed = [video for video in truth if len(video.segments) or video.odd or not video.labels]
    classes = tuple(sorted({label for video in timed for label in video.segment_labels}))
    if not classes:
        raise AnnotationError(
            f"there are no segment times to evaluate against: none of {len(truth)} videos has any"
        )
    names = [*(video.name for video in truth), *left_out]
    results = renamed(results, names)
    ambiguous = renamed(ambiguous, [*names, *results])
    number = {video.name: index for index, video in enumerate(timed)}
    untimed = {video.name for video in truth} - set(number)
    ignored = {name for name in results if name in left_out or name in untimed} - set(number)
    judged = {name: detections for name, detections in results.items() if name not in ignored}
    unlisted = [name for name in judged if name not in number]
    number |= {name: index for index, name in enumerate(unlisted, start=len(timed))}

    truths = truth_table(timed, classes)
    proposals, unknown = detection_table(judged, number, classes)
    ambiguous_videos, ambiguous_segments = interval_table(
        _all_ambiguous(timed, ambiguous) if options.ambiguous != "none" else {}, number
    )
    matching = Matching(
        protocol=name,
        options=options,
        classes=classes,
        truths=truths,
        proposals=proposals,
        ambiguous_videos=ambiguous_videos,
        ambiguous_segments=ambiguous_segments,
        video_count=len(number),
        video_names=tuple(number),
    )
    return Evaluation(
        protocol=name,
        options=options,
        tious=thresholds,
        classes=classes,
        average_precision=matching.average_precisions(thresholds),
        truth_counts=matching.truth_counts,
        detection_counts=matching.detection_counts,
        videos=len(timed),
        missing_videos=sum(video.name not in results for video in timed),
        odd_videos=sum(video.odd and not len(video.segments) for video in timed),
        untimed_videos=len(untimed),
        ignored_videos=len(ignored),
        unlisted_videos=len(unlisted),
        unknown_labels=unknown,
        nearly_same=_nearly_same(number, unlisted) + _nearly_same(classes, unknown),
        ambiguous_intervals=len(ambiguous_segments),
        matching=matching,
    )


def format_table(evaluation: Evaluation) -> str:
    """Average precisions in percent, a line per class, and what they were computed from.

    A custom protocol is told rule by rule.
    """
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
    title = [f"Average precision in % by tIoU; protocol {evaluation.protocol}"]
    if evaluation.protocol == "custom":
        title += [f"  {rule}: {told}" for rule, told in rules_in_words(evaluation.options)]
    return "\n".join([*title, "", *lines, "", *notes(evaluation)])


def _percentages(precisions: Float64Array) -> list[str]:
    values = (*precisions, precisions.mean())
    return ["-" if np.isnan(value) else f"{100 * value:.2f}" for value in values]


def notes(evaluation: Evaluation) -> list[str]:
    """One line on the videos, and one for each thing that may surprise."""
    unknown = evaluation.unknown_labels
    counts = {
        "videos judged": evaluation.videos,
        "of them without results": evaluation.missing_videos,
        "of them with impossible segment times alone: their detections count as false": (
            evaluation.odd_videos
        ),
        "videos left out: annotated without times": evaluation.untimed_videos,
        "videos left out of the results: not to be judged": evaluation.ignored_videos,
        "videos not annotated: their detections count as false": evaluation.unlisted_videos,
        f"detections left out: no truth has their labels ({', '.join(sorted(unknown)[:5])})": sum(
            unknown.values()
        ),
    }
    lines = [f"{count} {text}" for text, count in counts.items() if count]
    if pairs := evaluation.nearly_same:
        first = " and ".join(map(spelled, pairs[0]))
        lines.append(
            f"{len(pairs)} of these names and labels differ from annotated ones by case, blanks or "
            f"unseen characters alone (first: {first})"
        )
    if evaluation.options.ambiguous != "none":
        lines.append(f"{evaluation.ambiguous_intervals} ambiguous intervals heeded")
    return lines


def _nearly_same(known: Iterable[str], others: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Annotated names or labels with those of the results that only look the same."""
    strangers = dict.fromkeys(others)
    texts = [*(text for text in known if text not in strangers), *strangers]
    return tuple((a, b) for a, b in look_alike(texts) if b in strangers and a not in strangers)


def _named(protocol: Protocol | ProtocolOptions) -> tuple[str, ProtocolOptions]:
    """A protocol's name and options; options that equal a preset's go by its name."""
    if isinstance(protocol, ProtocolOptions):
        names = [name for name, options in PROTOCOLS.items() if options == protocol]
        return (names[0] if names else "custom"), protocol
    if protocol not in PROTOCOLS:
        raise UsageError(f"protocol must be one of {', '.join(PROTOCOLS)}, not {protocol!r}")
    return protocol, PROTOCOLS[protocol]


def _all_ambiguous(
    videos: Sequence[VideoAnnotation], listed: Mapping[str, Float64Array]
) -> dict[str, Float64Array]:
    """Ambiguous intervals by video: those of the annotations, then those `listed`."""
    annotated = {video.name: video.ambiguous for video in videos}
    none = np.zeros((0, 2))
    return {
        name: np.concatenate([annotated.get(name, none), listed.get(name, none)])
        for name in dict.fromkeys([*annotated, *listed])
    }


def _thresholds(tious: Sequence[float] | Float64Array) -> Float64Array:
    thresholds = np.ascontiguousarray(tious, np.float64)
    if thresholds.ndim != 1 or thresholds.size == 0:
        raise UsageError("tious must be one or more thresholds, not none")
    for value in thresholds:
        if not 0 < value <= 1:
            raise UsageError(f"tious must be in (0, 1], not {value:g}")
    return thresholds
