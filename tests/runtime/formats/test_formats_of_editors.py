"""Edit lists, time lines and ELAN's files, read back by the libraries that read them."""

import warnings
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import opentimelineio
import pympi
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.runtime.formats.test_registry import (
    ADDRESS,
    CLIP,
    FEATURES,
    FOUND,
    NASTY,
    any_detections,
    one_of_each,
)  # fmt: skip

from lpat.formats.edit_list import TimeCode, edl_text
from lpat.formats.elan import eaf_text
from lpat.formats.media import Media
from lpat.formats.open_timeline import otio_text
from lpat.formats.spans import MILLISECONDS, Span, lanes, spans
from lpat.types import Detections

NTSC = replace(CLIP, frame_rate=Fraction(30000, 1001))
frame_rates = st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001),
                               Fraction(30), Fraction(60000, 1001)])  # fmt: skip
few = settings(max_examples=40)


# Time code


@pytest.mark.parametrize(
    ("frame_rate", "rate", "drops"),
    [
        (Fraction(25), Fraction(25), False),
        (Fraction(24000, 1001), Fraction(24000, 1001), False),
        (Fraction(2997, 100), Fraction(30000, 1001), True),
        (Fraction(60000, 1001), Fraction(60000, 1001), True),
        (Fraction(30), Fraction(30), False),
        (Fraction(981, 50), Fraction(20), False),
        (Fraction(240), Fraction(60), False),
        (Fraction(1, 10), Fraction(1), False),
    ],
)
def test_a_frame_rate_has_the_nearest_time_code(
    frame_rate: Fraction, rate: Fraction, drops: bool
) -> None:
    assert TimeCode.of(frame_rate) == TimeCode(rate, drops)


@pytest.mark.parametrize(
    ("rate", "frame", "text"),
    [
        (Fraction(25), 0, "00:00:00:00"),
        (Fraction(25), 25 * 86_400 + 7, "24:00:00:07"),
        (Fraction(30000, 1001), 1799, "00:00:59;29"),
        (Fraction(30000, 1001), 1800, "00:01:00;02"),
        (Fraction(30000, 1001), 17_982, "00:10:00;00"),
        (Fraction(30000, 1001), 107_892, "01:00:00;00"),
        (Fraction(60000, 1001), 3600, "00:01:00;04"),
        (Fraction(24000, 1001), 86_400, "01:00:00:00"),
    ],
)
def test_time_codes_count_as_smpte_does(rate: Fraction, frame: int, text: str) -> None:
    assert TimeCode.of(rate).text(frame) == text


@given(st.integers(0, 2_000_000), frame_rates)
def test_time_codes_are_those_of_opentimelineio(frame: int, frame_rate: Fraction) -> None:
    text = TimeCode.of(frame_rate).text(frame)
    back = opentimelineio.opentime.from_timecode(text, float(frame_rate))
    assert back.to_frames() == frame


# EDL


def events(text: str, rate: Fraction) -> list[tuple[int, int, str, list[str]]]:
    """Frames in the video, clip name and comments of each event, in their order."""
    timeline = opentimelineio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    found = []
    for track in timeline.tracks:
        for clip in track:
            assert isinstance(clip, opentimelineio.schema.Clip), "a gap between events"
            times = clip.source_range
            comments = [str(text) for text in clip.metadata["cmx_3600"]["comments"]]
            start, end = times.start_time.to_frames(), times.end_time_exclusive().to_frames()
            found.append((start, end, clip.name, comments))
    return found


@few
@given(any_detections(), frame_rates)
@example(one_of_each(*NASTY), Fraction(25))
def test_an_edit_list_comes_back_from_its_reader(
    detections: Detections, frame_rate: Fraction
) -> None:
    text = edl_text(detections, replace(CLIP, frame_rate=frame_rate))
    assert events(text, frame_rate) == [
        (span.start, span.end, "clip.mp4", [f"LABEL: {span.label}", f"SCORE: {span.score}"])
        for span in spans(detections, frame_rate)
    ]


def test_events_are_joined_and_marked_by_their_labels() -> None:
    text = edl_text(FOUND, CLIP)
    assert text.splitlines()[:5] == [
        "TITLE: clip",
        "FCM: NON-DROP FRAME",
        "",
        "001  AX       V     C        00:00:01:07 00:00:04:00 00:00:00:00 00:00:02:18",
        "* FROM CLIP NAME: clip.mp4",
    ]
    timeline = opentimelineio.adapters.read_from_string(text, "cmx_3600", rate=25)
    (track,) = timeline.tracks
    assert [clip.markers[0].name for clip in track] == ["run", "jump", "run"]
    assert track.duration().to_frames() == 68 + 50 + 63


def test_dropped_numbers_are_said_to_be() -> None:
    assert edl_text(FOUND, NTSC).splitlines()[1:4:2] == [
        "FCM: DROP FRAME",
        "001  AX       V     C        00:00:01;08 00:00:04;00 00:00:00;00 00:00:02;22",
    ]


def test_more_than_999_events_keep_numbers_of_their_own() -> None:
    count = 1200
    starts = np.arange(count, dtype=np.float64)
    many = Detections(
        ("a",), np.stack([starts, starts + 1], axis=1), np.zeros(count, np.int64), np.ones(count)
    )
    assert len(events(edl_text(many, CLIP), Fraction(25))) == count


def test_without_a_frame_rate_25_frames_make_a_second() -> None:
    assert edl_text(FOUND, FEATURES).splitlines()[3].split()[4:6] == ["00:00:01:07", "00:00:04:00"]


# OpenTimelineIO


@few
@given(any_detections(), frame_rates)
@example(one_of_each(*NASTY), Fraction(25))
def test_a_time_line_comes_back_from_opentimelineio(
    detections: Detections, frame_rate: Fraction
) -> None:
    text = otio_text(detections, replace(CLIP, frame_rate=frame_rate))
    timeline = opentimelineio.adapters.read_from_string(text, "otio_json")
    found: dict[str, list[Span]] = {}
    for track in timeline.tracks:
        found[track.name] = []
        for clip in track.find_clips():
            inside, there = clip.source_range, clip.range_in_parent()
            assert inside == there, "a clip isn't where it is in the video"
            found[track.name].append(
                Span(
                    inside.start_time.to_frames(),
                    inside.end_time_exclusive().to_frames(),
                    clip.name,
                    clip.metadata["lpat"]["score"],
                )
            )
    assert found == lanes(spans(detections, frame_rate))


def test_clips_refer_to_the_video() -> None:
    media = replace(NTSC, path=Path("/my videos/é.mp4"))
    timeline: Any = opentimelineio.adapters.read_from_string(otio_text(FOUND, media), "otio_json")
    reference = timeline.find_clips()[0].media_reference
    assert reference.target_url == "file:///my%20videos/%C3%A9.mp4"
    assert reference.available_range.duration.to_frames() == 1798
    assert reference.available_range.duration.rate == pytest.approx(29.97, abs=0.01)


def test_clips_of_features_miss_their_video() -> None:
    timeline: Any = opentimelineio.adapters.read_from_string(
        otio_text(FOUND, FEATURES), "otio_json"
    )
    assert {clip.media_reference.is_missing_reference for clip in timeline.find_clips()} == {True}


# ELAN


def read_eaf(text: str, path: Path) -> pympi.Eaf:
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pympi warns of versions it doesn't know
        return pympi.Eaf(str(path))


@few
@given(detections=any_detections())
@example(detections=one_of_each(*NASTY))
def test_tiers_come_back_from_pympi(
    tmp_path_factory: pytest.TempPathFactory, detections: Detections
) -> None:
    eaf = read_eaf(eaf_text(detections, CLIP), tmp_path_factory.getbasetemp() / "a.eaf")
    found = {
        name: sorted((start, end, float(score)) for start, end, score in rows)
        for name in eaf.get_tier_names()
        if (rows := eaf.get_annotation_data_for_tier(name))
    }
    assert found == {
        name: [(span.start, span.end, span.score) for span in lane]
        for name, lane in lanes(spans(detections, MILLISECONDS)).items()
    }


@few
@given(any_detections())
@example(one_of_each(*NASTY))
@example(Detections(("a",)))
def test_what_the_schema_of_elan_asks_for_is_there(detections: Detections) -> None:
    root = ElementTree.fromstring(eaf_text(detections, CLIP))
    assert (root.get("VERSION"), root.get("FORMAT"), root.get("AUTHOR")) == ("3.0", "3.0", "lpat")
    assert root.get("DATE") == "1970-01-01T00:00:00+00:00"
    order = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"]
    places = [order.index(child.tag) for child in root]
    assert places == sorted(places)
    assert places.count(0) == places.count(1) == 1
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    times = [int(value or -1) for value in slots.values()]
    assert times == sorted(times)
    used = [
        annotation.get(f"TIME_SLOT_REF{side}")
        for annotation in root.iter("ALIGNABLE_ANNOTATION")
        for side in (1, 2)
    ]
    assert sorted(used, key=str) == sorted(slots, key=str), "a slot without or with two users"
    identities = [a.get("ANNOTATION_ID") for a in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(identities)) == len(identities)
    types = {kind.get("LINGUISTIC_TYPE_ID") for kind in root.iter("LINGUISTIC_TYPE")}
    tiers = list(root.iter("TIER"))
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in tiers} <= types
    assert len({tier.get("TIER_ID") for tier in tiers}) == len(tiers)
    for tier in tiers:
        ends = [
            (int(slots[a.get("TIME_SLOT_REF1")] or 0), int(slots[a.get("TIME_SLOT_REF2")] or 0))
            for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(start < end for start, end in ends)
        assert all(before[1] <= after[0] for before, after in pairwise(ends))


@pytest.mark.parametrize(
    ("file", "kind"),
    [("my  é & b.mp4", "video/mp4"), ("a.MOV", "video/quicktime"), ("a.mpg", "video/mpeg"),
     ("a.mkv", "video/*")],
)  # fmt: skip
def test_the_video_is_linked_as_elan_does_it(file: str, kind: str) -> None:
    media = replace(CLIP, path=Path("/my videos") / file)
    (link,) = ElementTree.fromstring(eaf_text(FOUND, media)).iter("MEDIA_DESCRIPTOR")
    assert link.attrib == {
        "MEDIA_URL": f"file:///my videos/{file}",
        "RELATIVE_MEDIA_URL": f"./{file}",
        "MIME_TYPE": kind,
    }


def test_an_address_is_linked_and_features_are_not() -> None:
    media = Media("v", ADDRESS, 60.0, Fraction(25), 320, 240)
    (link,) = ElementTree.fromstring(eaf_text(FOUND, media)).iter("MEDIA_DESCRIPTOR")
    assert link.get("MEDIA_URL") == "https://example.org/v.mp4"
    assert "MEDIA_DESCRIPTOR" not in eaf_text(FOUND, FEATURES)
