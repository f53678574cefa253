"""The timeline as a picture in a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QPoint
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from lpat.errors import UsageError
from lpat.files.atomic import atomic_path

PIXEL_RATIO = 2


def save_picture(view: QWidget, path: Path) -> None:
    """Draw a widget as it is shown into a .png, twice as fine as on the screen, or an .svg.

    Raises:
        UsageError: another suffix.
        OutputError: the file can't be written.
    """
    drawers = {".png": _png, ".svg": _svg}
    draw = drawers.get(path.suffix.lower())
    if draw is None:
        raise UsageError(f"{path.name}: pictures end in .png or .svg, not {path.suffix!r}")
    # Qt doesn't tell whether all of a file was written, so it draws into memory.
    memory = QBuffer()
    memory.open(QBuffer.OpenModeFlag.WriteOnly)
    draw(view, memory)
    with atomic_path(path) as temporary:
        temporary.write_bytes(memory.data().data())


def _png(view: QWidget, memory: QBuffer) -> None:
    picture = QPixmap(view.size() * PIXEL_RATIO)
    picture.setDevicePixelRatio(PIXEL_RATIO)
    picture.fill(view.palette().window().color())
    view.render(picture)
    picture.save(memory, "PNG")


def _svg(view: QWidget, memory: QBuffer) -> None:
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(memory)
    generator.setSize(view.size())
    generator.setViewBox(view.rect())
    generator.setTitle("lpat-view")
    painter = QPainter(generator)
    view.render(painter, QPoint())
    painter.end()
