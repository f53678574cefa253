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
    "#303e72", "#079506", "#b01003", "#9a0795", "#4c94ec", "#3d4900", "#b18e15", "#068d85",
    "#4e02a4", "#814869", "#683014", "#7f66ca", "#a7694c", "#7d0334", "#6b8448", "#0d4c4c",
    "#651a70", "#0134a0", "#0c668a", "#78580a", "#067132", "#8302c4", "#aa55a4", "#a70768",
)  # fmt: skip
_ON_DARK = (
    "#7183bd", "#37e332", "#fd7562", "#f558ed", "#cbe0fc", "#7f8e4e", "#feda77", "#21d9cd",
    "#8f5ffe", "#ce8eb2", "#b37458", "#c0b1ff", "#efac8d", "#f30c6b", "#aec98a", "#339797",
    "#b064ba", "#407efc", "#12b3f0", "#d19a11", "#53be70", "#c480fd", "#f398eb", "#fd65b0",
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
