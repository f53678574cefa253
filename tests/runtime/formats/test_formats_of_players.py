"""Subtitles and chapters, read back by FFmpeg and by Python's libraries."""

import html
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import srt
import webvtt
from hypothesis import HealthCheck, example, given, settings
from tests.runtime.formats.test_registry import CLIP, FOUND, NASTY, any_detections, one_of_each

from lpat.formats.chapters import chapters_text
from lpat.formats.spans import MILLISECONDS, spans
from lpat.formats.subtitles import srt_text, vtt_text
from lpat.types import Detections

Cue = tuple[int, int, str]

in_a_folder = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


def cues(detections: Detections) -> list[Cue]:
    """Start and end in milliseconds, and the label, that are to come back."""
    return [(span.start, span.end, span.label) for span in spans(detections, MILLISECONDS)]


def cues_of_ffmpeg(path: Path, text: str) -> list[Cue]:
    """What FFmpeg's demuxer reads; of cues that are all the same, it keeps one."""
    path.write_text(text, encoding="utf-8")
    with av.open(str(path)) as container:
        assert container.streams[0].time_base == Fraction(1, 1000)
        return [
            (packet.pts, packet.pts + packet.duration, bytes(packet).decode())
            for packet in container.demux()
            if packet.pts is not None and packet.duration is not None
        ]


@given(any_detections())
@example(one_of_each(*NASTY))
def test_subrip_comes_back_from_its_library(detections: Detections) -> None:
    millisecond = timedelta(milliseconds=1)
    found = [
        (cue.start // millisecond, cue.end // millisecond, cue.content)
        for cue in srt.parse(srt_text(detections, CLIP))
    ]
    assert found == _with_other_arrows(cues(detections))


@in_a_folder
@given(detections=any_detections())
@example(detections=one_of_each(*NASTY))
def test_subrip_comes_back_from_ffmpeg(tmp_path: Path, detections: Detections) -> None:
    if len(detections):
        found = cues_of_ffmpeg(tmp_path / "a.srt", srt_text(detections, CLIP))
        assert found == list(dict.fromkeys(_with_other_arrows(cues(detections))))


@given(any_detections())
@example(one_of_each(*NASTY))
def test_webvtt_comes_back_from_its_library(detections: Detections) -> None:
    found = [
        (_milliseconds(cue.start), _milliseconds(cue.end), html.unescape(cue.raw_text))
        for cue in webvtt.from_buffer(io.StringIO(vtt_text(detections, CLIP)))
    ]
    assert found == cues(detections)


@in_a_folder
@given(detections=any_detections())
@example(detections=one_of_each(*NASTY))
def test_webvtt_comes_back_from_ffmpeg(tmp_path: Path, detections: Detections) -> None:
    if len(detections):
        found = cues_of_ffmpeg(tmp_path / "a.vtt", vtt_text(detections, CLIP))
        assert [(a, b, html.unescape(text)) for a, b, text in found] == list(
            dict.fromkeys(cues(detections))
        )


def test_times_of_subtitles_are_exact_to_the_millisecond_after_100_hours_too() -> None:
    detections = Detections(
        ("a",), np.array([[0.0014, 1.0], [360_000.0, 363_661.5]]), np.array([0, 0]), np.ones(2)
    )
    assert "00:00:00,001 --> 00:00:01,000\n" in srt_text(detections, CLIP)
    assert "100:00:00.000 --> 101:01:01.500\n" in vtt_text(detections, CLIP)


def _with_other_arrows(found: list[Cue]) -> list[Cue]:
    return [(start, end, label.replace("-->", "→")) for start, end, label in found]


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3_600_000 + int(minutes) * 60_000 + round(float(seconds) * 1000)


# Chapters


def test_overlapping_detections_share_a_chapter() -> None:
    assert chapters_text(FOUND, CLIP) == (
        ";FFMETADATA1\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1280\ntitle=-\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1280\nEND=4000\ntitle=run\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=4000\nEND=10000\ntitle=-\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=10000\nEND=11000\ntitle=jump\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=11000\nEND=12000\ntitle=jump, run\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=12000\nEND=13500\ntitle=run\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=13500\nEND=60000\ntitle=-\n"
    )


def test_touching_detections_of_a_label_are_two_only_if_something_changes() -> None:
    detections = Detections(
        ("a", "b"), np.array([[0.0, 1], [1, 2], [1, 2]]), np.array([0, 0, 1]), np.ones(3)
    )
    titles = [line for line in chapters_text(detections, CLIP).splitlines() if "title" in line]
    assert titles == ["title=a", "title=a, b", "title=-"]


@in_a_folder
@given(detections=any_detections())
@example(detections=one_of_each(*NASTY))
def test_chapters_come_back_from_ffmpeg(tmp_path: Path, detections: Detections) -> None:
    path = tmp_path / "a.ffmetadata"
    path.write_text(chapters_text(detections, CLIP), encoding="utf-8")
    with av.open(str(path), format="ffmetadata") as container:
        found = [_cue(chapter) for chapter in container.chapters()]
    assert all(before[1] == after[0] for before, after in pairwise(found))
    expected = cues(detections)
    borders = {time for start, end, _ in expected for time in (start, end)}
    assert {time for start, end, _ in found for time in (start, end)} <= borders | {0, 60_000}
    for start, end, title in found:
        for time in (start, end - 1):
            held = [label for first, last, label in expected if first <= time < last]
            assert title.removesuffix(" ") == (", ".join(dict.fromkeys(held)) or "-")
    assert (found == []) == (expected == [])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_chapters_survive_in_a_video(
    suffix: str, tmp_path: Path, write_video: Callable[..., Path]
) -> None:
    detections = Detections(
        ("jump; #1", "é"), np.array([[0.2, 0.4], [0.6, 0.8]]), np.array([0, 1]), np.ones(2)
    )
    metadata = tmp_path / "chapters"
    metadata.write_text(chapters_text(detections, replace(CLIP, duration=1.0)), encoding="utf-8")
    target = tmp_path / f"with_chapters{suffix}"
    with (
        av.open(str(write_video())) as video,
        av.open(str(metadata), format="ffmetadata") as chapters,
        av.open(str(target), "w") as written,
    ):
        written.set_chapters(chapters.chapters())
        stream = written.add_stream_from_template(video.streams.video[0])
        for packet in video.demux(video.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                written.mux(packet)
    with av.open(str(target)) as container:
        assert [_cue(chapter) for chapter in container.chapters()] == [
            (0, 200, "-"), (200, 400, "jump; #1"), (400, 600, "-"), (600, 800, "é"),
            (800, 1000, "-"),
        ]  # fmt: skip


def _cue(chapter: Any) -> Cue:
    start, end = (round(chapter[side] * chapter["time_base"] * 1000) for side in ("start", "end"))
    return start, end, chapter["metadata"]["title"]
