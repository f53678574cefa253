"""Colours, light and dark, as the system has it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette
from PySide6.QtWidgets import QStyle

from lpat.report.class_colours import CLASS_COLOURS


@dataclass(frozen=True)
class Theme:
    """Colours of what the timeline draws; errors also differ in shape, never in colour alone."""

    dark: bool
    background: str
    text: str
    faint: str  # grid, borders
    threshold: str
    playhead: str
    truth: str
    hit: str
    miss: str
    false_alarm: str
    chosen: str


LIGHT = Theme(
    dark=False,
    background="#ffffff",
    text="#1f2328",
    faint="#d5d9df",
    threshold="#111111",
    playhead="#d1242f",
    truth="#57606a",
    hit="#1a7f37",
    miss="#8250df",
    false_alarm="#cf222e",
    chosen="#0969da",
)
DARK = Theme(
    dark=True,
    background="#16191d",
    text="#e6edf3",
    faint="#343b44",
    threshold="#f5f5f5",
    playhead="#ff6b63",
    truth="#9aa4af",
    hit="#3fb950",
    miss="#bc8cff",
    false_alarm="#ff7b72",
    chosen="#58a6ff",
)


def theme_of(palette: QPalette) -> Theme:
    """The theme that goes with the system's colours."""
    return DARK if palette.color(QPalette.ColorRole.Base).lightness() < 128 else LIGHT


def class_colour(number: int, theme: Theme) -> QColor:
    """The colour of a class, of its number: below `len(CLASS_COLOURS)`."""
    return QColor(CLASS_COLOURS[number][theme.dark])


def mixed(colour: QColor, other: QColor, share: float) -> QColor:
    """A `share` of one colour with the rest of another: as if faint, and yet quick to paint."""
    return QColor(
        round(share * colour.red() + (1 - share) * other.red()),
        round(share * colour.green() + (1 - share) * other.green()),
        round(share * colour.blue() + (1 - share) * other.blue()),
    )


def standard_icon(style: QStyle, which: QStyle.StandardPixmap, palette: QPalette) -> QIcon:
    """A style's picture in the colour of text, as the style's own are dark on dark windows too."""
    pixmap = style.standardIcon(which).pixmap(QSize(32, 32))
    painter = QPainter(pixmap)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), palette.color(QPalette.ColorRole.ButtonText))
    painter.end()
    return QIcon(pixmap)
