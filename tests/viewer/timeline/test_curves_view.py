"""The curves' row: drive the models, look at pixels; drive the mouse, look at the models."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from lpat.types import Detections, Scores
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import LIGHT
from lpat_viewer.timeline.curve_painting import FEW
from lpat_viewer.timeline.curves_view import CurvesView
from lpat_viewer.timeline.scale import GUTTER, MARGIN


@pytest.fixture
def view(qtbot: QtBot, opened: Workspace) -> CurvesView:
    """A minute over 600 pixels."""
    view = CurvesView(opened)
    qtbot.addWidget(view)
    view.resize(GUTTER + 600 + MARGIN, 240)
    with qtbot.waitExposed(view):
        view.show()
    assert view.curves is not None
    return view


@pytest.fixture
def many(view: CurvesView) -> CurvesView:
    """The same, of more classes than are drawn smooth; the first is current."""
    random = np.random.default_rng(0)
    names = tuple(f"{number:02}" for number in range(FEW + 12))
    scores = Scores(
        names, random.standard_normal((120, len(names)), np.float32), np.zeros(120, np.float32),
        np.full(len(names) + 1, 0.05, np.float32), np.arange(121) / 2,
    )  # fmt: skip
    view.workspace.layers.clear()
    view.workspace.layers.put(Layer("many", Detections(names), scores))
    view.workspace.classes.set_shown(names, True)
    assert view.curves is not None
    return view


def picture(view: CurvesView) -> QImage:
    return view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels_of(image: QImage) -> np.ndarray:
    """Blue, green, red (height, width, 3)."""
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return rows[:, : image.width(), :3].astype(int)


def coloured_columns(image: QImage) -> list[int]:
    """Pixels from the left at which there is any colour, as of curves; all else is grey."""
    pixels = pixels_of(image)
    return np.flatnonzero((np.ptp(pixels, axis=2) > 15).any(axis=0)).tolist()


def test_curves_fill_the_row_between_gutter_and_margin(view: CurvesView) -> None:
    columns = coloured_columns(picture(view))
    assert GUTTER <= min(columns) <= GUTTER + 8  # the centre of the first snippet is at 2.5
    assert GUTTER + 592 <= max(columns) < GUTTER + 600


def test_the_gate_is_shaded_where_a_class_is_above_the_threshold(view: CurvesView) -> None:
    y = round(view.value_y(0.6))
    image = picture(view)

    def shaded(time: float) -> bool:
        return image.pixelColor(round(view.scale.x(time)), y) != QColor(LIGHT.background)

    assert [shaded(time) for time in (5, 15, 25, 32.5, 37, 42)] == [
        False, True, False, True, False, True,
    ]  # fmt: skip


def test_the_threshold_is_bold_at_its_value(view: CurvesView) -> None:
    image, middle = picture(view), round(view.value_y(0.0))
    column = pixels_of(image)[:, GUTTER + 20].mean(axis=1)
    ink = (1 - column / 255)[middle - 5 : middle + 6]
    assert ink.sum() > 1.6  # pixels of black; a curve has one
    assert abs((ink * np.arange(-5, 6)).sum() / ink.sum()) < 1


def test_solo_leaves_one_curve(view: CurvesView) -> None:
    view.workspace.classes.set_solo("run")
    assert view.curves is not None
    assert view.curves.labels == ("run",)


def test_a_difference_and_manual_thresholds_are_drawn_when_chosen(view: CurvesView) -> None:
    before = picture(view)
    view.workspace.display.set_threshold("manual")
    assert view.curves is not None
    assert len(view.curves.thresholds) == 2
    manual = picture(view)
    assert manual != before
    view.workspace.display.set_curves("difference")
    assert view.curves is not None
    assert len(view.curves.thresholds) == 1
    assert picture(view) != manual


def test_another_layer_is_laid_over_and_can_be_hidden(view: CurvesView, scores: Scores) -> None:
    alone = picture(view)
    lifted = replace(scores, scores=scores.scores + np.float32(0.5))
    view.workspace.layers.put(Layer("other.onnx", Detections(scores.classes), lifted))
    assert view.curves is not None
    assert view.curves.name == "model.onnx"
    both = picture(view)
    assert both != alone
    view.workspace.layers.set_shown("other.onnx", False)
    assert view.curves is not None
    assert picture(view) != both


def test_scores_that_grow_are_drawn_as_they_come(
    qtbot: QtBot, workspace: Workspace, scores: Scores
) -> None:
    workspace.playhead.set_duration(60.0)
    view = CurvesView(workspace)
    qtbot.addWidget(view)
    view.resize(GUTTER + 600 + MARGIN, 240)
    reached = []
    for snippets in (40, 80, 120):
        part = Scores(
            scores.classes, scores.scores[:snippets], scores.background[:snippets],
            scores.probabilities, scores.edges[: snippets + 1],
        )  # fmt: skip
        workspace.layers.put(Layer("m", Detections(scores.classes), part, complete=False))
        workspace.classes.set_solo("jump")
        assert view.curves is not None
        reached.append(max(coloured_columns(picture(view))) - GUTTER)
    assert [round(x, -1) for x in reached] == [200, 400, 600]


def test_panned_curves_are_those_drawn_anew(qtbot: QtBot, many: CurvesView) -> None:
    shown = many.workspace.time_range
    shown.show(10.01, 30.01)
    many.draw_anew()
    picture(many)
    for _ in range(5):
        shown.pan(7 * many.scale.seconds_per_pixel)
        picture(many)
    panned = picture(many)
    assert many.refined
    many.draw_anew()
    # Where a line's end falls between two pixels, rounding may choose either.
    differs = (pixels_of(picture(many)) != pixels_of(panned)).any(axis=2)
    assert differs.mean() < 0.01


def test_zoomed_curves_are_sharp_a_moment_later(qtbot: QtBot, many: CurvesView) -> None:
    many.grab()
    many.workspace.time_range.zoom(0.5, 30)
    stretched = picture(many)
    assert not many.refined
    qtbot.waitUntil(lambda: many.refined)
    sharp = picture(many)
    assert sharp != stretched
    many.draw_anew()
    assert picture(many) == sharp


def test_the_cursor_reads_out_time_class_score_and_threshold(
    qtbot: QtBot, view: CurvesView
) -> None:
    x = round(view.scale.x(32.25))
    qtbot.mouseMove(view, QPoint(x, round(view.value_y(0.9))))
    assert "run" in view.reading
    assert "0:32.2" in view.reading
    assert "1.00</b> above threshold 0.00" in view.reading
    qtbot.mouseMove(view, QPoint(x, round(view.value_y(-0.9))))
    assert "jump" in view.reading
    assert "below" in view.reading
    view.hover.set_time(None)
    assert view.reading == ""


def test_dragging_pans_and_a_click_seeks(qtbot: QtBot, view: CurvesView) -> None:
    shown = view.workspace.time_range
    shown.show(10, 30)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(view, left, pos=QPoint(GUTTER + 300, 100))
    qtbot.mouseMove(view, QPoint(GUTTER + 240, 100))
    qtbot.mouseRelease(view, left, pos=QPoint(GUTTER + 240, 100))
    assert shown.start == pytest.approx(12.0)
    qtbot.mouseClick(view, left, pos=QPoint(GUTTER + 300, 100))
    assert view.workspace.playhead.time == pytest.approx(22.0)


def test_what_cannot_be_drawn_is_said(qtbot: QtBot, workspace: Workspace) -> None:
    view = CurvesView(workspace)
    qtbot.addWidget(view)
    assert view.curves is None
    assert view.message.startswith("No scores yet")
    workspace.layers.put(Layer("found.json", Detections(("a",))))
    assert view.curves is None
    assert view.message == "found.json has detections, but no scores"


def test_colours_follow_the_system_at_once(qtbot: QtBot, view: CurvesView) -> None:
    light = picture(view)
    palette = view.palette()
    palette.setColor(palette.ColorRole.Base, QColor("black"))
    view.setPalette(palette)
    assert view.curves is not None
    dark = picture(view)
    corner = QPoint(view.width() - 3, 3)
    assert light.pixelColor(corner).lightness() > 200
    assert dark.pixelColor(corner).lightness() < 50


def test_one_outlier_does_not_flatten_the_axis_and_is_marked(view: CurvesView) -> None:
    (layer,) = view.workspace.layers.all
    assert layer.scores is not None
    assert "▲" not in view._legend.text()
    values = layer.scores.scores + np.linspace(0, 0.1, 120, dtype=np.float32)[:, None]
    values[60, 0] = 1e6
    view.workspace.layers.put(replace(layer, scores=replace(layer.scores, scores=values)))
    assert view.curves is not None
    assert view.curves.cut == (None, 1e6)
    assert -3 < view.frame.low < -1 < 1 < view.frame.high < 4
    assert "▲ up to 1e+06" in view._legend.text()
    image = picture(view)
    x = round(view.scale.x(30.25))
    top = round(view.value_y(view.frame.high))
    assert image.pixelColor(x, top + 3) == QColor(LIGHT.chosen)
    assert image.pixelColor(x + 40, top + 3) != QColor(LIGHT.chosen)
