"""What notebooks show: a picture that needs nothing else, in which no name is markup."""

from xml.etree import ElementTree

import numpy as np

from lpat.types import Detections, Scores

EVIL = '</svg><script>alert("1")</script>'


def scores_of(classes: tuple[str, ...]) -> Scores:
    return Scores(
        classes,
        np.array([[0, 0], [2, 0], [0, 0]], np.float32),
        np.ones(3, np.float32),
        np.array([0.6, 0.3, 0.1], np.float32),
        np.linspace(0, 3, 4),
    )


def shown(html: str | None) -> ElementTree.Element:
    """The picture's root, once it is sure that nothing is fetched or run."""
    assert html is not None
    assert "<script" not in html
    assert html.count("http") == 1  # the name space
    (svg,) = (its for its in ElementTree.fromstring(html) if its.tag.endswith("svg"))
    return svg


def marks(svg: ElementTree.Element, style: str) -> list[ElementTree.Element]:
    return [its for its in svg.iter() if style in its.get("class", "").split()]


def test_scores_are_curves_and_a_threshold_without_lanes() -> None:
    svg = shown(scores_of(("run", EVIL))._repr_html_())
    assert len(marks(svg, "score")) == 2  # a curve, and that of the legend
    assert not marks(svg, "bar")
    assert not marks(svg, "rail")


def test_detections_are_lanes_without_curves() -> None:
    found = Detections(
        (EVIL, "run"), np.array([[0.0, 5.0], [5.0, 10.0]]), np.array([1, 0]), np.array([0.9, 0.5])
    )
    html = found._repr_html_()
    assert "2 detections" in html
    svg = shown(html)
    bars = marks(svg, "found")
    assert [float(bar.attrib["width"]) for bar in bars] == [431, 431]  # half of the time each
    assert not marks(svg, "score")
    assert not marks(svg, "threshold")
    titles = [title.text or "" for bar in bars for title in bar]
    assert any(title.startswith("run, found: 0.00 to 5.00 s") for title in titles)
    assert any(EVIL in title for title in titles)


def test_without_detections_a_line_says_so() -> None:
    assert "no detections" in Detections(("run",))._repr_html_()
    assert "<svg" not in Detections(("run",))._repr_html_()


def test_what_has_no_finite_curve_is_left_to_the_text() -> None:
    scores = scores_of(("run", "jump"))
    scores.scores[1, 0] = np.nan
    assert scores._repr_html_() is None
