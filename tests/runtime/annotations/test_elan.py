"""ELAN's files read back: those of lpat, corrected, and those of others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lpat.annotations.checks import VideoRecord
from lpat.annotations.elan import read_eaf
from lpat.annotations.reading import read_annotations
from lpat.annotations.writing import save_annotations
from lpat.errors import AnnotationError, UsageError
from lpat.formats.elan import eaf_text
from lpat.formats.media import Media
from lpat.types import Detections

MEDIA = Media("clip one", Path("/somewhere/clip one.mp4"), 60.0, width=320, height=240)


def document(tiers: str, *, author: str = "me", header: str = "", times: str = "") -> str:
    slots = times or "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{1000 * number}"/>'
        for number in range(10)
    )
    media = header or (
        '<HEADER TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="file:///a b/%20v.mp4"/>'
        "</HEADER>"
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT AUTHOR="{author}">{media}'
        f"<TIME_ORDER>{slots}</TIME_ORDER>{tiers}</ANNOTATION_DOCUMENT>"
    )


def tier(name: str, *values: tuple[int, int, str]) -> str:
    annotations = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}{start}" '
        f'TIME_SLOT_REF1="ts{start}" TIME_SLOT_REF2="ts{end}">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE>"
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for start, end, value in values
    )
    return f'<TIER TIER_ID="{name}">{annotations}</TIER>'


def read(tmp_path: Path, text: str) -> VideoRecord:
    path = tmp_path / "some.eaf"
    path.write_text(text, encoding="utf-8")
    return read_eaf(path)


def test_what_lpat_writes_is_read_back(tmp_path: Path) -> None:
    times = np.array([[0.5, 2.0], [1.0, 3.25], [5.0, 9.5]])
    scores = np.array([0.9, 0.8, 0.7])
    detections = Detections(("jump", "run (2)"), times, np.array([0, 0, 1]), scores)
    record = read(tmp_path, eaf_text(detections, MEDIA))
    assert record.name == "clip one"
    assert sorted(record.rows) == [("jump", 0.5, 2.0), ("jump", 1.0, 3.25), ("run (2)", 5.0, 9.5)]
    assert record.passed_over == ()


def test_in_a_file_of_lpat_tiers_are_labels_whatever_was_typed(tmp_path: Path) -> None:
    tiers = tier("jump", (1, 2, "0.9"), (3, 4, "sure")) + tier("jump (2)", (1, 3, ""))
    record = read(tmp_path, document(tiers, author="lpat"))
    assert record.rows == (("jump", 1.0, 2.0), ("jump", 3.0, 4.0), ("jump", 1.0, 3.0))


def test_in_files_of_others_values_are_labels_unless_they_are_numbers(tmp_path: Path) -> None:
    tiers = tier("behaviour", (1, 2, " run\nfast"), (3, 4, "")) + tier("swim", (5, 6, ""))
    record = read(tmp_path, document(tiers))
    assert record.name == "%20v"
    assert record.rows == (("run fast", 1.0, 2.0), ("swim", 5.0, 6.0))
    assert record.passed_over == ("tier 'behaviour': an annotation at 3000 ms has no value",)


def test_a_video_that_begins_later_shifts_the_times(tmp_path: Path) -> None:
    header = (
        '<HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///v.mp4" TIME_ORIGIN="500"/>'
        '<MEDIA_DESCRIPTOR MEDIA_URL="file:///other.mp4"/></HEADER>'
    )
    record = read(tmp_path, document(tier("run", (1, 2, "")), header=header))
    assert record.rows == (("run", 1.5, 2.5),)
    assert record.passed_over == ("another video is linked: file:///other.mp4",)


def test_what_has_no_times_is_passed_over(tmp_path: Path) -> None:
    times = '<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="5"/><TIME_SLOT TIME_SLOT_ID="ts2"/>'
    depending = (
        '<TIER TIER_ID="notes"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="r" ANNOTATION_REF="a">'
        "<ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>"
    )
    record = read(tmp_path, document(tier("run", (1, 2, "")) + depending, times=times))
    assert record.rows == ()
    assert record.listed is None
    assert record.passed_over == (
        "tier 'run': an annotation has no times",
        "tier 'notes': 1 annotations depend on another tier's",
    )


def test_a_file_of_features_goes_by_its_own_name_and_an_empty_one_says_nothing_happens(
    tmp_path: Path,
) -> None:
    (tmp_path / "some.eaf").write_text(document("", header="<HEADER/>"))
    (tmp_path / "other.eaf").write_text(document(tier("run", (1, 2, "")), header="<HEADER/>"))
    read = read_annotations(tmp_path)
    assert {video.name: video.labels for video in read.videos} == {"some": (), "other": ("run",)}
    with pytest.raises(UsageError, match="annotations are saved as JSON"):
        save_annotations(tmp_path / "some.eaf", read.videos[0], read)
    save_annotations(tmp_path / "new.json", read.videos[0], read)
    assert len(read_annotations(tmp_path / "new.json").videos) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a/>", "expected an ANNOTATION_DOCUMENT of ELAN, not <a>"),
        ("<a>", "expected XML, but"),
        ("", "expected XML, but"),
        ('<?xml version="1.0" encoding="UTF8!"?><a/>', "expected XML, but"),
        (document(tier("run", (1, 99, ""))), "expected a time slot, but there is no 'ts99'"),
        (document("", times='<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1.5"/>'), "not '1.5'"),
        (document("", header='<HEADER TIME_UNITS="PAL-frames"/>'), "not PAL-frames"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "without a document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "without a document type"),
        ("<a>" * 100 + "</a>" * 100, "nested too deeply"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        path = tmp_path / "some.eaf"
        path.write_bytes(text.replace('encoding="UTF-8"', "").encode(encoding))
        with pytest.raises(AnnotationError) as caught:
            read_eaf(path)
        assert message in str(caught.value)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


def test_two_files_of_one_video_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.eaf").write_text(document(tier("run", (1, 2, ""))))
    with pytest.raises(AnnotationError, match=r"a\.eaf: video '%20v' has another file there"):
        read_annotations(tmp_path)


def test_times_of_a_file_whose_sound_starts_first_are_the_videos_again(tmp_path: Path) -> None:
    """The file counts from where the video's file starts, as ELAN plays it."""
    segments = np.array([[1.0, 2.5]])
    found = Detections(("run",), segments, np.zeros(1, np.int64), np.ones(1))
    text = eaf_text(found, replace(MEDIA, start=2.064))
    assert 'TIME_VALUE="3064"' in text
    assert read(tmp_path, text).rows == (("run", 1.0, 2.5),)
    broken = text.replace(">2.064<", ">soon<")
    with pytest.raises(AnnotationError, match="lpat-first-picture: expected seconds, not 'soon'"):
        read(tmp_path, broken)
