"""Commands: what the menus offer, by which keys, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Command:
    """One row of the table that the menus and the help are made of.

    `keys` are those of the menu, then others that do the same, separated by commas. A command
    with `checked` is a switch.
    """

    menu: str
    text: str
    keys: str
    run: Callable[[], object]
    enabled: Callable[[], bool] = _always
    checked: Callable[[], bool] | None = None
    group: int = 0  # a line divides groups in a menu

    @property
    def sequences(self) -> tuple[QKeySequence, ...]:
        """The keys as Qt has them."""
        return tuple(QKeySequence(keys) for keys in self.keys.split(", "))

    @property
    def keys_text(self) -> str:
        """The keys as the platform writes them."""
        form = QKeySequence.SequenceFormat.NativeText
        return ", ".join(sequence.toString(form) for sequence in self.sequences)


class CommandMenus:
    """The menus of a window, made of its commands, and kept true."""

    def __init__(self, window: QWidget, bar: QMenuBar, commands: Sequence[Command]) -> None:
        self.commands = tuple(commands)
        self.menus: dict[str, QMenu] = {}
        self.actions: dict[str, QAction] = {}
        groups: dict[str, int] = {}
        for command in commands:
            menu = self.menus.get(command.menu)
            if menu is None:
                menu = self.menus[command.menu] = bar.addMenu(f"&{command.menu}")
                menu.aboutToShow.connect(self.refresh)
                menu.aboutToHide.connect(self._enable_all)
            if groups.setdefault(command.menu, command.group) != command.group:
                menu.addSeparator()
                groups[command.menu] = command.group
            action = menu.addAction(command.text)
            action.setShortcuts(command.sequences)
            action.setCheckable(command.checked is not None)
            # Not what was so when the menu was shown, but what is so now, decides.
            action.triggered.connect(lambda _, command=command: self._run(command))
            window.addAction(action)
            self.actions[command.text] = action

    def refresh(self) -> None:
        """Show ticks as they are, and grey out what can't be done in the open menus."""
        for command in self.commands:
            action = self.actions[command.text]
            if command.checked is not None:
                action.setChecked(command.checked())
            action.setEnabled(command.enabled())

    def _enable_all(self) -> None:
        """A greyed action's keys are dead, and what can be done changes while no menu is open."""
        for action in self.actions.values():
            action.setEnabled(True)

    def _run(self, command: Command) -> None:
        if command.enabled():
            command.run()


def help_rows(commands: Sequence[Command]) -> list[tuple[str, str, str]]:
    """(menu, text, keys) of each command, in order."""
    return [(c.menu, c.text.rstrip("…"), c.keys_text) for c in commands]
