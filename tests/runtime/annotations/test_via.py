"""VIA 3's projects and tables: temporal segments, and what is passed over."""

import json
from pathlib import Path
from typing import Any

import pytest

from lpat.annotations.reading import Annotations, read_annotations
from lpat.errors import AnnotationError

ATTRIBUTES = {
    "1": {"aname": "action", "anchor_id": "FILE1_Z2_XY0", "type": 4, "options": {"0": "run"}},
    "2": {"aname": "more", "type": 2, "options": {"a": "up", "b": "in"}},
    "3": {"aname": "text", "anchor_id": "FILE1_Z2_XY0", "type": 1, "options": {}},
}  # fmt: skip
METADATA = [
    ([1.5, 3.5], [], {"1": "0"}),
    ([4, 5], [], {"2": "a,b", "3": "freely"}),
    ([6, 7], [], {"1": "_DEFAULT"}),
    ([2.5], [2, 1, 1, 5, 5], {"1": "0"}),
    ([], [2, 1, 1, 5, 5], {}),
]
ROWS = [("freely", 4.0, 5.0), ("in", 4.0, 5.0), ("run", 1.5, 3.5), ("up", 4.0, 5.0)]


def project() -> dict[str, Any]:
    return {
        "project": {"pid": "x", "data_format_version": "3.1.2"},
        "config": {},
        "attribute": ATTRIBUTES,
        "file": {
            "1": {"fid": "1", "fname": "a clip.mp4", "loc": 1, "src": ""},
            "2": {"fid": "2", "fname": "https://example.org/b.mp4", "loc": 2, "src": ""},
        },
        "view": {"1": {"fid_list": ["1"]}, "2": {"fid_list": ["2"]}},
        "metadata": {
            f"1_{number}": {"vid": "1", "flg": 0, "z": z, "xy": xy, "av": av}
            for number, (z, xy, av) in enumerate(METADATA)
        },
    }


def table() -> str:
    def cell(value: Any) -> str:
        return '"' + json.dumps(value).replace('"', '""') + '"'

    lines = [
        "# Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)",
        f"# ATTRIBUTE = {json.dumps(ATTRIBUTES)}",
        "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,"
        "metadata",
    ]
    for number, (z, xy, av) in enumerate(METADATA):
        lines.append(f'"1_{number}",{cell(["a clip.mp4"])},0,{cell(z)},{cell(xy)},{cell(av)}')
    return "\r\n".join(lines)


def read(path: Path, text: str) -> Annotations:
    path.write_bytes(text.encode())
    return read_annotations(path)


@pytest.mark.parametrize("name", ["via.json", "via.csv"])
def test_temporal_segments_are_read_with_their_options_texts(tmp_path: Path, name: str) -> None:
    is_project = name.endswith("json")
    annotations = read(tmp_path / name, json.dumps(project()) if is_project else table())
    (video,) = annotations.videos
    assert video.name == "a clip"
    found = zip(video.segment_labels, *video.segments.T.tolist(), strict=True)
    assert sorted(found) == ROWS
    passed = [its.message for its in annotations.findings if its.kind == "passed_over"]
    assert passed == [
        "a segment without a label: [6.0, 7.0]", "a still frame at [2.5]", "a region at []",
    ]  # fmt: skip
    assert dict(annotations.unknown) == ({"b": None} if is_project else {})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"[1.5, 3.5]"', '"[1.5, null]"', "expected a segment"),
        ('"[1.5, 3.5]"', '"1.5, 3.5"', "expected JSON"),
        ('"[""a clip.mp4""]"', '"[]"', "expected a video, but there is none"),
        (
            '""a clip.mp4',
            '""x/a clip.mp4',
            "line 5: a clip.mp4 is called 'a clip', as x/a clip.mp4",
        ),
        ('"1_0",', '1\r0",', "line 4: new-line character"),
        ('"1_0",', "", "line 4: expected 6 columns of VIA, not 5"),
        ('"{""1"": ""0""}"', '"{""1"": 0}"', "attribute '1': expected a string, not 0"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in table()
    with pytest.raises(AnnotationError) as caught:
        read(tmp_path / "via.csv", table().replace(old, new, 1))
    assert message in str(caught.value)


def test_broken_projects_are_refused(tmp_path: Path) -> None:
    for part, key, value, message in [
        ("metadata", "1_0", {"vid": "9", "z": [1, 2], "av": {}}, "expected a view of the project"),
        ("view", "1", {"fid_list": []}, "expected a file of the project"),
        ("file", "1", {"fname": 1}, "expected a string"),
        ("file", "2", {"fname": "x/a clip.mkv"}, "is called 'a clip', as a clip.mp4 is too"),
        ("metadata", "1_0", {"vid": "1", "z": 1, "av": {}}, "times: expected a list"),
    ]:
        document = project()
        document[part][key] = value
        with pytest.raises(AnnotationError) as caught:
            read(tmp_path / "via.json", json.dumps(document))
        assert message in str(caught.value)
