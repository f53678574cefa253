"""Tags are written after every change, beside others who write the same file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import Moment
from lpat.annotations.tags import Change, read_tags, save_tags
from lpat.errors import UsageError
from lpat.inputs import Input
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.notices import Notices
from lpat_viewer.tagging.store import TagStore

MakeStore = Callable[..., TagStore]


@pytest.fixture
def notices(qtbot: QtBot) -> Notices:
    return Notices()


@pytest.fixture
def make_store(qtbot: QtBot, tmp_path: Path, notices: Notices) -> Iterator[MakeStore]:
    """A function that opens `tags.json` of three videos, or another file."""
    jobs, stores = Jobs(), []

    def make(path: Path | None = None, *, overrule: bool = False) -> TagStore:
        def answer(others: Mapping[str, Change]) -> bool:
            asked.append(dict(others))
            return overrule

        inputs = [Input(name, tmp_path / f"{name}.mp4") for name in "abc"]
        file = read_tags(path or tmp_path / "tags.json")
        store = TagStore(inputs, file, jobs, notices, overrule=answer)
        stores.append(store)
        return store

    asked: list[dict[str, Change]] = []
    make.asked = asked  # type: ignore[attr-defined]
    yield make
    for store in stores:
        store.close()
    jobs.stop()


def written(path: Path) -> Mapping[str, Change]:
    return read_tags(path).labels


def test_every_change_is_in_the_file_at_once(
    qtbot: QtBot, make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store()
    store.update(store.state.typed("jump"))
    qtbot.waitUntil(lambda: store.all_saved)
    assert written(store.path) == {"a": ("jump",)}
    store.update(store.state.step(1).toggled_nothing())
    store.update(store.state.step(1).toggled("jump"))
    assert store.finish()
    assert written(store.path) == {"a": ("jump",), "b": (), "c": ("jump",)}
    assert make_store().state.tags == written(store.path)


def test_undo_takes_changes_back_in_the_file_too(make_store: MakeStore) -> None:
    store = make_store()
    store.update(store.state.typed("jump"))
    store.update(store.state.step(1).toggled_nothing())
    store.undo()
    assert (store.state.current, store.state.tags) == ("b", {"a": ("jump",)})
    store.undo()
    assert store.finish()
    assert not store.can_undo
    assert written(store.path) == {}


def test_two_windows_of_one_file_follow_each_other(
    qtbot: QtBot, make_store: MakeStore, notices: Notices
) -> None:
    one, other = make_store(), make_store()
    one.update(one.state.typed("jump"))
    assert one.finish()
    qtbot.waitUntil(lambda: other.state.tags == {"a": ("jump",)})  # it watches the folder
    assert notices.latest is not None
    assert "another window or program changed 1 video of it" in notices.latest.text
    other.update(other.state.step(1).toggled("jump"))
    assert other.finish()
    qtbot.waitUntil(lambda: one.state.tags == {"a": ("jump",), "b": ("jump",)})


def test_moments_are_written_and_undone_with_their_labels(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store()
    store.update(store.state.marked("jump", 1.0))
    store.update(store.state.marked("jump", 2.0))
    store.update(store.state.toggled("jump"))
    assert store.finish()
    assert written(store.path) == {}
    store.undo()
    assert store.finish()
    assert read_tags(store.path).marks("a") == (Moment("jump", 1.0), Moment("jump", 2.0))
    store.undo()
    assert store.finish()
    assert read_tags(store.path).marks("a") == (Moment("jump", 1.0),)
    assert make_store().state.moments == store.state.moments
    with pytest.raises(UsageError, match="a table has no place for moments"):
        store.save_to(tmp_path / "tags.csv")
    store.undo()
    assert store.finish()
    assert written(store.path) == {}


def test_moments_of_another_window_are_taken_over(qtbot: QtBot, make_store: MakeStore) -> None:
    mine, other = make_store(), make_store()
    other.update(other.state.at("b").marked("run", 3.0))
    qtbot.waitUntil(lambda: mine.state.moments_of("b") == (Moment("run", 3.0),))
    mine.update(mine.state.marked("jump", 1.0))
    assert mine.finish()
    file = read_tags(mine.path)
    assert file.moments == {"a": (Moment("jump", 1.0),), "b": (Moment("run", 3.0),)}


@pytest.mark.parametrize("overrule", [True, False])
def test_a_video_tagged_twice_is_asked_about(make_store: MakeStore, overrule: bool) -> None:
    store = make_store(overrule=overrule)
    save_tags(read_tags(store.path), {"a": ("swim",), "b": ()})
    store.update(store.state.typed("jump"))
    assert store.finish()
    assert make_store.asked == [{"a": ("swim",)}]  # type: ignore[attr-defined]
    kept = ("jump",) if overrule else ("swim",)
    assert store.state.tags == written(store.path) == {"a": kept, "b": ()}
    assert {"jump", "swim"} <= set(store.state.labels)


def test_a_video_that_got_times_meanwhile_keeps_them(
    make_store: MakeStore, notices: Notices
) -> None:
    store = make_store(overrule=True)
    rows = [{"label": "run", "segment": [1, 2]}]
    store.path.write_text(json.dumps({"database": {"a": {"annotations": rows}}}))
    store.update(store.state.typed("jump"))
    assert store.finish()
    assert written(store.path) == {"a": ("run",)}
    assert not store.state.can_change
    assert notices.latest is not None
    assert "'a' has times by now" in notices.latest.text


def test_what_cannot_be_written_is_kept_and_goes_elsewhere(
    make_store: MakeStore, notices: Notices, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    store = make_store(tmp_path / "file" / "tags.json")
    store.update(store.state.typed("jump"))
    assert not store.finish()
    assert store.failed
    assert notices.latest is not None
    assert "can't be written" in notices.latest.text
    assert "save them elsewhere" in notices.latest.text
    store.save_to(tmp_path / "tags.csv")
    assert store.finish()
    assert written(tmp_path / "tags.csv") == {"a": ("jump",)}
    assert not store.failed


def test_a_file_broken_by_another_program_is_not_overwritten(
    make_store: MakeStore, notices: Notices
) -> None:
    store = make_store()
    store.path.write_text("half")
    store.update(store.state.typed("jump"))
    assert not store.finish()
    assert store.path.read_text() == "half"
    assert notices.latest is not None
    assert "expected JSON" in notices.latest.text


def test_other_names_of_a_file_are_kept(make_store: MakeStore, tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("video,labels\na.mp4,jump\nelsewhere,run\n")
    store = make_store(path)
    assert store.state.tags == {"a": ("jump",)}
    store.update(store.state.toggled("run"))
    assert store.finish()
    assert path.read_text() == "video,labels\na.mp4,jump;run\nelsewhere,run\n"
