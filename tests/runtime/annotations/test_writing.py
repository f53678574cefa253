"""Writing annotations: what the readers make of what was written."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpat.annotations.reading import Moment, VideoAnnotation, read_annotations
from lpat.annotations.writing import (
    Replaced,
    annotations_document,
    replaced_by_saving,
    save_annotations,
    spare_annotations,
)
from lpat.errors import AnnotationError, OutputError, UsageError
from lpat.files.json_files import write_json


def video(
    name: str = "one",
    *rows: tuple[str, float, float],
    subset: str | None = "test",
    duration: float | None = 60.0,
    ambiguous: tuple[tuple[float, float], ...] = (),
) -> VideoAnnotation:
    labels = tuple(label for label, _, _ in rows)
    return VideoAnnotation(
        name,
        subset,
        duration,
        tuple(dict.fromkeys(labels)),
        np.array([times for _, *times in rows], np.float64).reshape(-1, 2),
        labels,
        np.array(ambiguous, np.float64).reshape(-1, 2),
    )


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


GOOD = {
    "version": "VERSION 1.3",
    "taxonomy": [{"nodeId": 1}],
    "database": {
        "one": {
            "subset": "validation",
            "duration": 60.4,
            "url": "https://example.org/one",
            "labels": ["jump", "swim"],
            "counts": {"swim": 2},
            "annotations": [
                {"label": "jump", "segment": [1.00004, 2], "annotator": 7},
                {"label": "jump", "segment": [5, 6], "annotator": 8},
                {"label": "Ambiguous", "segment": [20, 21], "why": "dark"},
            ],
        },
        "two": {"subset": "training", "labels": ["run"], "counts": {"run": 3}},
    },
}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "annotations.json"
    write_json(path, GOOD)
    return path


def test_only_the_video_changes_in_a_file_that_is_there(good: Path) -> None:
    save_annotations(good, video("one", ("jump", 1.0, 2.0), ("run", 3.0, 4.5)))
    document = read(good)
    assert document["version"], document["taxonomy"] == (GOOD["version"], GOOD["taxonomy"])
    assert document["database"]["two"] == GOOD["database"]["two"]
    assert document["database"]["one"] == {
        "subset": "validation",
        "duration": 60.4,
        "url": "https://example.org/one",
        "labels": ["jump", "run"],
        "annotations": [
            {"label": "jump", "segment": [1.00004, 2], "annotator": 7},
            {"label": "run", "segment": [3.0, 4.5]},
            {"label": "Ambiguous", "segment": [20, 21], "why": "dark"},
        ],
    }
    assert read_annotations(good).findings == ()


@pytest.mark.parametrize(
    ("name", "rows", "all_judged", "lost"),
    [
        ("one", [("run", 1.0, 2.0)], True, Replaced("one", 2, 2, ("jump", "swim"))),
        ("one", [("jump", 1.0, 2.0)], True, Replaced("one", 2, 1, ("swim",))),
        ("one", [], False, Replaced("one", 2, 2, ())),
        ("two", [("jump", 1.0, 2.0)], True, Replaced("two", 0, 0, ("run",))),
        ("two", [("run", 1.0, 2.0)], True, Replaced("two", 0, 0, ())),
        ("three", [("run", 1.0, 2.0)], True, Replaced("three", 0, 0, ())),
    ],
)
def test_what_saving_takes_out_of_a_file_is_known_before(
    good: Path,
    name: str,
    rows: list[tuple[str, float, float]],
    all_judged: bool,
    lost: Replaced,
) -> None:
    replaced = replaced_by_saving(good, video(name, *rows), all_judged=all_judged)
    assert replaced == lost
    assert bool(replaced) == (lost.segments_gone > 0 or lost.labels != ())
    assert read(good) == GOOD


def test_annotations_are_spared_and_nothing_else(good: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"annotations\.json: holds annotations, which are not re"):
        spare_annotations(good)
    for name, text in (("a.json", '{"results": {}}'), ("b.json", "{"), ("c.json", "[]")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        spare_annotations(tmp_path / name)
    spare_annotations(tmp_path / "gone.json")


def test_projects_and_tasks_are_spared_once_people_have_annotated_them(tmp_path: Path) -> None:
    task = {"data": {"video": "v.mp4"}, "predictions": []}
    via = {"metadata": {}, "attribute": {}, "view": {}, "file": {}}
    path = tmp_path / "project.json"
    path.write_text(json.dumps([task]), encoding="utf-8")
    spare_annotations(path)
    for document in (via, [task, {**task, "annotations": [{"result": []}]}]):
        path.write_text(json.dumps(document), encoding="utf-8")
        with pytest.raises(UsageError, match="holds annotations"):
            spare_annotations(path)


def test_what_saving_takes_is_told_by_the_same_names_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rows = [
        {"label": "u\u0308ben", "segment": [1, 2]},
        {"label": "Ambiguous ", "segment": [3, 4]},
        {"label": "run", "segment": [5, 5]},
    ]
    entry = {"labels": ["u\u0308ben", "run"], "annotations": rows}
    path.write_text(json.dumps({"database": {"set/v.mp4": entry}}), encoding="utf-8")
    again = video("v", ("\u00fcben", 1.0, 2.0))
    assert not replaced_by_saving(path, again, also_called="/data/set/v.mp4")
    save_annotations(path, again, also_called="/data/set/v.mp4")
    assert read(path)["database"]["set/v.mp4"]["annotations"] == rows


def test_ambiguous_times_are_written_once(good: Path) -> None:
    save_annotations(good, video("one", ambiguous=((20.0, 21.0), (30.0, 31.0))))
    one = read_annotations(good).videos[0]
    assert one.ambiguous.tolist() == [[20.0, 21.0], [30.0, 31.0]]


def test_a_video_of_labels_alone_gets_annotations(good: Path) -> None:
    save_annotations(good, video("two", ("run", 3.0, 4.5), subset=None))
    assert read(good)["database"]["two"] == {
        "subset": "training",
        "duration": 60.0,
        "labels": ["run"],
        "annotations": [{"label": "run", "segment": [3.0, 4.5]}],
    }


def test_a_video_in_which_all_was_rejected_shows_nothing(good: Path) -> None:
    save_annotations(good, video("two", subset=None))
    two = read_annotations(good).videos[1]
    assert (two.labels, len(two.segments), dict(two.counts)) == ((), 0, {})


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ({}, {}),
        ({"labels": ["run"]}, {"labels": ["run"]}),
        ({"annotations": []}, {"annotations": []}),
        ({"annotations": [{"label": "run", "segment": [1, 2]}]}, {}),
    ],
)
def test_what_is_still_to_be_judged_is_not_taken_for_nothing(
    tmp_path: Path, entry: dict, left: dict
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"one": entry, "two": {"labels": ["run"]}}})
    save_annotations(path, video("one", subset=None), all_judged=False)
    saved = json.loads(path.read_text())["database"]["one"]
    assert {name: its for name, its in saved.items() if name != "duration"} == left
    save_annotations(path, video("one", ("run", 1, 2)), all_judged=False)
    assert read_annotations(path).labels_by_video(None) == {"one": ("run",), "two": ("run",)}


def test_a_new_file_keeps_that_a_label_is_ambiguous(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("video,labels\none,run\ntwo,Ambiguous\nthree,\n", encoding="utf-8")
    new = tmp_path / "new.json"
    save_annotations(new, video("one", ("run", 1, 2)), read_annotations(table))
    assert read_annotations(new).labels_by_video(None) == {"one": ("run",), "three": ()}


def test_a_video_that_the_file_lacks_is_added(good: Path) -> None:
    save_annotations(good, video("three", ("dive", 0.0, 1.0), subset=None))
    assert list(read(good)["database"]) == ["one", "two", "three"]


def test_the_file_may_call_the_video_by_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"one.mp4": {"labels": ["run"]}}})
    save_annotations(path, video("one", ("run", 1, 2)), also_called="one.mp4")
    (one,) = read_annotations(path).videos
    assert (one.name, one.segments.tolist()) == ("one.mp4", [[1.0, 2.0]])


def test_a_new_file_holds_the_video_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "new.json"
    save_annotations(path, video("one", ("run", 1.23456, 2.0)))
    assert read(path) == {
        "database": {
            "one": {
                "subset": "test",
                "duration": 60.0,
                "annotations": [{"label": "run", "segment": [1.235, 2.0]}],
            }
        }
    }


def test_a_new_file_begins_as_a_copy_of_the_json_that_is_open(good: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.json"
    save_annotations(new, video("one"), read_annotations(good))
    assert read(new)["taxonomy"] == GOOD["taxonomy"]
    assert read(new)["database"]["two"] == GOOD["database"]["two"]
    assert read(good) == GOOD


def test_a_new_file_holds_all_videos_of_a_table_that_is_open(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("video,labels,subset\none,run;jump,training\ntwo,run,test\n")
    new = tmp_path / "new.json"
    save_annotations(new, video("two", ("run", 1, 2)), read_annotations(table))
    one, two = read_annotations(new).videos
    assert (one.labels, one.subset, two.segments.tolist()) == (
        ("run", "jump"), "training", [[1.0, 2.0]],
    )  # fmt: skip


def test_a_new_file_holds_all_videos_of_a_folder_that_is_open(tmp_path: Path) -> None:
    folder = tmp_path / "thumos"
    folder.mkdir()
    (folder / "run_val.txt").write_text("one 1 2\none -1 4\ntwo 5 6\n")
    (folder / "Ambiguous_val.txt").write_text("two 8 9\n")
    new = tmp_path / "new.json"
    save_annotations(new, video("one", ("run", 1, 2)), read_annotations(folder))
    (two,) = (video for video in read_annotations(new).videos if video.name == "two")
    assert (two.segments.tolist(), two.ambiguous.tolist()) == ([[5.0, 6.0]], [[8.0, 9.0]])


@pytest.mark.parametrize("name", ["labels.csv", "folder", "run_val.txt"])
def test_only_json_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"saved as JSON; choose a name that ends in \.json"):
        save_annotations(tmp_path / name, video())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"results": {}}', 'expected a "database" of videos'),
        ("[]", "expected an object"),
        ('{"database": []}', "database: expected an object"),
        ('{"database": {"one": 3}}', "video 'one': expected an object, not 3"),
        (
            '{"database": {"one": {"annotations": [{"label": "a", "segment": 4}]}}}',
            r"video 'one', annotation 0: expected a segment",
        ),
        ('{"database": {"two": {"weight": NaN}}}', "a number that JSON can't hold"),
        ("nonsense", "expected JSON"),
    ],
)
def test_a_file_of_another_kind_stays_as_it_is(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(AnnotationError, match=message):
        save_annotations(path, video())
    assert path.read_text() == text


def test_rounding_does_not_pass_the_duration_that_a_file_has(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"one": {"duration": 9.9996, "labels": []}}})
    save_annotations(path, video("one", ("run", 5.0, 9.9996)))
    assert read_annotations(path).findings == ()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"new\.json: can't be written"):
        save_annotations(tmp_path / "file" / "new.json", video())


def test_rounding_neither_empties_a_segment_nor_leaves_the_video() -> None:
    document = annotations_document(
        [video("one", ("run", 1.00001, 1.00002), ("run", 5.0, 9.9996), duration=9.9996)]
    )
    entry = document["database"]["one"]
    assert entry["duration"] == 10.0
    assert [row["segment"] for row in entry["annotations"]] == [[1.00001, 1.00002], [5.0, 10.0]]


def test_one_video_of_a_real_file_changes(shared_data: Path, tmp_path: Path) -> None:
    source = read_annotations(shared_data / "thumos14" / "annotations.json")
    first, *others = source.videos
    new = tmp_path / "new.json"
    save_annotations(new, first, source)
    before = read(source.path)
    written = read(new)
    assert {**written["database"], first.name: None} == {**before["database"], first.name: None}
    rows = written["database"][first.name]["annotations"]
    assert sorted(map(str, rows)) == sorted(map(str, before["database"][first.name]["annotations"]))
    again = read_annotations(new)
    assert [video.name for video in again.videos] == [first.name, *(v.name for v in others)]


_labels = st.sampled_from(["jump", "run", "a b", "Größe"])
_milliseconds = st.integers(0, 10**7)
_rows = st.lists(st.tuples(_labels, _milliseconds, st.integers(1, 10**6)), max_size=5)


@st.composite
def _videos(draw: st.DrawFn) -> list[VideoAnnotation]:
    videos = []
    for number in range(draw(st.integers(1, 3))):
        rows = draw(_rows)
        listed = tuple(draw(st.lists(_labels, unique=True, max_size=3))) if not rows else ()
        shown = tuple(label for label, _, _ in rows)
        times = [(start / 1000, (start + length) / 1000) for _, start, length in rows]
        ambiguous = draw(st.lists(_milliseconds, max_size=2))
        counts = {label: draw(st.integers(1, 9)) for label in listed}
        counts |= {label: shown.count(label) for label in shown}
        videos.append(
            VideoAnnotation(
                f"video {number}",
                draw(st.sampled_from([None, "test", "training"])),
                draw(st.one_of(st.none(), st.integers(1, 10**8).map(lambda ms: ms / 1000))),
                listed or tuple(dict.fromkeys(shown)),
                np.array(times, np.float64).reshape(-1, 2),
                shown,
                np.array([(at / 1000, at / 1000 + 1) for at in ambiguous]).reshape(-1, 2).round(3),
                counts,
            )
        )
    return videos


@pytest.mark.parametrize(
    ("key", "name", "file"),
    [
        ("pru\u0308fung 01 ", "pr\u00fcfung 01", None),
        ("one.mp4", "one", None),
        ("S1\\one.mp4", "one", "/data/S1/one.mp4"),
        ("S1/one", "S1/one.mp4", None),
    ],
)
def test_a_video_that_the_file_spells_otherwise_is_no_second_one(
    tmp_path: Path, key: str, name: str, file: str | None
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"S2/one": {"labels": []}, key: {"labels": ["run"], "x": 1}}})
    save_annotations(path, video(name, ("run", 1, 2)), also_called=file)
    database = read(path)["database"]
    assert list(database) == ["S2/one", key]
    assert (database[key]["x"], len(database[key]["annotations"])) == (1, 1)


def test_annotations_that_no_video_can_show_stay_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    odd = [
        {"label": "wash", "segment": [0, 0], "who": 7},
        {"label": "run", "segment": [-1, 2]},
        {"label": "jump", "segment": [3, 4]},
        {"label": "run", "segment": [9, 8]},
    ]
    write_json(path, {"database": {"one": {"labels": ["jump"], "annotations": odd}}})
    save_annotations(path, video("one", ("run", 1, 2)))
    entry = read(path)["database"]["one"]
    row = {"label": "run", "segment": [1.0, 2.0]}
    assert entry["annotations"] == [row, odd[0], odd[1], odd[3]]
    assert entry["labels"] == ["run", "wash"]


@given(_videos())
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, videos: list[VideoAnnotation]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.json"
    write_json(path, annotations_document(videos))
    for before, after in zip(videos, read_annotations(path).videos, strict=True):
        for name in ("name", "subset", "duration", "labels", "segment_labels"):
            assert getattr(after, name) == getattr(before, name)
        assert after.segments.tolist() == before.segments.tolist()
        assert after.ambiguous.tolist() == before.ambiguous.tolist()
        assert dict(after.counts) == dict(before.counts)


MOMENTS = [
    {"label": "jump", "time": 4.2, "by": "Ann"},
    {"label": "jump", "time": 30},
    {"label": "swim", "time": 9},
]


@pytest.mark.parametrize(("all_judged", "kept"), [(True, MOMENTS[:1]), (False, MOMENTS)])
def test_moments_stay_unless_what_was_looked_at_contradicts_them(
    tmp_path: Path, all_judged: bool, kept: list[dict[str, Any]]
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"one": {"annotations": MOMENTS}}})
    saved = video("one", ("jump", 4, 5))
    replaced = replaced_by_saving(path, saved, all_judged=all_judged)
    assert replaced == Replaced("one", 0, 0, (), 3 - len(kept))
    assert bool(replaced) == all_judged
    save_annotations(path, saved, all_judged=all_judged)
    rows = read(path)["database"]["one"]["annotations"]
    assert rows == [{"label": "jump", "segment": [4.0, 5.0]}, *kept]


def test_moments_are_written_with_a_video(tmp_path: Path) -> None:
    moments = (Moment("jump", 4.2),)
    marked = replace(video("one"), labels=("jump", "run"), moments=moments, counts={"jump": 2})
    write_json(tmp_path / "a.json", annotations_document([marked]))
    (again,) = read_annotations(tmp_path / "a.json").videos
    assert (set(again.labels), again.moments) == ({"jump", "run"}, moments)
    assert again.counts == {"jump": 2}
