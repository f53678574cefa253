"""What tagging knows, without a window and without a file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lpat.annotations.reading import Moment
from lpat.errors import UsageError
from lpat.inputs import Input
from lpat_viewer.models.uncertainty import uncertainty
from lpat_viewer.tagging.state import Tagging, changes_between, names_in_file

THREE = Tagging(("a", "b", "c"), labels=("jump", "run"), current="a")


def test_nothing_of_qt_is_loaded() -> None:
    code = "import sys, lpat_viewer.tagging.state; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not [name for name in loaded if name.startswith("PySide6")]


def test_labels_are_ticked_and_no_longer() -> None:
    both = THREE.toggled("run").toggled("jump")
    assert both.tags == {"a": ("run", "jump")}
    assert both.toggled("run").tags == {"a": ("jump",)}
    assert both.toggled("run").toggled("jump").tags == {}  # untagged, not "nothing happens"
    assert both.counts == {"run": 1, "jump": 1}


def test_a_moment_ticks_its_label_and_goes_with_it() -> None:
    marked = THREE.marked("run", 4.20001).marked("jump", 1.0).marked("run", 4.2)
    assert marked.tags == {"a": ("run", "jump")}
    assert marked.moments_of("a") == (Moment("jump", 1.0), Moment("run", 4.2))
    assert marked.latest == "run"
    assert changes_between(THREE, marked) == {"a": ("run", "jump")}
    assert changes_between(marked.unmarked(Moment("run", 4.2)), marked) == {"a": ("run", "jump")}
    assert marked.unmarked(Moment("run", 4.2)).tags == marked.tags
    assert marked.toggled("run").moments == {"a": (Moment("jump", 1.0),)}
    assert marked.toggled_nothing().moments == marked.untagged().moments == {}
    fixed = replace(THREE, fixed=frozenset("a"))
    assert fixed.marked("run", 1.0) == fixed


def test_the_moment_near_a_time_is_the_nearest() -> None:
    marked = THREE.marked("run", 4.0).marked("jump", 4.4)
    assert marked.moment_near(4.1) == Moment("run", 4.0)
    assert marked.moment_near(4.3) == Moment("jump", 4.4)
    assert marked.moment_near(5.0) is None
    assert marked.at("b").moment_near(4.0) is None


def test_nothing_happening_is_a_tag_of_its_own() -> None:
    nothing = THREE.toggled("jump").toggled_nothing()
    assert nothing.tags == {"a": ()}
    assert nothing.tagged == 1
    assert nothing.toggled_nothing().tags == {}
    assert nothing.toggled("run").tags == {"a": ("run",)}
    assert nothing.untagged().tags == {}


def test_videos_whose_labels_have_times_are_left_alone() -> None:
    fixed = replace(THREE, tags={"a": ("jump",)}, fixed=frozenset({"a"}))
    assert fixed.toggled("run").tags == fixed.toggled_nothing().tags == {"a": ("jump",)}


def test_a_typed_label_is_the_one_there_or_a_new_one() -> None:
    assert THREE.typed(" JUMP ").tags == {"a": ("jump",)}
    assert THREE.typed("jump").typed("jump").tags == {"a": ("jump",)}  # typed twice, still ticked
    new = THREE.typed("long  jump")
    assert new.labels == ("jump", "run", "long jump")
    assert new.tags == {"a": ("long jump",)}
    with pytest.raises(UsageError, match="without ';'"):
        THREE.typed("a;b")


def test_one_steps_through_the_list_and_to_what_is_untagged() -> None:
    assert THREE.step(1).current == "b"
    assert THREE.step(-1).current == "a"
    assert THREE.step(9).current == "c"
    tagged = THREE.with_tags({"b": (), "a": ("run",)})
    assert tagged.next_untagged().current == "c"
    assert tagged.at("c").next_untagged().current == "c"
    assert tagged.with_tags({"c": ()}).next_untagged().current == "a"
    assert Tagging(()).step(1).next_untagged().current is None


def test_of_untagged_videos_only_the_current_one_stays_listed_when_it_is_tagged() -> None:
    only = replace(THREE, untagged_only=True).toggled("jump")
    assert only.listed == ("a", "b", "c")
    assert only.step(1).current == "b"
    assert only.step(1).listed == ("b", "c")


def test_most_uncertain_is_the_video_with_a_probability_nearest_to_a_half() -> None:
    assert uncertainty({"jump": 0.9, "run": 0.4}) == pytest.approx(0.1)
    assert uncertainty({}) == 1
    suggestions = {"a": {"jump": 0.99}, "c": {"jump": 0.02, "run": 0.45}}
    state = replace(THREE, suggestions=suggestions, uncertain_first=True)
    assert state.listed == ("c", "a", "b")  # of which nothing is known comes last


def test_changes_are_named_by_video() -> None:
    after = THREE.with_tags({"a": (), "b": ("run",)})
    assert changes_between(THREE, after) == {"a": (), "b": ("run",)}
    assert changes_between(after, after.with_tags({"a": None})) == {"a": None}
    assert changes_between(after, after.step(1)) == {}


def test_a_file_knows_a_video_by_its_name_with_or_without_suffix_or_folder() -> None:
    inputs = [
        Input("one", Path("v/one.mp4")),
        Input("x/two.mp4", Path("v/x/two.mp4")),
        Input("y/two.mp4", Path("v/y/two.mp4")),
        Input("caf\u00e9", Path("v/caf\u00e9.mp4")),
        Input("four", Path("v/z/four.mkv")),
    ]
    known = ["one.mp4", "y/two.mp4", "two", "cafe\u0301", "z/four", "one"]
    names, unclear = names_in_file(inputs, known)
    assert names == {
        "one": "one.mp4",
        "x/two.mp4": "x/two.mp4",
        "y/two.mp4": "y/two.mp4",
        "caf\u00e9": "cafe\u0301",
        "four": "z/four",
    }
    assert unclear == [
        "several videos may be its 'two'; that entry stays as it is",
        "its 'one.mp4' and 'one' are one video; the first is shown, and lpat-train refuses them: "
        "remove one",
    ]


def test_a_thousand_videos_and_a_hundred_labels_are_no_quadratic_work() -> None:
    """Counted, not timed: every video is looked at once for a list, whatever is known of it."""

    class Counting(dict[str, tuple[str, ...]]):
        looked = 0

        def __contains__(self, key: object) -> bool:
            Counting.looked += 1
            return super().__contains__(key)

    videos = tuple(f"v{n}" for n in range(1000))
    tags = Counting({name: (f"label {n % 100}",) for n, name in enumerate(videos[:500])})
    state = Tagging(videos, tags, current="v0", untagged_only=True)
    assert len(state.listed) == 501
    assert state.tagged == 500
    assert len(state.counts) == 100
    assert Counting.looked <= 2 * len(videos)
