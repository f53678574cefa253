"""From what the user typed to the files to work on, each with a name of its own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpat import feature_files
from lpat.addresses import Address, Url
from lpat.errors import UsageError

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"}
    | {".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
SUFFIXES = VIDEO_SUFFIXES | feature_files.SUFFIXES


@dataclass(frozen=True)
class Input:
    """One video or feature file. `name` is unique among the inputs, and outputs go by it."""

    name: str
    path: Address

    @property
    def file(self) -> Path:
        """The path, for what works on files only.

        Raises:
            UsageError: it is a URL.
        """
        if isinstance(self.path, Url):
            raise UsageError(f"{self.path}: expected a file, not a URL")
        return self.path

    @property
    def holds_features(self) -> bool:
        """Whether the file holds features rather than pictures."""
        return self.path.suffix.lower() in feature_files.SUFFIXES


def find_inputs(paths: Sequence[str | Path]) -> tuple[Input, ...]:
    """Files named by paths: a file is itself, a folder all videos and feature files below it.

    A file's name is its own without the suffix. Where two share that, each gets the shortest end
    of its path, suffix included, that tells them apart: `a/clip.mp4` and `b/clip.mp4`. A file
    named twice counts once. A path that doesn't exist stays, to fail by name later on.

    Raises:
        UsageError: a folder without videos.
    """
    files: dict[Path, Path] = {}
    for path in map(Path, paths):
        for file in _files_below(path) if path.is_dir() else [path]:
            files.setdefault(_absolute(file), file)
    names = _distinct_names(list(files))
    return tuple(Input(names[absolute], file) for absolute, file in files.items())


def _files_below(folder: Path) -> list[Path]:
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not found:
        raise UsageError(
            f"{folder}: expected a folder with videos or feature files, but it has none"
        )
    return found


def _absolute(path: Path) -> Path:
    """The path without `.`, `..` and a relative start; links keep their own names."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps `..`


def _distinct_names(paths: Iterable[Path]) -> dict[Path, str]:
    paths = list(paths)
    names = {path: path.stem for path in paths}
    depth = 1
    while clashes := {name for name, count in Counter(names.values()).items() if count > 1}:
        for path in paths:
            if names[path] in clashes:
                names[path] = "/".join(path.parts[-depth:]).lstrip("/")
        depth += 1
    return names
