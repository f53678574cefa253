"""The list of classes, by mouse and keys."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lpat_viewer.models.classes import ClassEntry, ClassList
from lpat_viewer.windows.class_panel import ClassPanel


@pytest.fixture
def classes(qtbot: QtBot) -> ClassList:
    classes = ClassList()
    classes.set_entries([ClassEntry("jump", 0.9), ClassEntry("run", 0.4), ClassEntry("fall", 0.1)])
    return classes


@pytest.fixture
def panel(qtbot: QtBot, classes: ClassList) -> ClassPanel:
    panel = ClassPanel(classes)
    qtbot.addWidget(panel)
    panel.resize(240, 300)
    panel.show()
    return panel


def texts(panel: ClassPanel) -> list[str]:
    return [panel.items.index(row).data() for row in range(panel.items.rowCount())]


def test_classes_are_listed_with_their_confidence(panel: ClassPanel) -> None:
    assert texts(panel) == ["jump   0.90", "run   0.40", "fall   0.10"]


def test_typing_finds_a_class(qtbot: QtBot, panel: ClassPanel) -> None:
    qtbot.keyClicks(panel.search, "ru")
    assert texts(panel) == ["run   0.40"]


def test_a_tick_hides_a_class(panel: ClassPanel, classes: ClassList) -> None:
    panel.items.setData(
        panel.items.index(1), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole
    )
    assert classes.shown == ("jump", "fall")
    state = panel.items.index(1).data(Qt.ItemDataRole.CheckStateRole)
    assert Qt.CheckState(state) == Qt.CheckState.Unchecked


def test_a_click_chooses_and_a_double_click_shows_a_class_alone(
    qtbot: QtBot, panel: ClassPanel, classes: ClassList
) -> None:
    place = panel.list.visualRect(panel.items.index(1)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert classes.current == "run"
    qtbot.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert classes.shown == ("run",)
    panel.toggle_solo("run")
    assert len(classes.shown) == 3


def test_arrow_keys_choose_a_class(qtbot: QtBot, panel: ClassPanel, classes: ClassList) -> None:
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert classes.current == "run"


def test_the_list_follows_the_model(panel: ClassPanel, classes: ClassList) -> None:
    classes.set_current("fall")
    assert panel.items.listed[panel.list.currentIndex().row()] == "fall"
    classes.set_order("name")
    assert panel.items.listed == ("fall", "jump", "run")
    assert panel.items.listed[panel.list.currentIndex().row()] == "fall"


def test_controls_have_names_to_be_read_out(panel: ClassPanel) -> None:
    for widget in (panel.search, panel.order, panel.list):
        assert widget.accessibleName()
    spoken = panel.items.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "jump, confidence 0.90, shown"
