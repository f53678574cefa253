"""What the curves say at the cursor, in words."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from lpat.report.timeline import clock_text
from lpat_viewer.theme import Theme, class_colour
from lpat_viewer.timeline.curves import CurveSet


class Readout(QLabel):
    """A line in the corner of the curves. The mouse passes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAccessibleName("Time, class, score and threshold at the cursor")
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Stand out of the curves behind it."""
        self.setStyleSheet(
            f"QLabel {{ background: {theme.background}; color: {theme.text};"
            f" border: 1px solid {theme.faint}; border-radius: 3px; padding: 1px 5px; }}"
        )

    def tell(self, text: str | None, left: float, right: float, cursor: float) -> None:
        """Show rich text at the left, or at the right where the cursor is too near; or hide."""
        self.setVisible(text is not None)
        if text is None:
            return
        if text != self.text():
            self.setText(text)
            self.adjustSize()
        covered = left <= cursor <= left + self.width() + 24
        self.move(round(right - self.width() - 6 if covered else left + 6), 4)


def reading_text(
    curves: CurveSet | None, number: int | None, time: float, colour: int, theme: Theme
) -> str:
    """Rich text: the time, and what a class's score is there; of no class, the time alone."""
    clock = f"<b>{clock_text(time, 2)}</b>"
    snippet = curves.snippet_at(time) if curves is not None else None
    if curves is None or number is None or snippet is None:
        return clock
    score, threshold = curves.reading(number, snippet)
    swatch = f'<span style="color:{class_colour(colour, theme).name()}">&#9632;</span>'
    relation = "above" if score > threshold else "below"
    return (
        f"{clock} &nbsp; {swatch} {html.escape(curves.labels[number])} &nbsp; "
        f"score <b>{score:.2f}</b> {relation} threshold {threshold:.2f} "
        f"({score - threshold:+.2f})"
    )
