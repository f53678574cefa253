"""Files of reviewed videos, held against the labels of training."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpat.annotations.reading import Moment, VideoAnnotation
from lpat.annotations.reviewed import read_reviewed, reviewed_in, save_reviewed
from lpat.errors import AnnotationError, OutputError, UsageError
from lpat.files.json_files import read_json, write_json

LABELS = {"v0": ("jump",), "v1": ("jump", "run"), "v2": ()}


def written(path: Path, name: str, *rows: tuple[str, float, float], **entry: object) -> Path:
    annotations = [{"label": label, "segment": [start, end]} for label, start, end in rows]
    write_json(path / "reviewed.json", {"database": {name: {"annotations": annotations, **entry}}})
    return path / "reviewed.json"


def test_a_reviewed_video_is_found_by_any_name_of_it(tmp_path: Path) -> None:
    path = written(tmp_path, "v1.mp4", ("run", 1, 2), ("jump", 3, 4), ("run", 5, 6))
    reviewed = read_reviewed(path, LABELS)
    assert list(reviewed) == ["v1"]
    assert reviewed["v1"].segments.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_video_in_which_nothing_happens_may_be_reviewed(tmp_path: Path) -> None:
    assert len(read_reviewed(written(tmp_path, "v2"), LABELS)["v2"].segments) == 0


def test_a_reviewed_video_that_isnt_there_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "v9", ("run", 1, 2))
    with pytest.raises(AnnotationError, match=r"'v9': expected one of the 3 annotated videos"):
        read_reviewed(path, LABELS)


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("v0", [("run", 1, 2)], "its segments show 'run', but its labels say 'jump'"),
        ("v1", [("run", 1, 2)], "its segments show 'run', but its labels say 'jump', 'run'"),
        ("v2", [("run", 1, 2)], "its segments show 'run', but its labels say nothing"),
        ("v0", [], "its segments show nothing, but its labels say 'jump'"),
    ],
)
def test_a_file_that_contradicts_the_tags_is_refused(
    tmp_path: Path, name: str, rows: list[tuple[str, float, float]], message: str
) -> None:
    with pytest.raises(AnnotationError, match=message):
        read_reviewed(written(tmp_path, name, *rows), LABELS)


def test_labels_without_segments_are_no_review(tmp_path: Path) -> None:
    write_json(tmp_path / "tags.json", {"database": {"v0": {"labels": ["jump"]}}})
    with pytest.raises(AnnotationError, match=r"expected a segment of each label, .* 'jump' has"):
        read_reviewed(tmp_path / "tags.json", LABELS)


def video_of(name: str, *rows: tuple[str, float, float]) -> VideoAnnotation:
    labels = tuple(label for label, _, _ in rows)
    times = np.array([row[1:] for row in rows], np.float64).reshape(-1, 2)
    return VideoAnnotation(name, None, 60.0, tuple(dict.fromkeys(labels)), times, labels)


def database_of(path: Path) -> dict[str, Any]:
    return read_json(path)["database"]


def test_what_is_saved_is_what_training_reads(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.json"
    save_reviewed(path, video_of("v0", ("jump", 1.0004, 2)))
    saved = save_reviewed(path, video_of("v2"))
    assert list(saved.videos) == ["v0", "v2"]
    assert read_reviewed(path, LABELS)["v0"].segments.tolist() == [[1.0, 2.0]]
    assert len(read_reviewed(path, LABELS)["v2"].segments) == 0


def test_saving_keeps_what_others_wrote_beside_it(tmp_path: Path) -> None:
    path = written(tmp_path, "v0.mp4", ("jump", 1, 2), by="Ann")
    seen = reviewed_in(path)["v0.mp4"]
    write_json(
        path,
        {
            "version": 7,
            "database": {
                **database_of(path),
                "v1": {"annotations": [{"label": "run", "segment": [5, 6], "sure": True}]},
            },
        },
    )
    saved = save_reviewed(path, video_of("v0", ("jump", 1, 3)), seen, also_called="/x/v0.mp4")
    assert saved.others is None
    assert saved.backup is None
    assert read_json(path)["version"] == 7
    assert database_of(path)["v0.mp4"]["by"] == "Ann"
    assert database_of(path)["v0.mp4"]["annotations"] == [{"label": "jump", "segment": [1.0, 3.0]}]
    assert database_of(path)["v1"]["annotations"][0]["sure"]


@pytest.mark.parametrize("reviewed", [True, False])
def test_instances_that_somebody_else_marked_meanwhile_stay_until_overruled(
    tmp_path: Path, reviewed: bool
) -> None:
    path = written(tmp_path, "v0", ("jump", 1, 2))
    seen = reviewed_in(path)["v0"]
    written(tmp_path, "v0", ("jump", 7, 8))
    before = path.read_bytes()
    mine = video_of("v0", ("jump", 3, 4))
    saved = save_reviewed(path, mine, seen, reviewed=reviewed)
    assert saved.others is not None
    assert saved.others.segments.tolist() == [[7, 8]]
    assert path.read_bytes() == before
    saved = save_reviewed(path, mine, seen, reviewed=reviewed, overrule=True)
    assert saved.backup is not None
    assert saved.backup.read_bytes() == before
    left = reviewed_in(path)
    assert [its.segments.tolist() for its in left.values()] == [[[3, 4]]] * reviewed


def test_a_video_that_somebody_else_took_out_is_put_in_again(tmp_path: Path) -> None:
    path = written(tmp_path, "v1", ("run", 1, 2))
    mine = video_of("v0", ("jump", 3, 4))
    assert list(save_reviewed(path, mine, seen=mine).videos) == ["v1", "v0"]


def test_what_is_said_already_is_not_written_again(tmp_path: Path) -> None:
    path = written(tmp_path, "v0", ("jump", 1, 2))
    before = path.stat().st_mtime_ns, path.stat().st_ino
    save_reviewed(path, video_of("v0", ("jump", 1, 2.0001)))
    save_reviewed(path, video_of("v9"), reviewed=False)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_video_that_is_no_longer_reviewed_goes_alone(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.json"
    both = video_of("v0", ("jump", 1, 2)), video_of("v1")
    for video in both:
        save_reviewed(path, video)
    assert list(save_reviewed(path, both[0], both[0], reviewed=False).videos) == ["v1"]
    assert save_reviewed(path, both[1], both[1], reviewed=False).videos == {}
    assert reviewed_in(path) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"database": {"v0": {"labels": ["jump"]}}}', "'v0': expected a segment of each label"),
        ("{", "expected JSON"),
        ("[]", "expected an object"),
        ('{"database": {"v0": {"annotations": [{"label": "jump"}]}}}', "expected a segment"),
    ],
)
def test_a_file_that_holds_something_else_is_left_alone(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "reviewed.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        save_reviewed(path, video_of("v1", ("run", 1, 2)))
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("name", ["reviewed.csv", "."])
def test_reviewed_videos_are_json(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"that ends in \.json"):
        save_reviewed(tmp_path / name, video_of("v1"))


def test_a_folder_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="gone: can't be written"):
        save_reviewed(tmp_path / "gone" / "reviewed.json", video_of("v1"))


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.json"
    names = [f"v{number}" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: save_reviewed(path, video_of(name, ("run", 1, 2))), names))
    assert sorted(reviewed_in(path)) == sorted(names)


def test_a_moment_outside_of_all_segments_of_its_label_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "v1", ("run", 1, 2), ("jump", 3, 4))
    inside = {"v1": (Moment("run", 2.0), Moment("jump", 3.0))}
    assert list(read_reviewed(path, LABELS, inside)) == ["v1"]
    with pytest.raises(AnnotationError, match=r"'v1': expected a segment of 'run' at 3.5 s"):
        read_reviewed(path, LABELS, {"v1": (Moment("run", 3.5),)})


def test_what_is_odd_in_the_file_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "v0", ("jump", 1, 2), ("jump", 3, 3), ("jump", 4, 9), duration=5)
    told: list[str] = []
    read_reviewed(path, LABELS, tell=told.append)
    assert [line.removeprefix(f"{path}: ")[:22] for line in told] == [
        "1 segments end past th",
        "1 segments take no tim",
    ]
