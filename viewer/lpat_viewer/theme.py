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


# Chosen to lie as far from each other as 24 colours can (in OKLab, lightness counting less), at a
# contrast of at least 3 to the background; a number has the same hue in both.
_ON_LIGHT = (
    "#de6f0e", "#5f0090", "#065205", "#1687a9", "#7f0327", "#879f07", "#cd0dad", "#2206c1",
    "#3f3e61", "#7e5403", "#7453fe", "#0a9068", "#e1064c", "#730260", "#0397f6", "#5e362f",
    "#079506", "#306964", "#be73b8", "#055cb2", "#9404a5", "#780dd1", "#a23206", "#a90959",
)  # fmt: skip
_ON_DARK = (
    "#fdd5bd", "#af48f7", "#03a303", "#40cfff", "#f60a54", "#cdf118", "#fe93e2", "#5978fd",
    "#8281a9", "#da950b", "#b6b4ff", "#5ed8a9", "#ff9ea6", "#db28ba", "#c4e2fe", "#a77971",
    "#37e332", "#78b1ab", "#fdcbf8", "#62a7fd", "#ea5efe", "#b688fe", "#fe764d", "#ff68a0",
)  # fmt: skip


def class_colour(number: int, theme: Theme) -> QColor:
    """The colour of a class, of its number below `COLOURS`."""
    return QColor((_ON_DARK if theme.dark else _ON_LIGHT)[number])


def mixed(colour: QColor, other: QColor, share: float) -> QColor:
    """A `share` of one colour with the rest of another: as if faint, and yet quick to paint."""
    return QColor(
        round(share * colour.red() + (1 - share) * other.red()),
        round(share * colour.green() + (1 - share) * other.green()),
        round(share * colour.blue() + (1 - share) * other.blue()),
    )
