"""The documentation in a window, as it is installed: nothing is fetched from anywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage, QTextBlock, QTextDocument
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

PAGES = {
    "viewer.md": "The viewer",
    "tagging.md": "Tagging videos",
    "better-results.md": "Better results",
    "training.md": "Training",
    "formats.md": "Formats",
    "commands.md": "All commands",
}
"""Pages that are listed, with their titles; others are reached by links."""


def guide_folder() -> Path | None:
    """Where the pages are: in the installed package, or else in the source it runs from."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "guide", package.parents[1] / "docs")
    return next((place for place in places if (place / "viewer.md").is_file()), None)


def anchor_of(heading: str) -> str:
    """What a link to a heading is called: `#a-heading-of-words`."""
    return re.sub(r"[^\w\- ]", "", heading.strip().casefold()).replace(" ", "-")


class GuideWindow(QDialog):
    """The pages of the documentation, with links between them and a line to find words."""

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Guide")
        self.resize(860, 760)
        self.pages = QComboBox()
        self.pages.setAccessibleName("Pages")
        for name, title in PAGES.items():
            self.pages.addItem(title, name)
        self.back = QPushButton("Back")
        self.back.setAutoDefault(False)
        self.search = QLineEdit(placeholderText="Find on this page", clearButtonEnabled=True)
        self.search.setAccessibleName("Find on this page")
        self.text = _Page()
        row = QHBoxLayout()
        for widget in (self.back, self.pages, self.search):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.text)
        self.pages.activated.connect(lambda place: self.show_page(self.pages.itemData(place)))
        self.back.clicked.connect(self.text.backward)
        self.text.backwardAvailable.connect(self.back.setEnabled)
        self.text.sourceChanged.connect(self._on_page)
        self.text.anchorClicked.connect(self._on_link)
        self.search.returnPressed.connect(self.find_next)
        self.back.setEnabled(False)
        self.show_page(page)

    def show_page(self, page: str) -> None:
        """Show a page by its name, `viewer.md`."""
        folder = guide_folder()
        if folder is None or not (folder / page).is_file():
            self.text.setPlainText(f"{page} isn't installed: the source of lpat has it in docs/.")
            return
        self.text.setSource(
            QUrl.fromLocalFile(str(folder / page)), QTextDocument.ResourceType.MarkdownResource
        )

    def find_next(self) -> None:
        """Go to the next place that has what was typed, after the last from the first again."""
        words = self.search.text()
        if words and not self.text.find(words):
            cursor = self.text.textCursor()
            cursor.movePosition(cursor.MoveOperation.Start)
            self.text.setTextCursor(cursor)
            self.text.find(words)

    def _on_page(self, url: QUrl) -> None:
        self.pages.setCurrentIndex(self.pages.findData(url.fileName()))

    def _on_link(self, link: QUrl) -> None:
        """Follow a link: to a heading, to a page, or out into the browser."""
        url = self.text.source().resolved(link)
        if not url.isLocalFile():
            QDesktopServices.openUrl(url)
            return
        if url.fileName() and url.fileName() != self.text.source().fileName():
            self.show_page(url.fileName())
        if url.hasFragment():
            self.text.go_to_heading(url.fragment())


class _Page(QTextBrowser):
    """One page of Markdown, with pictures that are no wider than the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Guide")
        self.setOpenLinks(False)

    def go_to_heading(self, anchor: str) -> None:
        """Scroll to the heading that a link names."""
        block: QTextBlock = self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and anchor_of(block.text()) == anchor:
                top = self.document().documentLayout().blockBoundingRect(block).top()
                self.verticalScrollBar().setValue(round(top))
                return
            block = block.next()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: N802 - Qt's name
        """Qt's: pages and pictures; nothing that isn't a file here."""
        url = self.source().resolved(QUrl(name))
        if not url.isLocalFile():
            return None
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, name)
        picture = QImage(url.toLocalFile())
        width = max(self.viewport().width() - 40, 200)
        if picture.width() > width:
            return picture.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        return picture
