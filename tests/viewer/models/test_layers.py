"""Results laid over each other."""

import pytest
from pytestqt.qtbot import QtBot

from lpat.types import Detections
from lpat_viewer.models.layers import Layer, Layers


@pytest.fixture
def layers(qtbot: QtBot) -> Layers:
    """Two layers."""
    layers = Layers()
    for name in ("one", "two"):
        layers.put(Layer(name, Detections(("jump",))))
    return layers


def active_name(layers: Layers) -> str | None:
    return layers.active.name if layers.active is not None else None


def test_the_first_is_active(layers: Layers) -> None:
    assert active_name(layers) == "one"


def test_a_layer_takes_the_place_of_that_of_its_name(layers: Layers) -> None:
    newer = Layer("one", Detections(("run",)))
    layers.put(newer)
    assert [layer.name for layer in layers.all] == ["one", "two"]
    assert layers.active is newer


def test_when_the_active_one_goes_the_next_is_active(layers: Layers) -> None:
    layers.remove("one")
    assert active_name(layers) == "two"
    layers.remove("two")
    assert layers.active is None


def test_hidden_ones_are_not_shown_and_stay_hidden_in_the_next_video(layers: Layers) -> None:
    layers.set_shown("one", False)
    assert [layer.name for layer in layers.shown] == ["two"]
    layers.clear()
    layers.put(Layer("one", Detections(("jump",))))
    assert layers.shown == ()


def test_no_layer_becomes_active_by_a_wrong_name(layers: Layers) -> None:
    layers.set_active("three")
    assert active_name(layers) == "one"
