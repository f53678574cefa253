"""A folder of videos to be tagged, and the file of their tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lpat.annotations.tags import TAG_NAMES, TagFile, read_tags
from lpat.errors import UsageError
from lpat.inputs import Input, find_inputs


@dataclass(frozen=True)
class TaggedFolder:
    """Videos, and what their file says of them. Nothing was decoded."""

    folder: Path
    videos: tuple[Input, ...]
    file: TagFile
    passed_over: tuple[str, ...] = ()  # a line on other files


def open_folder(folder: Path, tags: Path | None = None) -> TaggedFolder:
    """The videos of a folder and of those in it, and their tags: of a file, or of one in there.

    Raises:
        UsageError: it is no folder, or has no videos; or no file for tags was named.
        AnnotationError: the file breaks its format.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder of videos, but there is none")
    passed_over: list[str] = []
    found = find_inputs([folder], tell=passed_over.append)
    videos = tuple(source for source in found if not source.holds_features)
    if not videos:
        raise UsageError(f"{folder}: expected a folder with videos, but it has features only")
    if tags is None:
        places = [folder / name for name in TAG_NAMES]
        tags = next((place for place in places if place.exists()), places[0])
    return TaggedFolder(folder, videos, read_tags(tags), tuple(passed_over))
