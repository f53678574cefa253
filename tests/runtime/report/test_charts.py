"""Charts: where curves and bars lie, and that no label breaks the picture."""

from xml.etree import ElementTree

import numpy as np
import pytest

from lpat.report.charts import (
    MOST_CURVES,
    Axis,
    Bar,
    Curve,
    bar_chart_svg,
    curve_chart_svg,
    percent_axis,
    small_curve_svg,
)

EVIL = "</text><script>alert('&')</script>\x00"
SPACE = "{http://www.w3.org/2000/svg}"
X, Y = percent_axis("recall"), percent_axis("precision")


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    """Elements of one kind; the whole must be well-formed."""
    return list(ElementTree.fromstring(svg).iter(SPACE + tag))


def lengths(svg: str) -> list[float]:
    """Widths of a chart's bars, without the squares of its legend."""
    return [
        float(rect.attrib["width"])
        for rect in elements(svg, "rect")
        if "piece" in rect.attrib["class"]
    ]


def texts(svg: str) -> list[str | None]:
    return [element.text for element in elements(svg, "text")]


def test_a_curve_lies_between_its_axes() -> None:
    # The plot reaches from (62, 18) to (728, 310).
    curve = Curve("one", np.array([0.0, 50, 100]), np.array([100.0, 50, 0]))
    svg = curve_chart_svg([curve], X, Y)
    assert 'd="M62.0,18.0 395.0,164.0 728.0,310.0"' in svg
    assert {"one", "recall", "precision", "0", "20", "100"} <= set(texts(svg))


def test_values_beyond_the_axis_stay_at_its_end() -> None:
    axis = Axis("n", 1, 3, (1, 2, 3))
    assert axis.places(np.array([0.0, 1, 2, 3, 9]), 10, 30).tolist() == [10, 10, 20, 30, 30]


def test_curves_differ_by_their_dashes() -> None:
    curve = Curve("c", np.array([0.0]), np.array([0.0]))
    svg = curve_chart_svg([curve] * MOST_CURVES, X, Y)
    marks = [path.attrib["class"] for path in elements(svg, "path")]
    assert all(marks.count(f"line k{number}") == 2 for number in range(MOST_CURVES))


@pytest.mark.parametrize("count", [0, MOST_CURVES + 1])
def test_no_curve_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"expected 1 to {MOST_CURVES} curves, not {count}"):
        curve_chart_svg([Curve("c", np.zeros(1), np.zeros(1))] * count, X, Y)


def test_parts_of_a_bar_are_shares_of_its_sum() -> None:
    bars = [Bar("a", [3, 1], "4 things"), Bar("b", [0, 0], "none"), Bar("c", [0, 5])]
    svg = bar_chart_svg(bars, ("x", "y"), label="things", colours=(0, 3))
    whole = 988 - 144 - 188
    assert lengths(svg) == [0.75 * whole, 0.25 * whole, whole]
    assert {"x", "y", "a", "4 things", "75%", "25%", "100%"} <= set(texts(svg))
    assert [title.text for title in elements(svg, "title")] == ["x: 3", "y: 1", "y: 5"]


def test_parts_too_short_for_a_figure_have_none() -> None:
    svg = bar_chart_svg([Bar("a", [99, 1])], ("x", "y"), label="things")
    assert "99%" in texts(svg)
    assert "1%" not in texts(svg)


def test_bars_may_be_parts_of_one_whole() -> None:
    bars = [Bar("a", [1.0], "+1"), Bar("b", [4.0], "+4"), Bar("c", [0.0], "+0")]
    svg = bar_chart_svg(bars, ("gain",), label="gains", whole=4)
    assert lengths(svg) == [164, 656]
    assert texts(svg) == ["a", "+1", "b", "+4", "c", "+0"]


def test_labels_are_escaped_and_cut() -> None:
    curve = Curve(EVIL, np.array([0.0, 1]), np.array([0.0, 1]))
    axis = percent_axis(EVIL)
    pictures = [
        curve_chart_svg([curve], axis, axis),
        small_curve_svg(curve, axis, axis, EVIL),
        bar_chart_svg([Bar(EVIL, [1, 2], EVIL)], (EVIL, EVIL), label=EVIL),
    ]
    for svg in pictures:
        assert not elements(svg, "script")
        assert EVIL[:25] + "…" in texts(svg)
