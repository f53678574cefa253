"""Colours can be read and told apart."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from lpat.report.class_colours import CLASS_COLOURS, SAFE_COLOURS
from lpat.report.timeline import TIMELINE_STYLE, colour_class
from lpat.types import Float64Array
from lpat_viewer.models.classes import COLOURS
from lpat_viewer.theme import DARK, LIGHT, Theme, class_colour, standard_icon


def contrast(one: QColor, other: QColor) -> float:
    """The ratio of WCAG 2."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_and_lines_stand_out_of_the_background(theme: Theme) -> None:
    ground = QColor(theme.background)
    for colour in (theme.text, theme.threshold):
        assert contrast(QColor(colour), ground) >= 7
    for colour in (theme.truth, theme.hit, theme.miss, theme.false_alarm, theme.chosen):
        assert contrast(QColor(colour), ground) >= 4.5
    assert contrast(QColor(theme.playhead), ground) >= 3
    for number in range(COLOURS):
        assert contrast(class_colour(number, theme), ground) >= 3


SEEN = {
    "trichromacy": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip
"""Linear red, green and blue as they are seen: Machado, Oliveira and Fernandes (2009)."""


def oklab(colour: QColor, seen: Sequence[Sequence[float]]) -> Float64Array:
    """Lightness and two axes of hue, of Ottosson (2020)."""
    parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(seen) @ linear, 0, 1)
    cones = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    axes = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ])  # fmt: skip
    return axes @ np.cbrt(cones @ linear)


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_first_class_colours_differ_for_colour_blind_people_too(
    theme: Theme, eyes: str
) -> None:
    colours = [class_colour(number, theme) for number in range(SAFE_COLOURS)]
    colours.append(QColor(theme.threshold))
    for one, other in itertools.combinations(colours, 2):
        apart = np.linalg.norm(oklab(one, SEEN[eyes]) - oklab(other, SEEN[eyes]))
        assert apart >= 0.11


@pytest.mark.parametrize("count", [20, 100])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_many_class_colours_differ_and_neighbours_most_of_all(theme: Theme, count: int) -> None:
    """Before, 24 colours came again and again, 0.006 apart at worst and 0.012 as neighbours."""
    colours = [class_colour(number, theme) for number in range(count)]
    for name in ("trichromacy", "protanopia", "deuteranopia"):
        places = np.array([oklab(colour, SEEN[name]) for colour in colours])
        apart = np.linalg.norm(places[:, None] - places, axis=2)
        assert apart[np.triu_indices(count, 1)].min() >= (0.06 if count == 20 else 0.025)
        assert np.diag(apart, 1).min() >= 0.12
        assert np.diag(apart, 2).min() >= 0.11


def test_the_table_of_colours_is_that_of_reports() -> None:
    assert len(set(CLASS_COLOURS)) == COLOURS == 100
    assert colour_class(99) == "c99"
    for number in (0, 11, 99):
        light, dark = CLASS_COLOURS[number]
        assert class_colour(number, LIGHT).name() == light
        assert class_colour(number, DARK).name() == dark
        before, after = TIMELINE_STYLE.split("@media", 1)
        assert f".c{number}{{color:{light}}}" in before
        assert f".c{number}{{color:{dark}}}" in after


@pytest.mark.parametrize("text", ["#111111", "#eeeeee"])
def test_pictures_of_buttons_have_the_colour_of_text(qapp: QApplication, text: str) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.ButtonText, QColor(text))
    which = QStyle.StandardPixmap.SP_MediaPlay
    image = standard_icon(qapp.style(), which, palette).pixmap(32, 32).toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    assert {pixel.name() for pixel in pixels if pixel.alpha() == 255} == {text}
