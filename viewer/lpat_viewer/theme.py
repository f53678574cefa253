"""Colours, light and dark, as the system has it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette
from PySide6.QtWidgets import QStyle


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


# The first eight, which classes get while there are so few, lie as far from each other as eight of
# the hues of Okabe and Ito's palette can that have a contrast of at least 3 to the background and
# differ from the threshold: in OKLab, also as people with protanopia, deuteranopia and tritanopia
# see them (Machado et al., 2009). No twenty-four do; the others are far apart for most people.
_ON_LIGHT = (
    "#845922", "#1f5162", "#669c8e", "#9f8418", "#1c0382", "#5f2807", "#be17af", "#6d4df8",
    "#651a70", "#079506", "#4c94ec", "#b01003", "#8302c4", "#814869", "#067132", "#3d4900",
    "#4e02a4", "#a70768", "#7d0334", "#7f66ca", "#0134a0", "#aa55a4", "#a7694c", "#9a0795",
)  # fmt: skip
_ON_DARK = (
    "#edb333", "#3b9eef", "#90cfa2", "#9a932d", "#0559f3", "#b14328", "#df6d9a", "#85549c",
    "#37e332", "#c0b1ff", "#8f5ffe", "#f558ed", "#339797", "#cbe0fc", "#f30c6b", "#b37458",
    "#c480fd", "#feda77", "#fd7562", "#53be70", "#b064ba", "#7183bd", "#efac8d", "#f398eb",
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


def standard_icon(style: QStyle, which: QStyle.StandardPixmap, palette: QPalette) -> QIcon:
    """A style's picture in the colour of text, as the style's own are dark on dark windows too."""
    pixmap = style.standardIcon(which).pixmap(QSize(32, 32))
    painter = QPainter(pixmap)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), palette.color(QPalette.ColorRole.ButtonText))
    painter.end()
    return QIcon(pixmap)
