"""A timeline drawn by matplotlib: curves, threshold, detections and truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lpat.errors import MissingPackageError, install_advice
from lpat.report.class_colours import CLASS_COLOURS
from lpat.report.curves import samples, value_range
from lpat.report.timeline import MOST_CLASSES, classes_to_show, last_end, spans_of
from lpat.types import Detections, Float64Array, Scores, Truth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = 10.0
_LANE, _CURVES = 0.28, 2.4  # inches of height
_OTHER, _TRUE = "#767d8b", "#3d4452"


def plot_timeline(
    scores: Scores | None,
    detections: Detections | None,
    truth: Truth | None,
    axes: Axes | None,
) -> Axes:
    """Axes with the curves, if there are `scores`, above a lane for each class and kind of segment.

    The axes are new ones of pyplot's where none are given. Heights of curves are scores; lanes lie
    below the lowest.

    Raises:
        MissingPackageError: matplotlib isn't installed.
        ValueError: scores without snippets.
    """
    if scores is not None and len(scores.background) == 0:
        raise ValueError(f"expected scores of at least one snippet, not {scores!r}")
    spans = [] if truth is None else spans_of(truth)
    found = [] if detections is None else [detections]
    order = classes_to_show(scores, found, {label for label, _, _ in spans})
    names = order[:MOST_CLASSES]
    lanes = [
        (name, kind, segments)
        for name in names
        for kind, segments in (
            ("truth", None if truth is None else _true_segments(spans, name)),
            ("found", None if detections is None else _segments(detections, name)),
        )
        if segments is not None
    ]
    if axes is None:
        height = _LANE * len(lanes) + (_CURVES if scores else 0.4) + 0.7
        axes = _new_axes(height)
    colours = _colours(scores, detections, names)
    share = 1.0  # of the axes' height that lanes take
    if scores is not None:
        share = _LANE * len(lanes) / (_LANE * len(lanes) + _CURVES)
        _draw_curves(axes, scores, names, colours, share)
    else:
        axes.set_ylim(0, 1)
        axes.set_yticks([])
    for number, (name, kind, segments) in enumerate(lanes):
        step = share / len(lanes)
        bottom = share - (number + 1) * step
        axes.broken_barh(
            [(start, end - start) for start, end in segments.tolist()],
            (bottom + 0.15 * step, 0.7 * step),
            transform=axes.get_xaxis_transform(),
            facecolors=_TRUE if kind == "truth" else colours[name],
        )
        axes.annotate(
            name if kind == "found" else f"{name}, {kind}",
            (1.01, bottom + 0.5 * step),
            xycoords="axes fraction",
            va="center",
            fontsize="small",
            parse_math=False,  # of a class whose name has a $
            annotation_clip=False,
        )
    axes.set_xlim(0, _duration(scores, detections, spans))
    axes.set_xlabel("seconds")
    return axes


def _new_axes(height: float) -> Axes:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingPackageError(f"plot needs matplotlib: {install_advice('plot')}") from error
    return pyplot.subplots(figsize=(_INCHES, height), layout="constrained")[1]


def _draw_curves(
    axes: Axes, scores: Scores, names: list[str], colours: dict[str, str], share: float
) -> None:
    """Each class's curve, filled where it is above the threshold, and the threshold."""
    indices = [scores.classes.index(name) for name in names if name in scores.classes]
    kept = np.arange(len(scores.background))
    seconds, threshold = samples(scores.edges, kept, scores.background.astype(np.float64))
    for index in indices:
        name = scores.classes[index]
        curve = samples(scores.edges, kept, scores.scores[:, index].astype(np.float64))[1]
        label = name.replace("$", r"\$")
        axes.plot(seconds, curve, color=colours[name], linewidth=1.2, label=label)
        axes.fill_between(
            seconds, threshold, curve, where=(curve > threshold).tolist(), interpolate=True,
            color=colours[name], alpha=0.24, linewidth=0,
        )  # fmt: skip
    axes.plot(seconds, threshold, color="black", linewidth=1.8, linestyle="--", label="threshold")
    low, high = value_range(scores, indices)
    axes.set_ylim(low - (high - low) * share / (1 - share), high)
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= high])
    axes.set_ylabel("score")
    axes.legend(loc="upper right", fontsize="small")


def _colours(
    scores: Scores | None, detections: Detections | None, names: list[str]
) -> dict[str, str]:
    """The colour of each class, by its index, as the reports have them."""
    known = scores.classes if scores else detections.classes if detections else ()
    return {
        name: CLASS_COLOURS[known.index(name) % len(CLASS_COLOURS)][0] if name in known else _OTHER
        for name in names
    }


def _true_segments(spans: list[tuple[str, float, float]], name: str) -> Float64Array:
    return np.array([its[1:] for its in spans if its[0] == name], np.float64).reshape(-1, 2)


def _segments(detections: Detections, name: str) -> Float64Array:
    index = detections.classes.index(name) if name in detections.classes else -1
    return detections.segments[detections.labels == index]


def _duration(
    scores: Scores | None, detections: Detections | None, spans: list[tuple[str, float, float]]
) -> float:
    if scores is not None:
        return float(scores.edges[-1])
    return last_end((detections,), spans) or 1.0
