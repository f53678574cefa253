"""Menus made of a table."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from lpat_viewer.windows.commands import Command, CommandMenus, help_rows


class Switch:
    """Something to switch, when that is possible."""

    def __init__(self) -> None:
        self.on = False
        self.possible = True

    def flip(self) -> None:
        self.on = not self.on


def menus_of(qtbot: QtBot, switch: Switch) -> tuple[QMainWindow, CommandMenus]:
    window = QMainWindow()
    qtbot.addWidget(window)
    table = [
        Command("Edit", "Flip", "B, Ctrl+B", switch.flip, lambda: switch.possible,
                lambda: switch.on),
        Command("Edit", "Other…", "X", lambda: None, group=1),
        Command("View", "Zoom", "+", lambda: None),
    ]  # fmt: skip
    menus = CommandMenus(window, window.menuBar(), table)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window, menus


def test_keys_run_a_command(qtbot: QtBot) -> None:
    switch = Switch()
    window, _ = menus_of(qtbot, switch)
    qtbot.keyClick(window, Qt.Key.Key_B)
    assert switch.on
    qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not switch.on


def test_what_can_not_be_done_is_grey_and_its_keys_do_nothing(qtbot: QtBot) -> None:
    switch = Switch()
    window, menus = menus_of(qtbot, switch)
    switch.possible = False
    menus.refresh()
    assert not menus.actions["Flip"].isEnabled()
    menus._enable_all()  # as when the menu has closed
    qtbot.keyClick(window, Qt.Key.Key_B)
    assert not switch.on
    switch.possible = True
    qtbot.keyClick(window, Qt.Key.Key_B)
    assert switch.on


def test_a_switch_is_ticked_as_it_is(qtbot: QtBot) -> None:
    switch = Switch()
    _, menus = menus_of(qtbot, switch)
    switch.flip()
    menus.refresh()
    assert menus.actions["Flip"].isChecked()


def test_menus_are_those_of_the_table(qtbot: QtBot) -> None:
    _, menus = menus_of(qtbot, Switch())
    assert list(menus.menus) == ["Edit", "View"]
    assert [action.text() for action in menus.menus["Edit"].actions()] == ["Flip", "", "Other…"]


def test_the_help_has_all_rows() -> None:
    rows = help_rows([Command("Edit", "Other…", "Ctrl+Z, Ctrl+Shift+Z", lambda: None)])
    assert rows == [("Edit", "Other", "Ctrl+Z, Ctrl+Shift+Z")]
