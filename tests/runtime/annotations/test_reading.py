"""Annotations files: what is read, and the one line that each broken one gives."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lpat.annotations.checks import summarise
from lpat.annotations.reading import read_annotations
from lpat.errors import AnnotationError
from lpat.files.kinds import ANNOTATIONS, kind_of

GOOD = """{"database": {
  "one": {"subset": "training", "duration": 9.5, "annotations": [
    {"label": "jump", "segment": [1, 2.5]},
    {"label": "run", "segment": [3, 4]},
    {"label": "jump", "segment": [5, 6]}]},
  "two": {"subset": "test", "labels": ["run", "run"]}}}"""


def written(folder: Path, text: str | bytes, name: str = "annotations.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_json_gives_labels_once_and_segments_in_order(tmp_path: Path) -> None:
    one, two = read_annotations(written(tmp_path, GOOD)).videos
    assert (one.name, one.subset, one.duration) == ("one", "training", 9.5)
    assert one.labels == ("jump", "run")
    assert one.segment_labels == ("jump", "run", "jump")
    np.testing.assert_array_equal(one.segments, [[1, 2.5], [3, 4], [5, 6]])
    assert (two.labels, two.duration, two.segments.shape) == (("run",), None, (0, 2))


def test_subsets_select_videos(tmp_path: Path) -> None:
    annotations = read_annotations(written(tmp_path, GOOD))
    assert annotations.subsets == ("training", "test")
    assert [video.name for video in annotations.in_subset("test")] == ["two"]
    assert annotations.labels_by_video(None) == {"one": ("jump", "run"), "two": ("run",)}
    with pytest.raises(AnnotationError, match="no subset 'dev'; its subsets: training, test"):
        annotations.in_subset("dev")


def test_segments_are_counted_whatever_their_times_and_before_any_stated_count(
    tmp_path: Path,
) -> None:
    text = """{"database": {
      "one": {"counts": {"run": 9, "jump": 2}, "annotations": [
        {"label": "run", "segment": [3, 4]}, {"label": "run", "segment": [5, 6]},
        {"label": "Ambiguous", "segment": [7, 8]}]},
      "two": {"labels": ["run", "jump"], "counts": {"run": 9}},
      "three": {"labels": ["run"], "counts": null}}}"""
    counts = read_annotations(written(tmp_path, text)).counts_by_video(None)
    assert counts == {"one": {"run": 2, "jump": 2}, "two": {"run": 9}, "three": {}}
    table = "video,labels\none,run\n"
    read = read_annotations(written(tmp_path, table, "labels.csv"))
    assert read.counts_by_video(None) == {"one": {}}
    folder = tmp_path / "thumos"
    folder.mkdir()
    written(folder, "one 1 2\none 4 4\none -1 2\n", "run_val.txt")  # two of them are left out
    read = read_annotations(folder)
    assert len(read.videos[0].segments) == 1
    assert read.counts_by_video(None) == {"one": {"run": 3}}


def test_csv_separates_labels_by_semicolon_or_bar(tmp_path: Path) -> None:
    text = "\ufeffvideo,labels,subset\none,jump; run,training\ntwo,run|run,\n"
    one, two = read_annotations(written(tmp_path, text, "labels.csv")).videos
    assert (one.name, one.labels, one.subset) == ("one", ("jump", "run"), "training")
    assert (two.name, two.labels, two.subset) == ("two", ("run",), None)


def test_ambiguous_is_no_class(tmp_path: Path) -> None:
    text = """{"database": {
      "one": {"annotations": [
        {"label": "Ambiguous", "segment": [7, 8]}, {"label": "run", "segment": [3, 4]}]},
      "two": {"annotations": [{"label": "Ambiguous", "segment": [1, 2]}]},
      "three": {"labels": ["Ambiguous", "run"]}}}"""
    one, two, three = read_annotations(written(tmp_path, text)).videos
    assert one.labels == one.segment_labels == three.labels == ("run",)
    np.testing.assert_array_equal(one.segments, [[3, 4]])
    np.testing.assert_array_equal(one.ambiguous, [[7, 8]])
    assert (two.labels, two.segments.shape, two.ambiguous.shape) == ((), (0, 2), (1, 2))
    assert three.ambiguous.shape == (0, 2)
    table = "video,labels\none,Ambiguous;run\n"
    assert read_annotations(written(tmp_path, table, "labels.csv")).videos[0].labels == ("run",)


def test_what_is_odd_in_json_is_found(tmp_path: Path) -> None:
    text = """{"database": {
      "one": {"subset": "a", "labels": ["run"], "duration": 5, "annotations": [
        {"label": "run", "segment": [3, 6]}, {"label": "jump", "segment": [1, 2]},
        {"label": "jump", "segment": [1, 2]}]},
      "two": {"subset": "b", "labels": ["run"], "annotations": [
        {"label": "jump", "segment": [3, 4]}]},
      "three": {"subset": "b", "labels": null, "annotations": [
        {"label": "jump", "segment": [3, 4]}]}}}"""
    read = read_annotations(written(tmp_path, text))
    one, two, three = read.videos
    assert (one.labels, two.labels, three.labels) == (("run", "jump"), ("jump",), ("jump",))
    np.testing.assert_array_equal(one.segments, [[3, 6], [1, 2], [1, 2]])
    assert [(finding.kind, finding.message) for finding in read.findings_in("a")] == [
        ("labels", "the list lacks jump"),
        ("past_end", "run [3.0, 6.0] in a video of 5.0 s"),
        ("duplicate", "jump [1.0, 2.0] stands 2 times"),
    ]
    assert [(finding.kind, finding.video) for finding in read.findings_in("b")] == [
        ("labels", "two")
    ]
    assert len(read.findings_in(None)) == len(read.findings) == 4


def test_videos_with_ambiguous_labels_alone_teach_nothing(tmp_path: Path) -> None:
    text = """{"database": {
      "one": {"labels": ["run"]}, "two": {"annotations": []}, "four": {"labels": ["Ambiguous"]},
      "three": {"annotations": [{"label": "Ambiguous", "segment": [1, 2]}]}}}"""
    read = read_annotations(written(tmp_path, text))
    assert read.labels_by_video(None) == {"one": ("run",), "two": ()}
    read = read_annotations(written(tmp_path, "video,labels\na,run\nb,Ambiguous\n", "labels.csv"))
    assert read.labels_by_video(None) == {"a": ("run",)}
    folder = tmp_path / "thumos"
    folder.mkdir()
    written(folder, "v1 1 2\n", "run_val.txt")
    written(folder, "v2 4 4\n", "Ambiguous_val.txt")  # takes no time
    assert read_annotations(folder).labels_by_video(None) == {"v1": ("run",)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "annotations.json",
            """{"database": {"a": {"labels": ["run"]}, "b": {"annotations": []},
            "c": {"labels": []}, "d": {"annotations": [], "labels": []},
            "e": {"annotations": [], "labels": null}, "f": {"labels": null}, "g": {}}}""",
        ),
        ("labels.csv", "video,labels\na,run\nb,\nc, ; \nd,\ne,|\nf\ng\n"),
    ],
)
def test_an_empty_list_says_that_nothing_happens_and_no_list_says_nothing(
    tmp_path: Path, name: str, text: str
) -> None:
    read = read_annotations(written(tmp_path, text, name))
    assert read.labels_by_video(None) == {"a": ("run",), "b": (), "c": (), "d": (), "e": ()}
    assert [(its.kind, its.video) for its in read.findings] == [("unknown", "f"), ("unknown", "g")]
    assert summarise(read.findings_in(None)) == [
        "2 videos: what they show isn't said (first: 'f': neither annotations nor labels); left out"
    ]


def test_videos_of_which_nothing_is_said_are_found_in_their_subset(tmp_path: Path) -> None:
    text = """{"database": {"a": {"subset": "x", "labels": ["run"]}, "b": {"subset": "x"},
      "c": {"subset": "y", "labels": []}, "d": {"subset": "y"}}}"""
    read = read_annotations(written(tmp_path, text))
    assert [finding.video for finding in read.findings_in("x")] == ["b"]
    assert dict(read.unknown) == {"b": "x", "d": "y"}


def video(annotation: str) -> str:
    return '{"database": {"v": {"annotations": [' + annotation + "]}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected JSON, but line 1 column 1"),
        ("{", "expected JSON, but line 1"),
        (b"\xff\xfe{", "expected UTF-8 text, but byte 0 isn't"),
        ("[]", "expected an object, not a list"),
        ("{}", 'expected a "database" of videos'),
        ('{"database": {}}', "expected annotated videos, but it has none"),
        ('{"database": {"v": 3}}', "video 'v': expected an object, not 3"),
        ('{"database": {"v": {}}}', "annotations or labels of a video, but none of 1 .* 'v'"),
        ('{"database": {"v": {"labels": []}, "v": {"labels": []}}}', "'v' appears twice"),
        ('{"database": {"v": {"labels": [], "subset": 1}}}', "subset: expected a string, not 1"),
        ('{"database": {"v": {"labels": [" "]}}}', "expected a label, not ' '"),
        ('{"database": {"v": {"labels": [], "duration": "9"}}}', "expected a duration in seconds"),
        ('{"database": {"v": {"labels": ["\u200b"]}}}', "expected a label, not"),
        ('{"database": {"\u00fc": {}, "u\u0308": {}}}', "appears twice, as '\u00fc' and 'u.*0308'"),
        ('{"database": {"v": {"counts": {"a": 1, "a ": 1}}}}', "counts: 'a' appears twice"),
        (video('{"label": "a", "segment": [0, 1]}')[:-3] + ', "labels": "a"}}}', "expected a list"),
        (
            '{"database": {"v": {"labels": ["a"], "counts": {"a": 0}}}}',
            "counts: expected a whole number from 1 to 1000000000 for 'a', not 0",
        ),
        ('{"database": {"v": {"labels": ["a"], "counts": 2}}}', "expected an object, not 2"),
        (video('{"segment": [0, 1]}'), "annotation 0: expected a label, not None"),
        (video('{"label": "a"}'), r"annotation 0: expected a segment \[start, end\]"),
        (video('{"label": "a", "segment": [0, NaN]}'), "expected a segment"),
        (video('{"label": "a", "segment": [true, 2]}'), "expected a segment"),
        (video('{"label": "a", "segment": [0, 1' + "0" * 400 + "]}"), "expected a segment"),
        (video('{"label": "a", "time": 1' + "0" * 5000 + "}"), "expected a time in seconds"),
        (video('{"label": "a", "time": true}'), "expected a time in seconds, not True"),
        (
            '{"database": {"v": {"labels": ["a"], "counts": {"a": 1' + "0" * 300 + "}}}}",
            "counts: expected a whole number from 1 to 1000000000 for 'a', not 1000",
        ),
        ("[" * 200_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_broken_json_file_gives_one_clear_line(tmp_path: Path, text, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AnnotationError, match=message) as caught:
        read_annotations(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected columns video,labels"),
        ("name,labels\na,b\n", "it lacks video"),
        ("name;labels\na;b\n", "it lacks video, labels; its first row is 'name;labels'"),
        ("video,labels,Labels\na,b,c\n", "line 1: the column 'labels' appears twice"),
        ("video,labels\na,x\na,y\n", "line 3: 'a' appears twice"),
        ("video,labels\n\u00fc,x\nu\u0308,y\n", r"line 3: .* appears twice, as '.' on line 2"),
        ('video,labels\n\na,"x\ny"\n\n\n,z\n', "line 7: expected a video's name"),
        ('video,labels\n"a\nb",x\n', "line 2: expected a video's name"),
        ("video,labels\na,\u200b\n", "line 2: expected a label"),
        ("video;labels\na;x;y\n", "line 2: more values than columns; separate labels by '|'"),
        ("video,labels,\na,x,y\n", "line 2: more values than columns"),
        ("video,labels\na,\"['jump', 'run']\"\n", "expected labels such as jump;run, not a pro"),
        ('video,labels\na,"[""jump""]"\n', "expected labels such as jump;run, not a program's"),
        ("video,labels\na,[]\n", "line 2: expected labels such as jump;run"),
        ("video,labels\na,{'jump'}\n", "line 2: expected labels such as jump;run"),
        (b"video,labels\na,h\xfcpfen\n", "byte 16 on line 2 isn't: save it .* as CSV in UTF-8"),
        ("video,labels\na,x\n".encode("utf-16-le"), "it holds zero bytes: save it"),
        (b"PK\x03\x04 a workbook", "not a spreadsheet's own file: save it"),
        ("video,labels\n,x\n", "line 2: expected a video's name"),
        ("video,labels\na,x,y\n", "line 2: more values than columns"),
        ('video,labels\na,"x\n', "line"),
    ],
)
def test_a_broken_csv_file_gives_one_clear_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(AnnotationError, match=message) as caught:
        read_annotations(written(tmp_path, text, "labels.csv"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "video,labels,subset\nv1,jump;run,training\nv2,,\n",
        "\ufeffVideo ,LABELS, Subset,,\r\nv1,jump|run,training,,\r\n,,,,\r\nv2,,,,\r\n,,,,\r\n",
        "video;labels;subset\nv1;jump|run;training\nv2;;\n",
        'sep=;\r\nvideo;labels;subset\r\nv1;"jump;run";training\r\nv2;;\r\n',
        "\ufeffsep=\t\nvideo\tlabels\tsubset\nv1\tjump;run\ttraining\nv2\t\t\n",
        'subset,notes,labels,video\ntraining,"a\n""b""",jump; run ,v1\n,,,v2\n',
        'video,labels,subset\rv1,"jump\rrun",training\rv2,,\r',
        'video,labels,subset\r\nv1,"jump\r\nrun",training\r\nv2,,',
        "\ufeffvideo\tlabels\tsubset\r\nv1\tjump;run\ttraining\r\nv2\t\t\r\n".encode("utf-16-le"),
    ],
)
def test_tables_are_read_as_spreadsheets_write_them(tmp_path: Path, text: str | bytes) -> None:
    for name in ("labels.csv", "labels.TSV"):
        read = read_annotations(written(tmp_path, text, name))
        assert read.labels_by_video(None) == {"v1": ("jump", "run"), "v2": ()}
        assert [video.subset for video in read.videos] == ["training", None]


def test_only_line_breaks_of_a_table_part_its_rows(tmp_path: Path) -> None:
    text = "video,labels\nv0,jump\u2028up\nv1,a\x0bb\nv2,c\x85d;e\n"
    read = read_annotations(written(tmp_path, text, "labels.csv"))
    assert read.labels_by_video(None) == {"v0": ("jump up",), "v1": ("a b",), "v2": ("c d", "e")}


@pytest.mark.parametrize("name", ["labels.xlsx", "labels.XLS", "labels.ods"])
def test_a_spreadsheet_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnnotationError, match=r"not a spreadsheet's own file: save it .* as CSV"):
        read_annotations(written(tmp_path, b"PK\x03\x04\x00", name))


def test_times_and_durations_that_cannot_be_are_left_out_of_json_too(tmp_path: Path) -> None:
    text = """{"database": {"v": {"duration": 0, "annotations": [
      {"label": "a", "segment": [0, 0]}, {"label": "a", "segment": [-0.3, 2]},
      {"label": "b", "segment": [3, 2]}, {"label": "c", "segment": [1, 2]}]}}}"""
    (found,) = (read := read_annotations(written(tmp_path, text))).videos
    assert (found.labels, found.segment_labels, found.duration) == (("a", "b", "c"), ("c",), None)
    assert [its.kind for its in read.findings] == ["left_out"] * 3 + ["duration"]


def same_in_every_format(folder: Path) -> list[Path]:
    """Two videos of one label, each spelled in two ways, as JSON, table, text and arrays."""
    jumps = ["h\u00fcpfen", "hu\u0308pfen "]
    names = ["\u00fc1", "u\u03082"]
    rows = {
        name: {"subset": "test", "annotations": [{"label": label, "segment": [1, 2]}]}
        for name, label in zip(names, jumps, strict=True)
    }
    document = written(folder, json.dumps({"database": rows}))
    cells = "".join(f"{name} ,{label}\n" for name, label in zip(names, jumps, strict=True))
    table = written(folder, f"video,labels\n{cells}", "labels.csv")
    (texts := folder / "text").mkdir()
    for number, label in enumerate(jumps):
        written(texts, f"{names[number]} 1 2\n", f"{label.strip()}_test.txt")
    (arrays := folder / "arrays").mkdir()
    np.save(arrays / "videoname.npy", np.array(names))
    np.save(arrays / "subset.npy", np.array(["test", "test"]))
    for name, its in {"segments": [[[1, 2]]] * 2, "labels": [[label] for label in jumps]}.items():
        array = np.empty(2, object)
        array[:] = its
        np.save(arrays / f"{name}.npy", array)
    return [document, table, texts, arrays]


def test_every_reader_gives_names_and_labels_in_one_form(tmp_path: Path) -> None:
    for path in same_in_every_format(tmp_path):
        read = read_annotations(path)
        labels = dict(sorted(read.labels_by_video(None).items()))
        assert labels == {"\u00fc1": ("h\u00fcpfen",), "\u00fc2": ("h\u00fcpfen",)}, path
        assert read.findings == (), path


def test_labels_and_names_that_only_look_alike_are_found_whatever_the_subset(
    tmp_path: Path,
) -> None:
    table = "video,labels,subset\nv1,jump,training\nV1,Jump,test\nv2,ju\u200bmp;run,test\n"
    read = read_annotations(written(tmp_path, table, "labels.csv"))
    assert [(its.kind, its.video, its.message) for its in read.findings_in("training")] == [
        ("alike_labels", "V1", "'jump' in 1 and 'Jump' in 1 of the videos"),
        ("alike_labels", "v2", r"'jump' in 1 and 'ju\u200bmp' in 1 of the videos"),
        ("alike_names", "V1", "'v1' and 'V1'"),
    ]
    assert summarise(read.findings)[0] == (
        "2 labels differ from others by case, blanks or unseen characters alone "
        "(first: 'V1': 'jump' in 1 and 'Jump' in 1 of the videos); each is a class of its own"
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"nowhere\.json: no such file"):
        read_annotations(tmp_path / "nowhere.json")


def test_the_fields_own_annotations_are_read(shared_data: Path) -> None:
    thumos = read_annotations(shared_data / "thumos14" / "annotations.json")
    assert {name: len(thumos.in_subset(name)) for name in thumos.subsets} == {
        "validation": 200,
        "test": 212,
    }
    assert sum(len(video.segments) for video in thumos.videos) == 6365
    kinds = Counter(finding.kind for finding in thumos.findings)
    assert kinds == {"labels": 28, "past_end": 30}


def test_a_table_of_segments_as_lpat_detect_writes_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "detections.csv"
    path.write_text(
        'video,label,start,end,score\na,jump,1.5,2.5,0.9\n"b\n",run,0,4,0.8\na,run,3,4,0.1\n'
    )
    first, second = read_annotations(path).videos
    assert (first.name, first.segment_labels) == ("a", ("jump", "run"))
    assert first.segments.tolist() == [[1.5, 2.5], [3, 4]]
    assert second.segments.tolist() == [[0, 4]]
    path.write_text("video,label,start,end\na,jump,1.5,soon\n")
    with pytest.raises(AnnotationError, match=r"line 2: expected start and end in seconds"):
        read_annotations(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Video,Label,Start,End", "u\u0308.mp4, u\u0308ben ,1,2"),
        ("video;label;start;end;score", "u\u0308.mp4;u\u0308ben;1;2;0.5"),
        ("sep=\t\r\nvideo\tlabel\tstart\tend", 'u\u0308.mp4\t"u\u0308ben\r\n"\t1\t2'),
        ("Observation id,Behavior,Start (s),Stop (s)", "u\u0308.mp4,u\u0308ben,1,2"),
        ("Observation id;Behavior;Status;Time\r\nu\u0308.mp4;\u00fcben;START;1",
         "\u00fc.mp4;u\u0308ben;STOP;2"),
    ],
)  # fmt: skip
def test_tables_of_segments_are_read_as_spreadsheets_write_them(
    tmp_path: Path, header: str, row: str, encoding: str
) -> None:
    path = written(tmp_path, f"{header}\r\n{row}\r\n".encode(encoding), "t.tsv")
    (video,) = read_annotations(path).videos
    assert (video.name, video.segment_labels) == ("\u00fc.mp4", ("\u00fcben",))
    assert video.segments.tolist() == [[1, 2]]


def test_a_table_s_segments_of_impossible_times_are_left_out_and_told(tmp_path: Path) -> None:
    text = "video,label,start,end\na,jump,2,2\nb,run,-1,3\n"
    annotations = read_annotations(written(tmp_path, text, "t.csv"))
    assert annotations.labels_by_video(None) == {"a": ("jump",), "b": ("run",)}
    assert [finding.kind for finding in annotations.findings] == ["left_out", "left_out"]


_EAF = """<ANNOTATION_DOCUMENT AUTHOR="{author}"><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///u\u0308.mp4"/>
</HEADER><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/>
<TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="2000"/></TIME_ORDER><TIER TIER_ID="{tier}"><ANNOTATION>
<ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" TIME_SLOT_REF2="b">
<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE>
</ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.eaf", _EAF.format(author="lpat", tier="u\u0308ben ", value="0.5")),
        ("v.eaf", _EAF.format(author="", tier="t", value=" u\u0308ben")),
        ("v.json", json.dumps([{
            "data": {"video": "u\u0308.mp4", "fps": 1},
            "annotations": [{"result": [{"type": "timelinelabels", "value": {
                "ranges": [{"start": 2, "end": 2}], "timelinelabels": ["u\u0308ben "]}}]}],
        }])),
        ("v.boris", json.dumps({
            "behaviors_conf": {},
            "observations": {"o": {"file": {"1": ["u\u0308.mp4"]}, "events": [
                [1, "", "u\u0308ben", ""], [2, "", "\u00fcben ", ""]]}},
        })),
        ("v.json", json.dumps({
            "attribute": {}, "view": {"1": {"fid_list": ["1"]}},
            "file": {"1": {"fname": "u\u0308.mp4"}},
            "metadata": {"x": {"vid": "1", "z": [1, 2], "av": {"1": "u\u0308ben"}}},
        })),
    ],
)  # fmt: skip
def test_annotations_of_tools_go_by_the_same_names_and_labels(
    tmp_path: Path, name: str, text: str
) -> None:
    path = written(tmp_path, text, name)
    (video,) = read_annotations(path).videos
    assert (video.name, video.segment_labels) == ("\u00fc", ("\u00fcben",))
    assert video.segments.tolist() == [[1, 2]]
    assert kind_of(path) == ANNOTATIONS
