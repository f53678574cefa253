"""ELAN's annotation files (EAF): those that lpat writes, corrected, and those of others.

Tiers are labels where their annotations hold nothing or numbers, as the scores that lpat writes;
else the annotations' values are. In a file that lpat wrote tiers always are. A second tier of a
label, `jump (2)`, is of the label.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from lpat.annotations.checks import LabelledTimes, VideoRecord
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.annotations.media_names import video_name
from lpat.errors import AnnotationError
from lpat.files.safe_xml import read_xml

FIRST_PICTURE = "lpat-first-picture"
"""A property, which ELAN keeps: seconds from the file's start, from which all times count, to the
video's first picture, from which ours do."""

_SECOND_TIER = re.compile(r"(?P<label>.+) \([0-9]+\)'*")


@dataclass(frozen=True)
class _Annotation:
    """An annotation of a tier; times in milliseconds, None where a time slot has none."""

    start: int | None
    end: int | None
    value: str


def read_eaf(path: Path) -> VideoRecord:
    """What a file says of its video; one without any annotation says that nothing happens.

    Raises:
        AnnotationError: unreadable, or not such a file.
    """
    root = read_xml(path)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise AnnotationError(f"{path}: expected an ANNOTATION_DOCUMENT of ELAN, not <{root.tag}>")
    header = root.find("HEADER")
    units = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise AnnotationError(f"{path}: expected times in milliseconds, not {units}")
    media = [] if header is None else header.findall("MEDIA_DESCRIPTOR")
    url = media[0].get("MEDIA_URL") or media[0].get("RELATIVE_MEDIA_URL") if media else None
    offset = _media_offset(media[0], str(path)) if media else 0.0
    offset -= _first_picture(header, str(path))
    rows: list[LabelledTimes] = []
    passed = [f"another video is linked: {other.get('MEDIA_URL')}" for other in media[1:]]
    tiers = {tier.get("TIER_ID") or "": tier for tier in root.findall("TIER")}
    labels = set(map(label_of, tiers))
    slots = _time_slots(root, path)
    for name, tier in tiers.items():
        if not appearance(name):
            raise AnnotationError(f"{path}: expected a name of each tier, but one has none")
        if references := len(tier.findall("ANNOTATION/REF_ANNOTATION")):
            passed.append(f"tier {name!r}: {references} annotations depend on another tier's")
        annotations = list(_annotations(tier, slots, f"{path}: tier {name!r}"))
        by_tier = root.get("AUTHOR") == "lpat" or all(_is_score(its.value) for its in annotations)
        for its in annotations:
            label = _label_of_tier(name, labels) if by_tier else label_of(its.value)
            if its.start is None or its.end is None:
                passed.append(f"tier {name!r}: an annotation has no times")
            elif not appearance(label):
                passed.append(f"tier {name!r}: an annotation at {its.start} ms has no value")
            else:
                rows.append((label, its.start / 1000 + offset, its.end / 1000 + offset))
    return VideoRecord(
        name=canonical(path.stem) if url is None else video_name(url, f"{path}: MEDIA_URL"),
        subset=None,
        duration=None,
        listed=None if rows or passed else (),
        rows=tuple(rows),
        passed_over=tuple(passed),
    )


def read_eaf_files(paths: Sequence[Path]) -> list[VideoRecord]:
    """What files say of a video each.

    Raises:
        AnnotationError: unreadable, not such files, or two of one video.
    """
    records = [read_eaf(path) for path in paths]
    names = Counter(record.name for record in records)
    for path, record in zip(paths, records, strict=True):
        if names[record.name] > 1:
            raise AnnotationError(f"{path}: video {record.name!r} has another file there")
    return records


def _media_offset(media: Element, place: str) -> float:
    """Seconds from the file's times to the video's: ELAN begins a video at its TIME_ORIGIN."""
    return _milliseconds(media.get("TIME_ORIGIN", "0"), f"{place}: TIME_ORIGIN") / 1000


def _first_picture(header: Element | None, place: str) -> float:
    """Seconds from where the file starts to its first picture, where lpat wrote the file."""
    properties = [] if header is None else header.findall("PROPERTY")
    for entry in properties:
        if entry.get("NAME") == FIRST_PICTURE:
            try:
                seconds = float(entry.text or "")
            except ValueError:
                seconds = math.nan
            if not math.isfinite(seconds):
                raise AnnotationError(
                    f"{place}: {FIRST_PICTURE}: expected seconds, not {entry.text!r:.40}"
                )
            return seconds
    return 0.0


def _time_slots(root: Element, path: Path) -> dict[str, int | None]:
    slots: dict[str, int | None] = {}
    for slot in root.iterfind("TIME_ORDER/TIME_SLOT"):
        identity, value = slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")
        slots[identity] = (
            None if value is None else _milliseconds(value, f"{path}: time slot {identity!r}")
        )
    return slots


def _annotations(tier: Element, slots: dict[str, int | None], place: str) -> Iterator[_Annotation]:
    for element in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
        ends = [element.get(f"TIME_SLOT_REF{number}", "") for number in (1, 2)]
        for end in ends:
            if end not in slots:
                raise AnnotationError(f"{place}: expected a time slot, but there is no {end!r}")
        value = (element.findtext("ANNOTATION_VALUE") or "").strip()
        yield _Annotation(slots[ends[0]], slots[ends[1]], value)


def _is_score(value: str) -> bool:
    try:
        float(value or "0")
    except ValueError:
        return False
    return True


def _label_of_tier(name: str, labels: Collection[str]) -> str:
    its = label_of(name)
    second = _SECOND_TIER.fullmatch(its)
    return second["label"] if second is not None and second["label"] in labels else its


def _milliseconds(value: str, place: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise AnnotationError(f"{place}: expected whole milliseconds, not {value!r:.80}")
    return int(value)
