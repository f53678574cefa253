import re
from xml.etree import ElementTree

import numpy as np
import pytest

from lpat.report.svg import element
from lpat.report.timeline import timeline_svg
from lpat.types import Detections, Scores

SVG = "{http://www.w3.org/2000/svg}"

# At the default width the time axis runs from x = 84 to x = 946.
PIXELS = 862


def make_scores(columns, background, *, classes=("run", "jump"), probabilities=None, duration=10.0):
    values = np.array(columns, np.float32).T
    if probabilities is None:
        probabilities = [0.6, 0.3, 0.1]
    return Scores(
        tuple(classes),
        values,
        np.array(background, np.float32),
        np.array(probabilities, np.float32),
        np.linspace(0, duration, len(background) + 1),
    )


def make_detections(*found, classes=("run", "jump")):
    return Detections(
        classes,
        np.array([segment for _, segment, _ in found], np.float64).reshape(-1, 2),
        np.array([classes.index(label) for label, _, _ in found], np.int64),
        np.array([score for _, _, score in found], np.float64),
    )


TEN_SECONDS = make_scores([[0, 2, 2, 0, 0], [0, 0, 0, 0, 0]], [1, 1, 1, 1, 1])


def marks(svg, style):
    root = ElementTree.fromstring(svg)
    return [item for item in root.iter() if style in item.get("class", "").split()]


def spans(svg, kind):
    return [(float(bar.attrib["x"]), float(bar.attrib["width"])) for bar in marks(svg, kind)]


def texts(svg):
    return ["".join(item.itertext()) for item in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def points(path):
    return [tuple(map(float, pair.split(","))) for pair in re.findall(r"[-\d.]+,[-\d.]+", path)]


def test_bars_lie_where_their_times_are():
    svg = timeline_svg(
        TEN_SECONDS,
        make_detections(("run", (2.5, 5), 0.8)),
        [("run", 2, 5)],
        manual=make_detections(("run", (0, 10), 0.4)),
    )
    assert spans(svg, "truth") == [(256.4, 258.6)]  # 84 + 86.2 * 2, 86.2 * 3
    assert spans(svg, "predicted") == [(299.5, 215.5)]
    assert spans(svg, "manual") == [(84, PIXELS)]


def test_times_outside_the_video_are_cut_at_its_border():
    svg = timeline_svg(TEN_SECONDS, make_detections(), [("run", -5, 5), ("run", 8, 99)])
    assert spans(svg, "truth") == [(84, 431), (773.6, 172.4)]


def test_lanes_are_drawn_only_for_what_is_given():
    plain = texts(timeline_svg(TEN_SECONDS, make_detections()))
    assert "predicted" in plain
    assert "truth" not in plain
    assert "manual" not in plain
    full = texts(timeline_svg(TEN_SECONDS, make_detections(), [], manual=make_detections()))
    assert {"predicted", "truth", "manual"} <= set(full)


def test_area_above_the_threshold_begins_and_ends_where_the_lines_cross():
    # Middles of the snippets: 1, 3, 5, 7, 9 s. The score passes 1 halfway, at 2 and at 6 s.
    (shade,) = [
        mark
        for mark in marks(timeline_svg(TEN_SECONDS, make_detections()), "shade")
        if "c0" in mark.attrib["class"]
    ]
    across = [x for x, _ in points(shade.attrib["d"])]
    assert min(across) == pytest.approx(84 + PIXELS * 0.2, abs=0.06)
    assert max(across) == pytest.approx(84 + PIXELS * 0.6, abs=0.06)


def test_nothing_is_shaded_where_lines_only_touch():
    scores = make_scores([[0, 1, 0], [0, 0, 0]], [1, 1, 1])
    shaded = marks(timeline_svg(scores, make_detections()), "shade")
    assert ["c-other" in mark.attrib["class"] for mark in shaded] == [True]  # the legend's


@pytest.mark.parametrize("value", [0.0, 3.5, -2.0])
def test_single_snippet_is_a_level_line_over_the_whole_video(value):
    scores = make_scores([[value], [value]], [value], duration=0.64)
    svg = timeline_svg(scores, make_detections())
    line = points(marks(svg, "score")[0].attrib["d"])
    assert (line[0][0], line[-1][0]) == (84, 946)
    assert len({y for _, y in line}) == 1


def test_likely_classes_and_those_of_truth_are_shown_truth_first():
    scores = make_scores(
        [[0, 1]] * 4, [0, 0], classes="abcd", probabilities=[0.5, 0.1, 0.1, 0.2, 0.1]
    )
    svg = timeline_svg(scores, make_detections(), [("c", 1, 2), ("unknown", 3, 4)])
    names = [next(name.itertext()) for name in marks(svg, "name")]
    assert names == ["c", "unknown", "a"]
    assert "unknownnot a class of the model" in texts(svg)


def test_the_only_class_of_a_model_is_shown():
    scores = make_scores([[0, 1]], [0, 0], classes=("run",), probabilities=[0.3, 0.7])
    assert len(marks(timeline_svg(scores, Detections(("run",))), "name")) == 1


def test_a_class_keeps_its_colour_whatever_else_is_shown():
    for truth in ([], [("run", 0, 1)]):
        svg = timeline_svg(TEN_SECONDS, make_detections(("jump", (1, 2), 0.1)), truth)
        (bar,) = marks(svg, "predicted")
        assert "c1" in bar.attrib["class"].split()


def test_more_than_six_classes_are_counted_not_drawn():
    classes = [f"class {i}" for i in range(9)]
    truth = [(name, 0, 1) for name in classes]
    scores = make_scores(
        [[0, 1]] * 9, [0, 0], classes=classes, probabilities=np.full(10, 0.1).tolist()
    )
    svg = timeline_svg(scores, Detections(tuple(classes)), truth)
    assert len(marks(svg, "name")) == 6
    assert "3 more classes not shown" in texts(svg)


def test_names_from_files_are_escaped():
    name = "<script>&\"'\x00\udcff"
    scores = make_scores([[0, 1]], [0, 0], classes=(name,), probabilities=[0.9, 0.1])
    svg = timeline_svg(
        scores, make_detections((name, (1, 2), 1), classes=(name,)), [(name, 1, 2), ("]]>", 2, 3)]
    )
    assert "<script" not in svg
    assert any("<script>&\"'\ufffd\ufffd" in text for text in texts(svg))
    assert "]]>not a class of the model" in texts(svg)


def test_escaped_text_can_be_encoded():
    assert element("{}", "a\ud800<\x1b").encode() == "a\ufffd&lt;\ufffd".encode()


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (0.64, ["0 s", "0.1 s"]),
        (30.0, ["0 s", "5 s"]),
        (600.0, ["0:00", "1:00"]),
        (18000.0, ["0:00:00", "0:30:00"]),
        (1e6, ["0:00:00", "24:00:00"]),
    ],
)
def test_ruler_counts_in_round_steps(duration, expected):
    scores = make_scores([[0, 1], [0, 0]], [0, 0], duration=duration)
    ruler = [mark.text for mark in marks(timeline_svg(scores, make_detections()), "tick")]
    assert ruler[:2] == expected
    assert len(ruler) <= 14


def test_long_video_keeps_its_peaks_and_stays_small():
    rng = np.random.default_rng(0)
    classes = tuple(f"class {i}" for i in range(8))
    columns = rng.normal(size=(8, 40_000))
    columns[0, 12_345] = 50
    segments = np.sort(rng.uniform(0, 40_000, (20_000, 2)), axis=1)
    detections = Detections(classes, segments, rng.integers(0, 8, 20_000), rng.random(20_000))
    probabilities = np.linspace(0.3, 0.1, 9).tolist()
    scores = make_scores(
        columns, rng.normal(size=40_000), classes=classes,
        probabilities=probabilities, duration=40_000.0,
    )  # fmt: skip
    truth = [(classes[i % 6], float(i), i + 0.5) for i in range(6000)]
    svg = timeline_svg(scores, detections, truth, manual=detections)
    assert len(svg) < 300_000
    curve = next(mark for mark in marks(svg, "score") if "c0" in mark.attrib["class"].split())
    highest = min(points(curve.attrib["d"]), key=lambda point: point[1])
    assert highest[0] == pytest.approx(84 + PIXELS * 12_345.5 / 40_000, abs=0.1)


def test_crowded_lane_is_one_path_of_merged_bars():
    # 200 bars of 10 ms each 20 ms, from 0 to 3.99 s of 10: no pixel from 84 to 428 is free.
    found = [("run", (0.02 * i, 0.02 * i + 0.01), 0.5) for i in range(200)]
    (bar,) = marks(timeline_svg(TEN_SECONDS, make_detections(*found)), "predicted")
    assert re.match(r"M84,[\d.]+h344v10h-344z$", bar.attrib["d"])


def test_empty_scores_and_small_widths_are_refused():
    empty = make_scores(np.zeros((2, 0)), [])
    with pytest.raises(ValueError, match="at least one snippet, not Scores"):
        timeline_svg(empty, make_detections())
    with pytest.raises(ValueError, match="at least 720, not 100"):
        timeline_svg(TEN_SECONDS, make_detections(), width=100)


def test_values_far_off_the_axis_are_cut_and_marked():
    values = np.tile([0.0, 2.0], 50)
    values[60] = -1e6
    svg = timeline_svg(make_scores([values, values * 0], np.ones(100)), make_detections())
    (mark,) = marks(svg, "cut")
    assert points(mark.attrib["d"])[0] == (pytest.approx(84 + 0.605 * PIXELS - 4, abs=0.06), 180)
    assert "".join(mark.itertext()) == "beyond the axis: -1e+06"
    assert "0" in texts(svg)
    assert not any("e+" in text for text in texts(svg))
    assert not marks(timeline_svg(TEN_SECONDS, make_detections()), "cut")
