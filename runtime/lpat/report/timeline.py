"""A picture of one video's timeline: scores, the predicted threshold, detections and truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.report.class_colours import CLASS_COLOURS
from lpat.report.curves import (
    extremes,
    samples,
    spans_beyond,
    value_range,
    with_crossings,
)
from lpat.report.svg import element
from lpat.types import Detections, Float64Array, LabelledSegments, Scores, Truth

Spans = Sequence[tuple[str, float, float]]
"""Label, start and end in seconds of each true action."""

MOST_CLASSES = 6  # shown at once; more would hide each other
MOST_SINGLE_BARS = 120  # in a lane; beyond, neighbours in one pixel are merged
MOST_LETTERS = 60  # of a class's name
NAME_HEIGHT, LANE_HEIGHT, BAR_HEIGHT, RULER_HEIGHT = 24, 14, 10, 30
TICK_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
LEFT, RIGHT, TOP, CURVE_HEIGHT = 84, 14, 36, 150
PIXELS_PER_COLUMN = 3  # of a long video's curve, each drawn by its extremes


@dataclass(frozen=True)
class CurveFrame:
    """Where seconds and scores lie in the picture: by default one with room for names and lanes."""

    width: int
    duration: float
    low: float
    high: float
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    height: int = CURVE_HEIGHT

    @property
    def columns(self) -> int:
        """Parts of a long video's curve, each drawn by its extremes."""
        return max((self.width - self.left - self.right) // PIXELS_PER_COLUMN, 1)

    def x(self, seconds: Float64Array | float) -> Float64Array:
        """Horizontal places; times outside the video lie on its border."""
        share = np.clip(np.asarray(seconds, np.float64) / self.duration, 0, 1)
        return self.left + share * (self.width - self.left - self.right)

    def y(self, values: Float64Array | float) -> Float64Array:
        """Vertical places in the panel of curves; values off the axis lie on its border."""
        share = (np.asarray(values, np.float64) - self.low) / (self.high - self.low)
        return self.top + self.height * (1 - np.clip(share, 0, 1))


def colour_class(index: int | None) -> str:
    """Name of the style that carries a class's colour; None stands for no known class."""
    return "c-other" if index is None else f"c{index % len(CLASS_COLOURS)}"


@dataclass(frozen=True, eq=False)
class Lane:
    """Bars of one kind and one class: seconds (N, 2), a strength in [0, 1] and a tooltip each."""

    kind: str  # also its style's name
    segments: Float64Array
    strengths: Float64Array
    tooltips: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Row:
    """A class that is shown: its curve and lanes. `index` is None for a class of truth alone."""

    name: str
    index: int | None
    note: str
    lanes: tuple[Lane, ...]


def timeline_svg(
    scores: Scores | None,
    detections: Detections | None,
    truth: Truth | None = None,
    *,
    manual: Detections | None = None,
    width: int = 960,
) -> str:
    """One video's timeline as an SVG element, for a page or a file of its own.

    Shown are the classes of truth, of detections, those more probable than the mean class, and
    the most probable one in any case, together at most six. The area is shaded where a class's
    score is above the predicted threshold. A colour belongs to a class's index, so it is the
    same in every video. Of a long video, the curves' extremes are drawn and bars that share a
    pixel become one, so the text stays small.

    Args:
        scores: what the model says; at least one snippet. None draws no curves, and then the time
            ends with the last segment.
        detections: found by the predicted threshold; None draws no lanes for them.
        truth: the true actions; None draws no lanes for them.
        manual: found by a threshold chosen by hand; None draws no lanes for them.
        width: of the picture in pixels, at least 720.

    Raises:
        ValueError: scores without snippets or without duration, or too small a width.
    """
    if width < 720:
        raise ValueError(f"width must be at least 720, not {width}")
    if scores and (len(scores.background) == 0 or not scores.edges[-1] > 0):
        raise ValueError(f"expected scores of at least one snippet, not {scores!r}")
    spans = None if truth is None else spans_of(truth)
    rows, hidden = _rows(scores, detections, spans, manual)
    indices = [row.index for row in rows if row.index is not None]
    if scores is None:
        last = last_end((detections, manual), spans or ())
        frame = CurveFrame(width, last or 1.0, 0.0, 1.0, height=0)
    else:
        frame = CurveFrame(width, float(scores.edges[-1]), *value_range(scores, indices))
    return picture_svg(frame, rows, hidden, scores)


def picture_svg(
    frame: CurveFrame, rows: Sequence[Row], hidden: int, scores: Scores | None = None
) -> str:
    """Rows with their lanes below the curves; with None there are none, and the frame is flat.

    `hidden` classes are said to have no room.
    """
    width = frame.width
    indices = [row.index for row in rows if row.index is not None]
    lanes = sum(len(row.lanes) for row in rows)
    bottom = frame.top + frame.height + len(rows) * NAME_HEIGHT + lanes * LANE_HEIGHT + 6
    height = bottom + RULER_HEIGHT
    what = "Detections" if scores is None else "Scores, predicted threshold and detections"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lpat" role="img" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" '
        f'aria-label="{what} over time">',
        f"<style>{TIMELINE_STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *_grid(frame, bottom),
        *(() if scores is None else draw_curves(scores, indices, frame)),
        *(() if scores is None else _cuts(scores, indices, frame)),
        *_draw_rows(rows, frame),
        *(() if scores is None else _legend()),
        *_hidden_note(frame, hidden),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _rows(
    scores: Scores | None,
    detections: Detections | None,
    spans: Spans | None,
    manual: Detections | None,
) -> tuple[list[Row], int]:
    """The classes to show, those of truth first, by probability; how many had no room."""
    found = [its for its in (detections, manual) if its is not None]
    ordered = classes_to_show(scores, found, {label for label, _, _ in spans or ()})
    rows = []
    for name in ordered[:MOST_CLASSES]:
        lanes = [] if spans is None else [truth_lane(name, spans)]
        if detections is not None:
            kind, words = ("predicted", "predicted threshold") if scores else ("found", "found")
            lanes.append(detection_lane(kind, name, detections, words))
        if manual is not None:
            lanes.append(detection_lane("manual", name, manual, "manual threshold"))
        rows.append(_row(name, scores, detections, tuple(lanes)))
    return rows, len(ordered) - len(rows)


def _row(
    name: str, scores: Scores | None, detections: Detections | None, lanes: tuple[Lane, ...]
) -> Row:
    if scores is None:
        classes = detections.classes if detections else ()
        return Row(name, classes.index(name) if name in classes else None, "", lanes)
    if name not in scores.classes:
        return Row(name, None, "not a class of the model", lanes)
    note = f"probability {probabilities(scores)[name]:.2f}"
    return Row(name, scores.classes.index(name), note, lanes)


def spans_of(truth: Truth) -> list[tuple[str, float, float]]:
    """Label, start and end of each true action."""
    if isinstance(truth, LabelledSegments):
        spans = zip(truth.segment_labels, truth.segments.tolist(), strict=True)
        return [(label, start, end) for label, (start, end) in spans]
    return [(label, float(start), float(end)) for label, start, end in truth]


def last_end(
    found: Iterable[Detections | None], spans: Iterable[tuple[str, float, float]]
) -> float:
    """The latest end of all segments in seconds; 0 where there are none."""
    ends = [float(its.segments[:, 1].max(initial=0)) for its in found if its is not None]
    return max([*ends, *(end for _, _, end in spans)], default=0.0)


def probabilities(scores: Scores | None) -> dict[str, float]:
    """How probable the model finds each class in the video; none without scores."""
    if scores is None:
        return {}
    return dict(zip(scores.classes, map(float, scores.probabilities), strict=False))


def classes_to_show(
    scores: Scores | None, found: Iterable[Detections], first: Collection[str] = ()
) -> list[str]:
    """Classes `first`, those found, those more probable than the mean, and the most probable one.

    They come by probability, `first` before the others; all of them, so whoever has less room
    takes the first of these.
    """
    probability = probabilities(scores)
    mean = sum(probability.values()) / max(len(probability), 1)
    names = {*first, *(name for name in probability if probability[name] > mean)}
    names |= set(sorted(probability, key=probability.__getitem__)[-1:])
    for detections in found:
        names |= {detections.classes[label] for label in detections.labels}
    return sorted(names, key=lambda name: (name not in first, -probability.get(name, -1), name))


def truth_lane(name: str, truth: Spans) -> Lane:
    """The true actions of one label."""
    spans = [(start, end) for label, start, end in truth if label == name]
    tooltips = tuple(f"{name}, truth: {start:.2f} to {end:.2f} s" for start, end in spans)
    segments = np.array(spans, np.float64).reshape(-1, 2)
    return Lane("truth", segments, np.ones(len(spans)), tooltips)


def detection_lane(kind: str, name: str, detections: Detections, words: str) -> Lane:
    """The detections of one class, stronger with a higher score; `words` say which they are."""
    index = detections.classes.index(name) if name in detections.classes else -1
    mine = np.flatnonzero(detections.labels == index)
    scores = detections.scores[mine]
    tooltips = tuple(
        f"{name}, {words}: {start:.2f} to {end:.2f} s, score {score:.3f}"
        for (start, end), score in zip(detections.segments[mine], scores, strict=True)
    )
    highest = detections.scores.max(initial=0)
    shares = scores / highest if highest > 0 else np.ones(len(mine))
    return Lane(kind, detections.segments[mine], 0.4 + 0.6 * np.clip(shares, 0, 1), tooltips)


def draw_curves(scores: Scores, curves: list[int], frame: CurveFrame) -> Iterator[str]:
    """Shaded areas, then a curve for each class, then the threshold on top of all."""
    for index in reversed(curves):
        yield from draw_class(scores, index, frame)
    yield draw_threshold(scores, frame)


def draw_class(scores: Scores, index: int, frame: CurveFrame) -> Iterator[str]:
    """A class's shaded areas, if it has any, and its curve."""
    background = scores.background.astype(np.float64)
    score = scores.scores[:, index].astype(np.float64)
    kept = extremes(frame.columns, score, score - background)
    seconds, above = samples(scores.edges, kept, score)
    _, threshold = samples(scores.edges, kept, background)
    shade = _shade(seconds, above, threshold, frame)
    if shade:
        yield f'<path class="shade {colour_class(index)}" d="{shade}"/>'
    dashes = " again" if index >= len(CLASS_COLOURS) else ""
    line = _polyline(frame.x(seconds), frame.y(above))
    yield f'<path class="score {colour_class(index)}{dashes}" d="M{line}"/>'


def draw_threshold(scores: Scores, frame: CurveFrame) -> str:
    """The predicted threshold, thin and without dashes where it would be too dense for them."""
    background = scores.background.astype(np.float64)
    seconds, threshold = samples(scores.edges, extremes(frame.columns, background), background)
    dense = " dense" if len(seconds) > frame.columns else ""
    return (
        f'<path class="threshold{dense}" d="M{_polyline(frame.x(seconds), frame.y(threshold))}"/>'
    )


def _cuts(scores: Scores, curves: list[int], frame: CurveFrame) -> Iterator[str]:
    """A mark at the border wherever values lie beyond it, with the farthest in words."""
    values = np.column_stack((scores.background, scores.scores[:, curves])).astype(np.float64)
    highest, lowest = values.max(axis=1), values.min(axis=1)
    for sign, bound, ends in ((1, frame.high, highest), (-1, frame.low, lowest)):
        border = float(frame.y(bound))
        for first, stop in spans_beyond(sign * ends, sign * bound):
            x = float(frame.x((scores.edges[first] + scores.edges[stop]) / 2))
            farthest = sign * float((sign * ends[first:stop]).max())
            yield (
                f'<path class="cut" d="M{x - 4:.1f},{border + 6 * sign:.1f}h8l-4,{-6 * sign}z">'
                f"{element('<title>{}</title>', f'beyond the axis: {farthest:.4g}')}</path>"
            )


def _shade(
    seconds: Float64Array, above: Float64Array, threshold: Float64Array, frame: CurveFrame
) -> str:
    """Path around the areas in which one line lies above the other, "" if there are none."""
    seconds, above, threshold = with_crossings(seconds, above, threshold)
    inside = above >= threshold
    # Only runs with some height count, not single points where the lines touch.
    steps = np.flatnonzero(np.diff(np.concatenate(([0], inside.astype(int), [0]))))
    paths = []
    for first, last in steps.reshape(-1, 2):
        if (above[first:last] > threshold[first:last]).any():
            x = frame.x(seconds[first:last])
            there = _polyline(x, frame.y(above[first:last]))
            back = _polyline(x[::-1], frame.y(threshold[first:last][::-1]))
            paths.append(f"M{there} {back}Z")
    return "".join(paths)


def _polyline(x: Float64Array, y: Float64Array) -> str:
    """Points of a path, to a tenth of a pixel."""
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _draw_rows(rows: Sequence[Row], frame: CurveFrame) -> Iterator[str]:
    """Each class's name and, below it, its lanes."""
    top = frame.top + frame.height
    right = frame.width - RIGHT
    for row in rows:
        colour = colour_class(row.index)
        name = row.name if len(row.name) <= MOST_LETTERS else row.name[: MOST_LETTERS - 1] + "…"
        base = top + NAME_HEIGHT - 5
        yield f'<rect class="chip {colour}" x="{LEFT}" y="{base - 8}" width="8" height="8"/>'
        yield element(
            '<text class="name" x="{}" y="{}">{}<tspan class="note" dx="8">{}</tspan></text>',
            LEFT + 13,
            base,
            name,
            row.note,
        )
        top += NAME_HEIGHT
        for lane in row.lanes:
            middle = top + LANE_HEIGHT / 2
            yield f'<text class="kind" x="{LEFT - 8}" y="{middle + 3.5}">{lane.kind}</text>'
            yield f'<path class="rail" d="M{LEFT},{middle}H{right}"/>'
            yield from _bars(lane, colour, top + (LANE_HEIGHT - BAR_HEIGHT) / 2, frame)
            top += LANE_HEIGHT


def _bars(lane: Lane, colour: str, top: float, frame: CurveFrame) -> Iterator[str]:
    """A bar for each segment of the lane; one path for all if there are very many."""
    style = f'class="bar {lane.kind} {colour}"'
    starts, ends = frame.x(lane.segments).T
    if len(starts) > MOST_SINGLE_BARS:
        spans = merged_pixels(starts, ends)
        path = "".join(f"M{a},{top}h{b - a}v{BAR_HEIGHT}h{a - b}z" for a, b in spans)
        yield f'<path {style} d="{path}"/>'
        return
    for start, end, strength, tooltip in zip(
        starts, ends, lane.strengths, lane.tooltips, strict=True
    ):
        yield (
            f'<rect {style} x="{start:.2f}" y="{top}" width="{max(end - start, 1):.2f}" '
            f'height="{BAR_HEIGHT}" rx="1.5" opacity="{strength:.2f}">'
            f"{element('<title>{}</title>', tooltip)}</rect>"
        )


def merged_pixels(starts: Float64Array, ends: Float64Array) -> list[tuple[int, int]]:
    """Whole pixels covered by any of the bars, as spans that don't touch, in order."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(zip(np.floor(starts), np.ceil(ends), strict=True)):
        first, last = int(start), max(int(end), int(start) + 1)
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((first, last))
    return spans


def _grid(frame: CurveFrame, bottom: float) -> Iterator[str]:
    """Upright lines with the time below, level lines with the score at the left."""
    right = frame.width - RIGHT
    fitting = max((right - LEFT) / 70, 1)
    longest = TICK_STEPS[-1] * float(np.ceil(frame.duration / TICK_STEPS[-1] / fitting))
    step = next((step for step in TICK_STEPS if frame.duration / step <= fitting), longest)
    ticks = [k * step for k in range(int(frame.duration / step + 1e-9) + 1)]
    places = [float(frame.x(seconds)) for seconds in ticks]
    yield (
        '<path class="grid" d="' + "".join(f"M{x:.1f},{frame.top}V{bottom}" for x in places) + '"/>'
    )
    for x, seconds in zip(places, ticks, strict=True):
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 15}">{_clock(seconds, frame)}</text>'
    for value in level_ticks(frame.low, frame.high) if frame.height else ():
        y = float(frame.y(value))
        yield f'<path class="grid" d="M{LEFT},{y:.1f}H{right}"/>'
        yield f'<text class="kind" x="{LEFT - 8}" y="{y + 3.5:.1f}">{value:g}</text>'


def _clock(seconds: float, frame: CurveFrame) -> str:
    """A time of the ruler: seconds of a short video, else minutes and hours."""
    if frame.duration <= 120:
        return f"{seconds:.3g} s"
    return clock_text(seconds, of=frame.duration)


def clock_text(time: float, decimals: int = 0, *, of: float = 0.0) -> str:
    """A time as people write it: 1:02:03.45, or 0:07; with hours where `of` seconds have some."""
    unit = 10**decimals
    seconds, fraction = divmod(round(time * unit), unit)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    with_hours = hours or of >= 3600
    text = f"{hours}:{minutes:02}:{seconds:02}" if with_hours else f"{minutes}:{seconds:02}"
    return f"{text}.{fraction:0{decimals}}" if decimals else text


def level_ticks(low: float, high: float) -> list[float]:
    """Two to five round values between `low` and `high`."""
    power = 10.0 ** np.floor(np.log10(high - low))
    step = next(s * power for s in (0.2, 0.5, 1, 2, 5) if (high - low) / (s * power) <= 5)
    return [float(f"{k * step:.6g}") for k in range(int(np.ceil(low / step)), int(high / step) + 1)]


def _legend() -> Iterator[str]:
    """What the marks mean, above the curves."""
    yield f'<path class="threshold" d="M{LEFT},17h26"/>'
    yield f'<text class="legend" x="{LEFT + 33}" y="21">predicted threshold</text>'
    yield f'<path class="score c-other" d="M{LEFT + 168},17h26"/>'
    yield f'<text class="legend" x="{LEFT + 201}" y="21">class score</text>'
    yield f'<rect class="shade c-other" x="{LEFT + 288}" y="11" width="26" height="12"/>'
    yield f'<text class="legend" x="{LEFT + 321}" y="21">score above the threshold</text>'


def _hidden_note(frame: CurveFrame, hidden: int) -> Iterator[str]:
    """How many classes had no room, if any."""
    if hidden:
        yield (
            f'<text class="legend end" x="{frame.width - RIGHT}" y="21">'
            f"{hidden} more {'class' if hidden == 1 else 'classes'} not shown</text>"
        )


def _style() -> str:
    """Rules of the picture, for light pages and then for dark ones."""
    light = "".join(f".lpat .c{i}{{color:{day}}}" for i, (day, _) in enumerate(CLASS_COLOURS))
    dark = "".join(f".lpat .c{i}{{color:{night}}}" for i, (_, night) in enumerate(CLASS_COLOURS))
    return (
        ".lpat{font:11px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
        ".lpat .paper{fill:#fff}.lpat text{fill:#3d4452}.lpat .name{font-weight:600;font-size:12px}"
        ".lpat .note{font-weight:400;font-size:10.5px;fill:#767d8b}"
        ".lpat .kind{text-anchor:end;font-size:10px;fill:#767d8b}"
        ".lpat .tick{text-anchor:middle;fill:#767d8b}.lpat .end{text-anchor:end}"
        ".lpat .grid,.lpat .rail{stroke:#e3e6eb;stroke-width:1;fill:none}"
        ".lpat .score{stroke:currentColor;stroke-width:1.5;fill:none;stroke-linejoin:round}"
        ".lpat .again{stroke-dasharray:5 2}"
        ".lpat .shade{fill:currentColor;fill-opacity:.24}"
        ".lpat .threshold{stroke:#14171d;stroke-width:2.2;stroke-dasharray:6 3;fill:none}"
        ".lpat .dense{stroke-width:1;stroke-dasharray:none}"
        ".lpat .chip,.lpat .bar{fill:currentColor}.lpat .c-other{color:#767d8b}"
        ".lpat .truth{fill:#3d4452}"
        ".lpat .manual,.lpat .false{fill-opacity:.22;stroke:currentColor;stroke-width:1}"
        + light
        + "@media "
        "(prefers-color-scheme:dark){.lpat .paper{fill:#171a20}.lpat text{fill:#d5d9e1}"
        ".lpat .note,.lpat .kind,.lpat .tick{fill:#969eac}"
        ".lpat .grid,.lpat .rail{stroke:#2b303a}.lpat .threshold{stroke:#f4f6fa}"
        ".lpat .c-other{color:#969eac}.lpat .truth{fill:#c3c9d4}" + dark + "}"
    )


TIMELINE_STYLE = _style()
"""Rules of what has the class `lpat`: a picture of this module, or a page's own timeline."""
