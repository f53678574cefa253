"""Detections as video files of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lpat.errors import LpatError, OutputError
from lpat.files.folders import claim_folder
from lpat.files.json_files import read_json, write_json
from lpat.rendering.clip_copying import MP4, Copier, NotCopiable
from lpat.rendering.clip_encoding import TimeRange, encode_ranges
from lpat.types import Detections
from lpat.video.address import FileState, require_unchanged
from lpat.video.reader import Video


@dataclass(frozen=True)
class Clip:
    """A detection's file. Times are seconds of the video that it was cut from."""

    file: str
    label: str
    score: float
    start: float
    end: float
    first_picture: float  # when the first picture that is shown lies
    cut: Literal["copied", "encoded"]
    reason: str | None = None  # why it couldn't be copied


def write_clips(
    source: Path,
    detections: Detections,
    folder: Path,
    *,
    margin: float = 0.0,
    state: FileState | None = None,
) -> tuple[Clip, ...]:
    """Write one file per detection into `folder`, and `clips.json`, which lists them.

    Clips are in the order of time. `margin` seconds are added on both sides, as far as the video
    goes. Streams are copied where the pictures allow it and encoded anew where not. Files that an
    earlier call wrote and this one doesn't are removed; others are left alone. A detection that
    lies past the video's end has no clip. Without detections there is only an empty list.

    Args:
        source: the video.
        detections: found in it.
        folder: for this video's clips alone.
        margin: seconds.
        state: of the video as it was analysed.

    Raises:
        VideoError: the video can't be read, or has changed.
        OutputError: the folder can't be written.
    """
    require_unchanged(source, state)
    claim_folder(folder)
    wanted = _wanted(detections, margin)
    before = listed_files(folder)
    clips: list[Clip] = []
    if wanted:
        with Video.open(source, threads=1) as video:
            first = next(iter(video)).picture.pts
        with Video.open(source, threads=1) as video:
            clips = _cut(source, wanted, folder, before, _copier(video, first))
    require_unchanged(source, state)
    clips.sort(key=lambda clip: clip.file)
    kept = {clip.file for clip in clips}
    for name in before - kept:
        _remove(folder / name)
    write_list(folder, str(source), margin, [asdict(clip) for clip in clips])
    return tuple(clips)


@dataclass(frozen=True)
class _PlannedClip:
    """A clip before it is cut: the detection, and what to write."""

    stem: str
    label: str
    score: float
    start: float
    end: float
    times: tuple[float, float]  # of the file, with its margins

    def clip(self, suffix: str, first: float, reason: str | None) -> Clip:
        """The clip, once it is cut."""
        cut = "copied" if reason is None else "encoded"
        return Clip(
            self.stem + suffix, self.label, self.score, self.start, self.end,
            round(first, 6), cut, reason,
        )  # fmt: skip


def _wanted(detections: Detections, margin: float) -> list[_PlannedClip]:
    """All clips, in the order of time."""
    rows = sorted(
        (start, end, detections.classes[label], score)
        for (start, end), label, score in zip(
            detections.segments.tolist(), detections.labels, detections.scores.tolist(), strict=True
        )
    )
    stems = clip_stems([(label, start) for start, _, label, _ in rows])
    return [
        _PlannedClip(stem, label, score, start, end, (max(start - margin, 0.0), end + margin))
        for stem, (start, end, label, score) in zip(stems, rows, strict=True)
    ]


def _copier(video: Video, first: int | None) -> Copier | str:
    """What copies, or the reason why nothing can be copied."""
    try:
        return Copier(video, first)
    except NotCopiable as reason:
        return str(reason)


def _cut(
    source: Path,
    wanted: Sequence[_PlannedClip],
    folder: Path,
    before: set[str],
    copier: Copier | str,
) -> list[Clip]:
    """Copy what can be copied, then encode the rest."""
    suffix = MP4.suffix if isinstance(copier, str) else copier.form.suffix
    possible = {cut.stem + end for cut in wanted for end in (suffix, MP4.suffix)}
    write_plan(folder, before | possible)
    clips: list[Clip] = []
    refused: list[tuple[_PlannedClip, str]] = []
    for cut in wanted:
        if isinstance(copier, str):
            refused.append((cut, copier))
            continue
        try:
            first = copier.copy(*cut.times, folder / (cut.stem + suffix))
        except NotCopiable as reason:
            refused.append((cut, str(reason)))
            continue
        if first is not None:
            clips.append(cut.clip(suffix, first, None))
    if refused:
        ranges = [TimeRange(*cut.times, folder / (cut.stem + MP4.suffix)) for cut, _ in refused]
        firsts = encode_ranges(source, ranges)
        clips += [
            cut.clip(MP4.suffix, first, reason)
            for (cut, reason), first in zip(refused, firsts, strict=True)
            if first is not None
        ]
    return clips


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't be removed ({error.strerror})") from error


MANIFEST = "clips.json"
VERSION = "lpat-clips-1"

_LONGEST_LABEL = 120  # bytes of a name; file systems take 255 in all


def clip_stems(rows: Sequence[tuple[str, float]]) -> list[str]:
    """Names without suffix for labels and starts in seconds: unique, and sorted by time.

    `00h01m02.500s_jump`: safe on every file system, whatever the label is.
    """
    hours = max((int(start // 3600) for _, start in rows), default=0)
    width = max(2, len(str(hours)))
    taken: set[str] = set()
    stems = []
    for label, start in rows:
        minutes, milliseconds = divmod(round(max(start, 0.0) * 1000), 60_000)
        time = f"{minutes // 60:0{width}d}h{minutes % 60:02d}m{milliseconds / 1000:06.3f}s"
        first = stem = f"{time}_{_safe(label)}"
        number = 1
        while (key := unicodedata.normalize("NFC", stem).casefold()) in taken:
            number += 1
            stem = f"{first}_{number}"
        taken.add(key)
        stems.append(stem)
    return stems


def listed_files(folder: Path) -> set[str]:
    """Names of the files in a folder that its list says were written as clips.

    A list that is missing or broken names none, and whatever isn't a plain name is passed over.
    """
    try:
        document = read_json(folder / MANIFEST)
    except LpatError:
        return set()
    if not isinstance(document, dict) or document.get("version") != VERSION:
        return set()
    files, clips = document.get("files"), document.get("clips")
    names = [name for name in files if isinstance(name, str)] if isinstance(files, list) else []
    if isinstance(clips, list):
        names += [str(clip.get("file")) for clip in clips if isinstance(clip, dict)]
    return {name for name in names if _is_plain(name)}


def write_plan(folder: Path, files: Iterable[str]) -> None:
    """Write a list of all files that may be there, before the first of them is.

    Whatever ends the work, the next one knows what to remove.
    """
    document = {"version": VERSION, "complete": False, "files": sorted(files), "clips": []}
    write_json(folder / MANIFEST, document)


def write_list(folder: Path, video: str, margin: float, clips: Sequence[dict[str, Any]]) -> None:
    """Write the list of clips that are there."""
    document = {"version": VERSION, "complete": True, "video": video, "margin": margin}
    write_json(folder / MANIFEST, document | {"clips": list(clips)})


def _safe(label: str) -> str:
    """A label as part of a file's name."""
    name = re.sub(r"[^\w-]+", "_", label).strip("_-") or "clip"
    return name.encode()[:_LONGEST_LABEL].decode(errors="ignore")


def _is_plain(name: str) -> bool:
    return name == Path(name).name and name not in {"", ".", "..", MANIFEST} and "\\" not in name
