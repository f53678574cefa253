"""Colours, light and dark, as the system has it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette


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
    """The colour of a class, of its number below `COLOURS`: eight hues in three tones."""
    hue = (number % 8) * 45 + 15 * (number // 8 % 3)
    saturation = (170, 230, 120)[number // 8 % 3]
    lightness = (150, 175, 200)[number // 8 % 3] if theme.dark else (105, 85, 130)[number // 8 % 3]
    return QColor.fromHsl(hue % 360, saturation, lightness)


def mixed(colour: QColor, other: QColor, share: float) -> QColor:
    """A `share` of one colour with the rest of another: as if faint, and yet quick to paint."""
    return QColor(
        round(share * colour.red() + (1 - share) * other.red()),
        round(share * colour.green() + (1 - share) * other.green()),
        round(share * colour.blue() + (1 - share) * other.blue()),
    )
