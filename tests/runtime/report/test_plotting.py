"""The timeline that matplotlib draws: curves and segments where their times are."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.text import Annotation

from lpat.annotations.reading import VideoAnnotation
from lpat.errors import MissingPackageError
from lpat.report.class_colours import CLASS_COLOURS
from lpat.types import Detections, Scores

mpl.use("Agg")

SCORES = Scores(
    ("run", "jump$"),
    np.array([[0, 0], [2, 0], [2, 0], [0, 0], [0, 0]], np.float32),
    np.ones(5, np.float32),
    np.array([0.3, 0.6, 0.1], np.float32),
    np.linspace(0, 10, 6),
)
DETECTIONS = Detections(SCORES.classes, np.array([[2.0, 6.0]]), np.array([0]), np.array([0.9]))


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    pyplot.close("all")


def bars(axes: Axes) -> list[tuple[float, float, str]]:
    """Start, end and colour of each bar, from above."""
    found = [(path.get_extents(), its) for its in axes.collections
             if isinstance(its, PolyCollection) and its.get_alpha() is None
             for path in its.get_paths()]  # fmt: skip
    return [
        (box.x0, box.x1, to_hex(its.get_facecolor()[0]))  # pyright: ignore[reportArgumentType]
        for box, its in sorted(found, key=lambda pair: -pair[0].y0)
    ]


def test_curves_lie_above_the_lanes_of_segments() -> None:
    axes = SCORES.plot(DETECTIONS, [("run", 2.5, 6.5)])
    assert [line.get_label() for line in axes.lines] == ["run", "jump\\$", "threshold"]
    assert np.asarray(axes.lines[0].get_xydata()).tolist()[1:3] == [[1, 0], [3, 2]]
    assert axes.get_xlim() == (0, 10)
    assert bars(axes) == [(2.5, 6.5, "#3d4452"), (2, 6, CLASS_COLOURS[0][0])]
    lanes = max(text.xy[1] for text in axes.texts if isinstance(text, Annotation))
    lowest, highest = axes.get_ylim()
    assert lowest + lanes * (highest - lowest) < -0.1  # the curves' lowest value is 0
    assert [text.get_text() for text in axes.texts][:2] == ["run, truth", "run"]
    axes.figure.canvas.draw()  # a $ in a class's name is no formula


def test_detections_alone_are_lanes() -> None:
    video = VideoAnnotation(
        "v", None, 9.0, ("skip",), np.array([[1.0, 8.0]]), segment_labels=("skip",)
    )
    axes = DETECTIONS.plot(video)
    assert axes.get_xlim() == (0, 8)
    assert (1, 8, "#3d4452") in bars(axes)
    assert (2, 6, CLASS_COLOURS[0][0]) in bars(axes)
    assert not axes.lines


def test_given_axes_are_drawn_into() -> None:
    _, (left, right) = pyplot.subplots(1, 2)
    assert SCORES.plot(axes=left) is left
    assert DETECTIONS.plot(scores=SCORES, axes=right) is right
    assert len(pyplot.get_fignums()) == 1


def test_nothing_found_is_drawn_as_nothing() -> None:
    axes = Detections(("run",)).plot()
    assert (axes.get_xlim(), bars(axes)) == ((0, 1), [])


def test_scores_of_no_snippet_are_refused() -> None:
    empty = Scores(("a",), np.zeros((0, 1), np.float32), np.zeros(0, np.float32),
                   np.zeros(2, np.float32), np.zeros(1))  # fmt: skip
    with pytest.raises(ValueError, match=r"at least one snippet, not Scores\(T=0, C=1\)"):
        empty.plot()
    assert empty._repr_html_() is None


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        MissingPackageError, match=r"needs matplotlib: pip install 'matplotlib>=3\.8'$"
    ):
        SCORES.plot()
