"""Colours can be read and told apart."""

import itertools

import pytest
from PySide6.QtGui import QColor

from lpat_viewer.models.classes import COLOURS
from lpat_viewer.theme import DARK, LIGHT, Theme, class_colour


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


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_class_colours_differ(theme: Theme) -> None:
    colours = [class_colour(number, theme) for number in range(COLOURS)]
    for one, other in itertools.combinations(colours, 2):
        apart = [abs(a() - b()) for a, b in (
            (one.red, other.red), (one.green, other.green), (one.blue, other.blue)
        )]  # fmt: skip
        assert sum(apart) >= 30
