"""The window: docks around nothing, menus made of the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QMenuBar,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from lpat_viewer.models.notices import Notices
from lpat_viewer.windows.commands import Command, CommandMenus
from lpat_viewer.windows.guide_window import GuideWindow
from lpat_viewer.windows.help_window import HelpWindow
from lpat_viewer.windows.message_bar import MessageBar
from lpat_viewer.windows.settings import Settings

AREA = Qt.DockWidgetArea


class MainWindow(QMainWindow):
    """Docks that can be moved anywhere, a bar for messages, and files dropped on it opened."""

    def __init__(
        self,
        notices: Notices,
        settings: Settings,
        *,
        open_paths: Callable[[Sequence[Path]], None],
        may_close: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._notices, self._settings = notices, settings
        self._open_paths, self._may_close = open_paths, may_close
        self._docks: dict[str, QDockWidget] = {}
        self._menus: CommandMenus | None = None
        self._help: HelpWindow | None = None
        self._guide: GuideWindow | None = None
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self.resize(1280, 860)
        self.messages = MessageBar(notices)
        # The bar lies between menu and docks: a window has no other place for it.
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        self._bar = QMenuBar()
        column.addWidget(self._bar)
        column.addWidget(self.messages)
        self.setMenuWidget(top)

    def add_dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        """A dock with a widget, at a side of the window."""
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock {title}")  # by which its place is remembered
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        self._docks[title] = dock
        return dock

    def arrange(self) -> None:
        """Put all docks where they are at first: video above, timeline below, lists at the side."""
        docks = self._docks
        for dock in docks.values():
            dock.setFloating(False)
            dock.setVisible(True)
            self.removeDockWidget(dock)
        self.addDockWidget(AREA.TopDockWidgetArea, docks["Video"])
        self.addDockWidget(AREA.BottomDockWidgetArea, docks["Timeline"])
        self.splitDockWidget(docks["Video"], docks["Classes"], Qt.Orientation.Horizontal)
        self.splitDockWidget(docks["Classes"], docks["Models"], Qt.Orientation.Vertical)
        for title in ("Segments", "Videos"):
            self.tabifyDockWidget(docks["Models"], docks[title])
        for dock in docks.values():
            dock.show()
        docks["Models"].raise_()
        self.resizeDocks([docks["Video"], docks["Classes"]], [860, 420], Qt.Orientation.Horizontal)
        self.resizeDocks([docks["Classes"], docks["Models"]], [210, 170], Qt.Orientation.Vertical)
        self.resizeDocks([docks["Video"], docks["Timeline"]], [380, 480], Qt.Orientation.Vertical)

    def restore(self) -> None:
        """Put everything where it was when the window was closed last."""
        self.arrange()
        self._settings.restore_layout(self)

    def set_commands(self, commands: Sequence[Command]) -> CommandMenus:
        """Make the menus: of these commands, and of the window's own."""
        own = (*self._view_commands(), *self._help_commands())
        quit_command = Command("File", "Quit", "Ctrl+Q", self.close, group=9)
        place = max(n for n, command in enumerate(commands) if command.menu == "File") + 1
        table = (*commands[:place], quit_command, *commands[place:], *own)
        self._menus = CommandMenus(self, self._bar, table)
        self._add_recent(self._menus.menus["File"])
        return self._menus

    @property
    def commands(self) -> tuple[Command, ...]:
        """All commands of the menus."""
        return self._menus.commands if self._menus is not None else ()

    def _view_commands(self) -> Sequence[Command]:
        menu = partial(Command, "Window")
        shown = [
            menu(title, f"Alt+{number}", partial(self._toggle_dock, dock),
                 checked=partial(self._is_in_front, dock))
            for number, (title, dock) in enumerate(self._docks.items(), start=1)
        ]  # fmt: skip
        return (
            *shown,
            menu("Arrange as at first", "Alt+0", self.arrange, group=1),
            menu("Full screen", "F11", self._toggle_full_screen, checked=self.isFullScreen,
                 group=1),
        )  # fmt: skip

    def _help_commands(self) -> Sequence[Command]:
        return (
            Command("Help", "Keys and commands", "F1", self.show_help),
            Command("Help", "Guide", "Shift+F1", self.show_guide),
            Command("Help", "Dismiss the message", "Esc", self._notices.dismiss),
        )

    def show_help(self) -> None:
        """Open the table of commands."""
        if self._help is None:
            self._help = HelpWindow(self.commands, self)
        self._help.show()
        self._help.raise_()

    def show_guide(self) -> None:
        """Open the documentation."""
        if self._guide is None:
            self._guide = GuideWindow("viewer.md", self)
        self._guide.show()
        self._guide.raise_()

    def _toggle_dock(self, dock: QDockWidget) -> None:
        if self._is_in_front(dock):
            dock.hide()
        else:
            dock.show()
            dock.raise_()

    def _is_in_front(self, dock: QDockWidget) -> bool:
        """Whether a dock is open, and no other of the same tabs hides it."""
        if dock.isHidden():
            return False
        together = {other.windowTitle() for other in self.tabifiedDockWidgets(dock)}
        if not together:
            return True
        title = dock.windowTitle()
        bars = self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return any(bar.tabText(bar.currentIndex()) == title for bar in bars)

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _add_recent(self, menu: QMenu) -> None:
        recent = QMenu("Open recent", self)
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        menu.insertMenu(menu.actions()[2], recent)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for path in self._settings.recent:
            menu.addAction(str(path), lambda path=path: self._open_paths([path]))
        menu.addSeparator()
        menu.addAction("Forget these", self._settings.forget_recent)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: files may be dropped."""
        if _dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: open what was dropped."""
        event.acceptProposedAction()
        self._open_paths(_dropped_paths(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: close unless something unsaved is to be kept."""
        if not self._may_close():
            event.ignore()
            return
        self._settings.save_layout(self)
        event.accept()


def _dropped_paths(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
