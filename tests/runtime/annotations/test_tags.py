"""Tags are changed one by one; what else a file holds, and what others write meanwhile, stays."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from lpat.annotations.reading import Moment, read_annotations
from lpat.annotations.tags import clean_label, read_tags, save_tags
from lpat.errors import AnnotationError, OutputError, UsageError
from lpat.files.json_files import write_json

DOCUMENT = {
    "version": 3,
    "database": {
        "a": {"subset": "training", "labels": ["jump"], "counts": {"jump": 2, "run": 1}},
        "b": {"annotations": [], "url": "u"},
        "c": {"annotations": [{"label": "run", "segment": [1, 2], "note": "n"}]},
        "d": {"duration": 4.0},
    },
}


@pytest.fixture
def json_file(tmp_path: Path) -> Path:
    path = tmp_path / "tags.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def database(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8"))["database"]


def test_a_file_says_labels_nothing_or_not_a_word(json_file: Path) -> None:
    found = read_tags(json_file)
    assert found.labels == {"a": ("jump",), "b": (), "c": ("run",)}
    assert found.timed == {"c"}


def test_a_file_that_is_absent_says_nothing(tmp_path: Path) -> None:
    assert read_tags(tmp_path / "new.csv").labels == {}


def test_json_keeps_all_but_the_tags_that_are_changed(json_file: Path) -> None:
    save_tags(read_tags(json_file), {"a": ("run",), "b": None, "d": (), "e": ("jump", "run")})
    assert json.loads(json_file.read_text())["version"] == 3
    assert database(json_file) == {
        "a": {"subset": "training", "labels": ["run"], "counts": {"run": 1}},
        "b": {"url": "u"},
        "c": DOCUMENT["database"]["c"],
        "d": {"duration": 4.0, "labels": []},
        "e": {"labels": ["jump", "run"]},
    }
    labels = read_annotations(json_file).labels_by_video(None)
    assert labels == {"a": ("run",), "c": ("run",), "d": (), "e": ("jump", "run")}


def test_an_entry_that_says_nothing_any_more_goes(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    written = save_tags(read_tags(path), {"a": ("jump",), "b": ()}).file
    save_tags(written, {"a": None})
    assert database(path) == {"b": {"labels": []}}


def test_csv_keeps_other_columns_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text('video,labels,subset,who\na,jump,training,"x, y"\nb,,training,\n')
    save_tags(read_tags(path), {"a": ("jump", "run"), "c": ()})
    assert path.read_text() == (
        'video,labels,subset,who\na,jump;run,training,"x, y"\nb,,training,\nc,,,\n'
    )
    assert read_annotations(path).labels_by_video(None) == {"a": ("jump", "run"), "b": (), "c": ()}


def test_a_row_of_csv_that_says_nothing_any_more_keeps_its_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("video,labels,subset\na,jump,training\nb,run,\n")
    save_tags(read_tags(path), {"a": None, "b": None})
    assert read_tags(path).labels == {}
    assert path.read_text() == "video,subset,labels\na,training\nb,\n"
    save_tags(read_tags(path), {"a": ("jump",)})
    assert read_annotations(path).videos[0].subset == "training"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_stays_as_its_program_writes_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "tags.csv"
    text = "sep=;\r\nVideo;Labels;who\r\nu\u0308.mp4;jump|fly;x\r\nb;run;\r\n"
    path.write_bytes(text.encode(encoding))
    save_tags(read_tags(path), {"\u00fc.mp4": ("jump", "run"), "c": ()})
    assert path.read_bytes() == (
        text.replace("jump|fly", "jump|run") + "c;;\r\n"
    ).encode(encoding)  # fmt: skip
    assert read_tags(path).labels == {"\u00fc.mp4": ("jump", "run"), "b": ("run",), "c": ()}


def test_videos_and_labels_are_the_same_however_they_are_composed(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    entry = {"labels": ["u\u0308ben "], "counts": {"u\u0308ben": 2, "run": 1}, "url": "u"}
    path.write_text(json.dumps({"database": {"u\u0308": entry}}))
    seen = read_tags(path)
    assert seen.labels == {"\u00fc": ("\u00fcben",)}
    save_tags(seen, {"\u00fc": ("\u00fcben", "fly")})
    assert database(path) == {
        "u\u0308": {"url": "u", "counts": {"u\u0308ben": 2}, "labels": ["\u00fcben", "fly"]}
    }


def test_what_others_change_meanwhile_is_kept(json_file: Path) -> None:
    mine = read_tags(json_file)
    save_tags(read_tags(json_file), {"b": ("swim",), "f": ("fly",)})
    saved = save_tags(mine, {"a": ("run",)})
    assert saved.taken == {"b": ("swim",), "f": ("fly",)}
    assert saved.conflicts == {}
    assert read_tags(json_file).labels == saved.file.labels
    assert saved.file.labels == {"a": ("run",), "b": ("swim",), "c": ("run",), "f": ("fly",)}


def test_a_video_that_both_change_stays_as_others_left_it_until_saved_again(
    json_file: Path,
) -> None:
    mine = read_tags(json_file)
    save_tags(read_tags(json_file), {"a": ("swim",), "b": None})
    saved = save_tags(mine, {"a": ("run",), "b": ("jump",), "e": ()})
    assert saved.conflicts == {"a": ("swim",), "b": None}
    assert read_tags(json_file).labels == {"a": ("swim",), "c": ("run",), "e": ()}
    saved = save_tags(saved.file, {"a": ("run",)})
    assert saved.conflicts == {}
    assert read_tags(json_file).says("a") == ("run",)


def test_both_saying_the_same_is_no_conflict(json_file: Path) -> None:
    mine = read_tags(json_file)
    save_tags(read_tags(json_file), {"a": ("run",)})
    before = json_file.stat()
    assert save_tags(mine, {"a": ("run",)}).conflicts == {}
    assert json_file.stat().st_ino == before.st_ino  # and nothing is written


def test_times_are_never_overruled(json_file: Path) -> None:
    saved = save_tags(read_tags(json_file), {"c": ()})
    assert saved.conflicts == {"c": ("run",)}
    assert database(json_file) == DOCUMENT["database"]


def test_a_new_file_begins_as_a_copy(json_file: Path, tmp_path: Path) -> None:
    read = read_tags(json_file)
    other = tmp_path / "elsewhere" / "tags.json"
    other.parent.mkdir()
    fresh = type(read)(other, {}, source=json_file)
    save_tags(fresh, {"a": ("run",)})
    assert database(other) == {
        **DOCUMENT["database"],
        "a": {"subset": "training", "labels": ["run"], "counts": {"run": 1}},
    }


def _tag(path: Path, start: int) -> None:
    seen = read_tags(path)
    for number in range(start, start + 10):
        seen = save_tags(seen, {f"v{number}": ("jump",)}).file


def test_programs_that_write_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_tag, args=(path, start)) for start in (0, 100)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert len(read_tags(path).labels) == 20
    assert [entry.name for entry in tmp_path.iterdir()] == ["tags.json"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tags.json", "{", "expected JSON"),
        ("tags.json", "[]", "expected an object"),
        ("tags.json", "{}", 'expected a "database"'),
        ("tags.csv", "name\n", "it lacks video, labels"),
        ("tags.csv", "video,label,start,end\na,run,1,2\n", "it lacks labels"),
        ("tags.json", '[{"data": {"video": "v.mp4"}, "annotations": []}]', "expected an object"),
        ("tags.txt", "", "ends in .json or .csv"),
    ],
)
def test_a_file_of_another_kind_is_named(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises((AnnotationError, UsageError), match=message) as caught:
        read_tags(path)
    assert str(path) in str(caught.value)


def test_a_file_that_broke_meanwhile_is_left_alone(json_file: Path) -> None:
    mine = read_tags(json_file)
    json_file.write_text("half a fi")
    with pytest.raises(AnnotationError, match="expected JSON"):
        save_tags(mine, {"a": ()})
    assert json_file.read_text() == "half a fi"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "tags.json"
    with pytest.raises(OutputError, match="can't be written"):
        save_tags(read_tags(place), {"a": ()})


@pytest.mark.parametrize(
    ("text", "label"), [(" long  jump\n", "long jump"), ("cafe\u0301", "caf\u00e9")]
)
def test_labels_are_written_in_one_way(text: str, label: str) -> None:
    assert clean_label(text) == label


@pytest.mark.parametrize(
    ("text", "message"),
    [("  ", "empty"), ("a;b", "without ';'"), ("a|b", r"without '\|'"), ("Ambiguous", "no class")],
)
def test_labels_that_files_cannot_hold_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        clean_label(text)


JUMP, RUN = Moment("jump", 4.2), Moment("run", 1.5)
ROWS = [
    {"label": "jump", "time": 4.2, "by": "Ann"},
    {"label": "jump", "time": -3},  # outside of the video: nobody sees it
]


@pytest.fixture
def marked_file(tmp_path: Path) -> Path:
    """One video with moments, and labels beside them."""
    entry = {"labels": ["jump", "run"], "annotations": ROWS, "url": "x"}
    write_json(tmp_path / "tags.json", {"database": {"v": entry}})
    return tmp_path / "tags.json"


def test_moments_stay_where_tags_change_while_their_label_does(marked_file: Path) -> None:
    seen = read_tags(marked_file)
    assert seen.marks("v") == (JUMP,)
    saved = save_tags(seen, {"v": ("jump",)})
    assert database(marked_file)["v"] == {"labels": ["jump"], "annotations": ROWS, "url": "x"}
    assert saved.file.marks("v") == (JUMP,)
    saved = save_tags(saved.file, {"v": ("run",)})
    assert database(marked_file)["v"] == {"labels": ["run"], "url": "x"}
    assert saved.file.marks("v") == ()


def test_moments_are_what_training_reads(marked_file: Path) -> None:
    seen = read_tags(marked_file)
    save_tags(seen, {"v": ("jump", "run")}, {"v": (RUN, JUMP)})
    (video,) = read_annotations(marked_file).videos
    assert set(video.moments) == {RUN, JUMP}
    assert read_tags(marked_file).marks("v") == (RUN, JUMP)
    rows = database(marked_file)["v"]["annotations"]  # type: ignore[index]
    assert rows == [*ROWS, {"label": "run", "time": 1.5}]


def test_moments_that_others_marked_meanwhile_are_no_less_than_tags(marked_file: Path) -> None:
    seen = read_tags(marked_file)
    save_tags(seen, {"v": ("jump", "run")}, {"v": (RUN, JUMP)})
    saved = save_tags(seen, {"v": ("jump", "run")}, {"v": ()})
    assert saved.conflicts == {"v": ("jump", "run")}
    assert read_tags(marked_file).marks("v") == (RUN, JUMP)
    save_tags(saved.file, {"v": ("jump", "run")}, {"v": ()})
    assert read_tags(marked_file).marks("v") == ()


def test_a_table_has_no_place_for_moments(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    with pytest.raises(UsageError, match=r"tags.csv: a table has no place for moments, as 'v'"):
        save_tags(read_tags(path), {"v": ("jump",)}, {"v": (JUMP,)})
    assert not path.exists()
