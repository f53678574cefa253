"""The list of classes: search, order, which are shown, which one is chosen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from lpat_viewer.models.classes import ClassList
from lpat_viewer.theme import class_colour, theme_of

SWATCH = 12
ORDERS = {"confidence": "Most confident first", "name": "By name"}
AnyIndex = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class ClassItems(QAbstractListModel):
    """The listed classes as Qt's views have them: name, confidence, colour, and a tick if shown."""

    def __init__(self, classes: ClassList, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._classes = classes
        self._listed: tuple[str, ...] = ()
        classes.changed.connect(self._take)
        classes.shown_changed.connect(self._on_shown_changed)
        self._take()

    @property
    def listed(self) -> tuple[str, ...]:
        """Labels, row by row."""
        return self._listed

    def rowCount(self, parent: AnyIndex = _ROOT) -> int:  # noqa: N802 - Qt's name
        """Qt's: how many are listed."""
        return 0 if parent.isValid() else len(self._listed)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Qt's: all can be chosen and ticked."""
        return super().flags(index) | Qt.ItemFlag.ItemIsUserCheckable

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: what a row shows."""
        show = {
            Qt.ItemDataRole.DisplayRole: self._text,
            Qt.ItemDataRole.DecorationRole: self._colour,
            Qt.ItemDataRole.CheckStateRole: self._tick,
            Qt.ItemDataRole.ForegroundRole: self._text_colour,
            Qt.ItemDataRole.AccessibleTextRole: self._spoken,
            Qt.ItemDataRole.ToolTipRole: self._text,
        }.get(Qt.ItemDataRole(role))
        return show(self._listed[index.row()]) if show is not None and index.isValid() else None

    def _text(self, label: str) -> str:
        confidence = self._classes.entry(label).confidence
        return f"{label}   {confidence:.2f}" if confidence else label

    def _spoken(self, label: str) -> str:
        shown = "shown" if label in self._classes.shown else "hidden"
        return f"{label}, confidence {self._classes.entry(label).confidence:.2f}, {shown}"

    def _colour(self, label: str) -> QIcon:
        theme = theme_of(self._widget.palette())
        return _swatch(class_colour(self._classes.colour(label), theme))

    def _text_colour(self, label: str) -> QColor | None:
        alone = self._classes.solo
        return QColor(Qt.GlobalColor.gray) if alone not in (None, label) else None

    def _tick(self, label: str) -> Qt.CheckState:
        shown = self._classes.is_shown(label)
        return Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked

    def setData(  # noqa: N802 - Qt's name
        self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Qt's: a tick shows or hides a class."""
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self._classes.set_shown(
            [self._listed[index.row()]], Qt.CheckState(value) == Qt.CheckState.Checked
        )
        return True

    def _take(self) -> None:
        if self._classes.listed == self._listed:
            self._on_shown_changed()
            return
        self.beginResetModel()
        self._listed = self._classes.listed
        self.endResetModel()

    def _on_shown_changed(self) -> None:
        if self._listed:
            self.dataChanged.emit(self.index(0), self.index(len(self._listed) - 1))


class ClassPanel(QWidget):
    """Search, order and list. A double click shows a class alone, or as many as before."""

    def __init__(self, classes: ClassList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes = classes
        self.search = QLineEdit(placeholderText="Find a class", clearButtonEnabled=True)
        self.search.setAccessibleName("Find a class")
        self.search.textChanged.connect(classes.search)
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the classes")
        for order, text in ORDERS.items():
            self.order.addItem(text, order)
        self.order.currentIndexChanged.connect(lambda: classes.set_order(self.order.currentData()))
        self.items = ClassItems(classes, self)
        self.list = QListView()
        self.list.setAccessibleName("Classes")
        self.list.setModel(self.items)
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._offer)
        self.list.doubleClicked.connect(lambda index: self.toggle_solo(self._label(index)))
        self.list.selectionModel().currentChanged.connect(self._on_current)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.order)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(top)
        column.addWidget(self.list)
        self.items.modelReset.connect(self._show_current)
        classes.current_changed.connect(self._show_current)
        self._show_current()

    def toggle_solo(self, label: str | None) -> None:
        """Show a class alone, or as many as before."""
        self._classes.set_solo(None if label == self._classes.solo else label)

    def _label(self, index: AnyIndex) -> str:
        return self.items.listed[index.row()]

    def _on_current(self, index: QModelIndex) -> None:
        if index.isValid():
            self._classes.set_current(self._label(index))

    def _show_current(self) -> None:
        current, listed = self._classes.current, self.items.listed
        with QSignalBlocker(self.list.selectionModel()):
            index = self.items.index(listed.index(current)) if current in listed else QModelIndex()
            self.list.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
        self.list.viewport().update()

    def _offer(self, place: Any) -> None:
        index = self.list.indexAt(place)
        menu = QMenu(self)
        if index.isValid():
            label = self._label(index)
            alone = self._classes.solo == label
            menu.addAction(
                "Show all again" if alone else f"Show only {label}",
                lambda: self.toggle_solo(label),
            )
        menu.addAction("Tick all listed", lambda: self._classes.set_shown(self.items.listed, True))
        menu.addAction("Tick none", lambda: self._classes.set_shown(self.items.listed, False))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.list.viewport().mapToGlobal(place))


def _swatch(colour: QColor) -> QIcon:
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(0, 0, SWATCH, SWATCH, 3, 3)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # the colour as it is, in the chosen row too
    return icon
