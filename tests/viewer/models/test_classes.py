"""Classes: which are shown, in which order and colour."""

import pytest
from pytestqt.qtbot import QtBot

from lpat.report.class_colours import SAFE_COLOURS
from lpat_viewer.models.classes import COLOURS, ClassEntry, ClassList


@pytest.fixture
def classes(qtbot: QtBot) -> ClassList:
    """Three classes, one of which isn't found in the video."""
    classes = ClassList()
    classes.set_entries(
        [ClassEntry("b", 0.2), ClassEntry("c", 0.9), ClassEntry("a", 0.1, found=False)]
    )
    return classes


def test_the_most_confident_come_first(classes: ClassList) -> None:
    assert classes.labels == ("c", "b", "a")
    classes.set_order("name")
    assert classes.labels == ("a", "b", "c")


def test_those_that_are_found_are_shown(classes: ClassList) -> None:
    assert classes.shown == ("c", "b")


def test_what_the_user_chose_stays_so_in_the_next_video(classes: ClassList) -> None:
    classes.set_shown(["c"], False)
    classes.set_shown(["a"], True)
    classes.set_entries([ClassEntry("c", 1.0), ClassEntry("a", 0.0, found=False)])
    assert classes.shown == ("a",)


def test_a_solo_is_shown_alone_and_ends(classes: ClassList) -> None:
    classes.set_solo("a")
    assert classes.shown == ("a",)
    classes.set_solo(None)
    assert classes.shown == ("c", "b")


def test_a_solo_that_the_next_video_lacks_ends(classes: ClassList) -> None:
    classes.set_solo("a")
    classes.set_entries([ClassEntry("c")])
    assert classes.shown == ("c",)


def test_searching_lists_fewer_and_shows_as_many(classes: ClassList) -> None:
    classes.search("B")
    assert classes.listed == ("b",)
    assert classes.shown == ("c", "b")


def test_the_first_class_is_chosen_until_the_user_chooses(classes: ClassList) -> None:
    assert classes.current == "c"
    classes.set_current("b")
    classes.set_entries([ClassEntry("b"), ClassEntry("z", 1.0)])
    assert classes.current == "b"
    classes.set_entries([ClassEntry("z", 1.0)])
    assert classes.current == "z"


def test_colours_are_the_same_from_video_to_video(classes: ClassList) -> None:
    before = {label: classes.colour(label) for label in "abc"}
    classes.set_entries([ClassEntry(label) for label in "cd"])
    classes.set_entries([ClassEntry(label) for label in "abc"])
    assert {label: classes.colour(label) for label in "abc"} == before


def test_a_models_classes_have_the_colours_of_its_reports(classes: ClassList) -> None:
    classes.set_entries([ClassEntry(label) for label in ("truth", "m3")])
    model = [f"m{number}" for number in range(20)]
    classes.set_model(model)
    classes.set_entries([ClassEntry(label) for label in [*reversed(model), "truth"]])
    assert [classes.colour(label) for label in model] == list(range(20))
    assert classes.colour("truth") >= 20
    assert {classes.colour(label) for label in "abc"}.isdisjoint(range(20))


def test_colours_differ_while_there_are_free_ones(qtbot: QtBot) -> None:
    classes = ClassList()
    labels = [f"class {number}" for number in range(COLOURS)]
    classes.set_entries([ClassEntry(label) for label in labels])
    assert sorted(classes.colour(label) for label in labels) == list(range(COLOURS))
    classes.set_entries([ClassEntry("one more")])
    assert 0 <= classes.colour("one more") < COLOURS


def test_few_classes_have_colours_that_colour_blind_people_tell_apart(qtbot: QtBot) -> None:
    classes = ClassList()
    classes.set_entries(ClassEntry(f"label {number}") for number in range(SAFE_COLOURS))
    assert sorted(map(classes.colour, classes.labels)) == list(range(SAFE_COLOURS))
