"""The documentation in a window: its pages, links, pictures and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from lpat_viewer.windows import guide_window
from lpat_viewer.windows.guide_window import PAGES, GuideWindow, guide_folder


@pytest.fixture
def guide(qtbot: QtBot) -> GuideWindow:
    window = GuideWindow("viewer.md")
    qtbot.addWidget(window)
    window.show()
    return window


def text_of(guide: GuideWindow) -> str:
    return guide.text.toPlainText()


@pytest.mark.parametrize("page", PAGES)
def test_every_listed_page_is_shown_and_its_links_lead_to_pages_that_are_there(
    guide: GuideWindow, page: str
) -> None:
    guide.pages.activated.emit(guide.pages.findData(page))
    folder = guide_folder()
    assert folder is not None
    assert guide.pages.currentData() == page
    title = (folder / page).read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    assert text_of(guide).startswith(title)
    links = set(re.findall(r'href="([^"#:]+)', guide.text.toHtml()))
    assert [link for link in links if not (folder / link).exists()] == []


def test_links_lead_to_pages_headings_and_back(guide: GuideWindow) -> None:
    guide.text.anchorClicked.emit(QUrl("training.md#reviewed-videos-and-moments"))
    assert guide.pages.currentText() == "Training"
    assert guide.text.verticalScrollBar().value() > 0
    guide.back.click()
    assert guide.pages.currentText() == "The viewer"
    guide.text.anchorClicked.emit(QUrl("#reviewed-videos"))
    assert guide.text.verticalScrollBar().value() > 0


def test_a_link_to_elsewhere_is_the_browsers(
    guide: GuideWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    guide.text.anchorClicked.emit(QUrl("https://example.org/x"))
    assert opened == ["https://example.org/x"]
    assert guide.pages.currentText() == "The viewer"


def test_words_are_found_and_found_again_from_the_start(guide: GuideWindow) -> None:
    guide.search.setText("Reviewed videos")
    places: list[int] = []
    for _ in range(40):
        guide.find_next()
        places.append(guide.text.textCursor().position())
    assert max(places) > places[0] > 0
    assert places.count(places[0]) > 1


def test_without_its_pages_it_says_so(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide_window, "guide_folder", lambda: None)
    window = GuideWindow("viewer.md")
    qtbot.addWidget(window)
    assert text_of(window) == "viewer.md isn't installed: the source of lpat has it in docs/."


def test_an_installed_package_has_its_own_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lpat_viewer" / "guide"
    folder.mkdir(parents=True)
    (folder / "viewer.md").touch()
    monkeypatch.setattr(guide_window, "__file__", str(folder.parent / "windows" / "g.py"))
    assert guide_folder() == folder
