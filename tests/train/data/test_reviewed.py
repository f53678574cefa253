"""Files of reviewed videos, held against the labels of training."""

from pathlib import Path

import pytest

from lpat.annotations.reading import Moment
from lpat.errors import AnnotationError
from lpat.files.json_files import write_json
from lpat_train.data.reviewed import read_reviewed

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
