"""Each format is read back by the library or the program that reads it."""

import csv
import io
import json
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lpat.errors import UsageError
from lpat.files.atomic import write_text
from lpat.formats.detections import detections_document, read_detections
from lpat.formats.label_studio import label_studio_text, labelling_config
from lpat.formats.media import Media
from lpat.formats.registry import FORMATS, check_formats, format_for
from lpat.formats.spans import Span, lanes, one_line, spans
from lpat.formats.tables import csv_document, csv_rows
from lpat.types import Detections
from lpat.video.address import Url

CLIP = Media("clip", Path("/videos/clip.mp4"), 60.0, Fraction(25), 320, 240)
FEATURES = Media("clip", Path("/features/clip.npy"), 60.0)
FOUND = Detections(
    ("run", "jump"),
    np.array([[10.0, 12.0], [1.28, 4.0], [11.0, 13.5]]),
    np.array([1, 0, 0]),
    np.array([0.9, 0.5, 0.25]),
)
NASTY = [
    '"a", b', "a;b=c#d\\", "-->", "00:00:01,000 --> 00:00:02,000", "é ツ 🤸", "a\r\n\nb", "&amp;",
    "7", "[CHAPTER]", "NOTE x", "{b}", "\x00\x1f", " ", "\ud800", "x" * 3000, "]]>", "\uffff", "NA",
    "* LOC: 00:00:00:00 RED x", "a\u2028b", "WEBVTT", ";FFMETADATA1", "jump (2)", "\ufeffb",
]  # fmt: skip

labels = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=20))


@st.composite
def any_detections(draw: st.DrawFn) -> Detections:
    """Up to six detections of up to three classes, which may overlap in any way."""
    classes = tuple(draw(st.lists(labels, min_size=1, max_size=3, unique=True)))
    times = st.floats(0, 100_000, allow_subnormal=False)
    count = draw(st.integers(0, 6))
    starts = [draw(times) for _ in range(count)]
    lengths = [draw(st.floats(1e-3, 100)) for _ in range(count)]
    return Detections(
        classes,
        np.array([(s, s + d) for s, d in zip(starts, lengths, strict=True)]).reshape(-1, 2),
        np.array([draw(st.integers(0, len(classes) - 1)) for _ in range(count)], np.int64),
        np.sort([round(draw(st.floats(0, 1)), 6) for _ in range(count)])[::-1].astype(np.float64),
    )


ADDRESS = Url("https://example.org/v.mp4")


def one_of_each(*labels: str) -> Detections:
    """A detection of each label, one after the other."""
    count = len(labels)
    starts = np.arange(count, dtype=np.float64)
    return Detections(
        labels, np.stack([starts, starts + 1], axis=1), np.arange(count), np.ones(count)
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("media", [CLIP, FEATURES], ids=["video", "features"])
def test_equal_detections_make_equal_text_that_can_be_written(
    name: str, media: Media, tmp_path: Path
) -> None:
    form = FORMATS[name]
    for detections in (FOUND, one_of_each(*NASTY), Detections(("a",))):
        text = form.text_of(detections, media)
        assert text == form.text_of(detections, media)
        write_text(tmp_path / "file", text)
        assert (tmp_path / "file").read_bytes() == text.encode()


@pytest.mark.parametrize("name", FORMATS)
def test_a_name_that_is_not_unicode_can_be_written_in_every_format(name: str) -> None:
    media = Media("clip\udce9", Path("/videos/clip\udce9.mp4"), 60.0, Fraction(25), 320, 240)
    FORMATS[name].text_of(FOUND, media).encode()


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"json", "csv"}])
def test_detections_come_in_order_of_time_though_the_best_is_first(name: str) -> None:
    apart = Detections(FOUND.classes, FOUND.segments[:2], FOUND.labels[:2], FOUND.scores[:2])
    text = FORMATS[name].text_of(apart, CLIP)
    if name in {"eaf", "otio"}:  # by class, then by time
        assert text.index('"jump"') < text.index('"run"')
    else:
        assert text.index("run") < text.index("jump")


# The clock

LATE = replace(CLIP, start=2.0)
SHIFTED = replace(FOUND, segments=FOUND.segments + 2)


@pytest.mark.parametrize("name", ["srt", "vtt", "eaf", "labelstudio"])
def test_what_players_read_counts_from_the_files_start(name: str) -> None:
    noted = {  # to be read back
        "eaf": '\t\t<PROPERTY NAME="lpat-first-picture">2.0</PROPERTY>\n',
        "labelstudio": ',\n   "first_picture": 2.0',
    }.get(name, "")
    late = FORMATS[name].text_of(FOUND, LATE)
    assert noted in late
    assert late.replace(noted or "\0", "") == FORMATS[name].text_of(SHIFTED, CLIP)


def test_chapters_last_from_the_files_start_to_the_last_picture() -> None:
    expected = FORMATS["chapters"].text_of(SHIFTED, replace(CLIP, duration=62.0))
    assert FORMATS["chapters"].text_of(FOUND, LATE) == expected


@pytest.mark.parametrize("name", ["csv", "edl", "otio"])
def test_other_formats_count_from_the_first_picture(name: str) -> None:
    assert FORMATS[name].text_of(FOUND, LATE) == FORMATS[name].text_of(FOUND, CLIP)


def test_json_counts_from_the_first_picture_and_says_where_that_lies() -> None:
    document = json.loads(FORMATS["json"].text_of(FOUND, LATE))
    assert document["external_data"] == {"start": 2.0}
    assert document["results"] == detections_document({"clip": FOUND})["results"]


# Names


def test_unknown_formats_are_told_which_there_are() -> None:
    with pytest.raises(UsageError, match=r"a format of json, csv, srt, .*, not 'xls'"):
        check_formats(["json", "xls"])


def test_formats_are_checked_once_each_in_the_order_given() -> None:
    assert [form.name for form in check_formats(["srt", "json", "srt"])] == ["srt", "json"]


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [("otio", "opentimelineio", "opentimelineio"), ("eaf", "pympi", "pympi-ling")],
)
def test_a_missing_package_is_named_before_work_starts(
    name: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    install = r"pip install 'opentimelineio\S*' 'pympi-ling\S*'"
    message = rf"^format {name} needs the package {package}: {install}$"
    with pytest.raises(UsageError, match=message):
        check_formats(["json", name])
    with pytest.raises(UsageError, match=message):
        FORMATS[name].text_of(FOUND, CLIP)


@pytest.mark.parametrize(
    ("file", "name"),
    [("a.csv", "csv"), ("a.json", "json"), ("a.labelstudio.json", "labelstudio"), ("a", "json"),
     ("A.SRT", "srt"), ("a.ffmetadata", "chapters"), ("a.xyz", "json")],
)  # fmt: skip
def test_a_file_name_chooses_the_format(file: str, name: str) -> None:
    assert format_for(Path(file)).name == name


# Spans


def test_spans_are_rounded_to_the_nearest_unit_and_never_empty() -> None:
    detections = Detections(
        ("a",), np.array([[0.0204, 0.0205], [0.5, 0.99]]), np.array([0, 0]), np.array([0.5, 0.25])
    )
    assert spans(detections, Fraction(25)) == [Span(1, 2, "a", 0.5), Span(13, 25, "a", 0.25)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\r\n b\tc", "a b c"), ("\x00", "?"), ("", "?"), ("caf\udce9", r"caf\udce9"),
     ("a\u2028b\x85c", "a b c"), ("\uffff", "?"), ("🤸 é", "🤸 é")],
)  # fmt: skip
def test_a_label_becomes_one_visible_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_overlapping_spans_of_a_label_get_lanes_of_different_names() -> None:
    a, b, c = Span(0, 5, "jump", 1.0), Span(3, 8, "jump", 1.0), Span(5, 6, "jump", 1.0)
    other = Span(0, 1, "jump (2)", 1.0)
    found = lanes([c, b, a, other])
    assert found == {"jump": [a, c], "jump (2)": [b], "jump (2)'": [other]}


@given(any_detections())
def test_lanes_hold_every_span_once_and_none_overlaps(detections: Detections) -> None:
    found = spans(detections, Fraction(1000))
    rows = lanes(found)
    assert sorted(span for lane in rows.values() for span in lane) == found
    for lane in rows.values():
        assert len({span.label for span in lane}) == 1
        assert all(a.end <= b.start for a, b in pairwise(lane))


# JSON and CSV


def test_json_is_what_lpat_eval_reads(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(FORMATS["json"].text_of(FOUND, CLIP), encoding="utf-8")
    found = read_detections(tmp_path / "d.json")["clip"]
    np.testing.assert_array_equal(found.segments, FOUND.segments)


@given(any_detections(), labels)
@example(one_of_each(*NASTY), 'a "b", c')
def test_csv_comes_back_from_pandas_and_python(detections: Detections, name: str) -> None:
    text = csv_document({name: detections})
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == ["video", "label", "start", "end", "score"]
    found = [(row[0], row[1], [float(row[2]), float(row[3])], float(row[4])) for row in rows]
    assert [times for _, _, times, _ in found] == sorted(times for _, _, times, _ in found)
    assert sorted(found) == sorted(
        (_escaped(name), _escaped(row["label"]), row["segment"], row["score"])
        for row in detections_document({name: detections})["results"][name]
    )
    if "\0" not in text:  # pandas ends a field there
        table = pandas.read_csv(io.StringIO(text, newline=""), keep_default_na=False, dtype=str)
        assert table.to_numpy().tolist() == rows


def test_lines_of_csv_end_as_rfc_4180_has_it() -> None:
    assert (
        csv_document({"v": one_of_each("a")})
        == "video,label,start,end,score\r\nv,a,0.0,1.0,1.0\r\n"
    )


def test_a_batch_in_csv_is_the_rows_of_its_videos() -> None:
    both = csv_document({"v": FOUND, "w": Detections(("x",)), "x": one_of_each("a")})
    assert both == csv_document({}) + csv_rows("v", FOUND) + csv_rows("x", one_of_each("a"))
    assert FORMATS["csv"].text_of(FOUND, CLIP) == csv_document({"clip": FOUND})


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


# Label Studio; `nox -s formats` has its own library judge it


def test_label_studio_counts_frames_from_one_to_the_last_within() -> None:
    (task,) = json.loads(label_studio_text(FOUND, CLIP))
    assert task["data"] == {
        "video": "/data/local-files/?d=videos/clip.mp4", "name": "clip", "frame_rate": 25.0,
    }  # fmt: skip
    (prediction,) = task["predictions"]
    assert prediction["score"] == 0.9
    assert [_region(region) for region in prediction["result"]] == [
        ("run", 33, 100), ("jump", 251, 300), ("run", 276, 338),
    ]  # fmt: skip


def test_label_studio_is_sent_to_an_address_as_it_is() -> None:
    (task,) = json.loads(label_studio_text(FOUND, Media("v", ADDRESS, 60.0)))
    assert task["data"]["video"] == "https://example.org/v.mp4"


def test_the_labelling_config_has_the_labels_of_the_tasks() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(labelling_config(NASTY))
    shown = [label.get("value") for label in root.iter("Label")]
    assert shown == [one_line(label) for label in NASTY]
    (video,) = root.iter("Video")
    assert (video.get("value"), video.get("frameRate")) == ("$video", "$frame_rate")


def _region(region: dict[str, Any]) -> tuple[str, int, int]:
    ((label,), (times,)) = region["value"]["timelinelabels"], region["value"]["ranges"]
    return label, times["start"], times["end"]
