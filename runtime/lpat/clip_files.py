"""What a folder of clips holds: files' names, and the list that says which of them are ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lpat.errors import LpatError
from lpat.files.json_files import read_json, write_json

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
