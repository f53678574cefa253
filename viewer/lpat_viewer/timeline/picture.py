"""The timeline as a picture in a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from lpat.errors import OutputError, UsageError
from lpat.files import atomic_path

PIXEL_RATIO = 2


def save_picture(view: QWidget, path: Path) -> None:
    """Draw a widget as it is shown into a .png, twice as fine as on the screen, or an .svg.

    Raises:
        UsageError: another suffix.
        OutputError: the file can't be written.
    """
    writers = {".png": _write_png, ".svg": _write_svg}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path.name}: pictures end in .png or .svg, not {path.suffix!r}")
    with atomic_path(path) as temporary:
        write(view, temporary)


def _write_png(view: QWidget, path: Path) -> None:
    picture = QPixmap(view.size() * PIXEL_RATIO)
    picture.setDevicePixelRatio(PIXEL_RATIO)
    picture.fill(view.palette().window().color())
    view.render(picture)
    if not picture.save(str(path), "PNG"):
        raise OutputError(f"{path.name}: the picture can't be written")


def _write_svg(view: QWidget, path: Path) -> None:
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setFileName(str(path))
    generator.setSize(view.size())
    generator.setViewBox(view.rect())
    generator.setTitle("lpat-view")
    painter = QPainter()
    if not painter.begin(generator):
        raise OutputError(f"{path.name}: the picture can't be written")
    view.render(painter, QPoint())
    painter.end()
