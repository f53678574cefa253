"""From what the user typed to the inputs to work on, each with a name of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpat import feature_files
from lpat.errors import UsageError
from lpat.input_lists import read_list
from lpat.input_names import differ_by_case_only, distinct_names, safe_name
from lpat.video.address import DEFAULT_TIMEOUT, STDIN, Address, Url, is_url

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"}
    | {".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
SUFFIXES = VIDEO_SUFFIXES | feature_files.SUFFIXES


@dataclass(frozen=True)
class Input:
    """One video or feature file. `name` is unique among the inputs, and results go by it."""

    name: str
    path: Address
    has_lookalike: bool = False  # another name differs from this one in upper and lower case only

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
        """Whether it holds features rather than pictures."""
        return self.path.suffix.lower() in feature_files.SUFFIXES


def output_name(source: Input) -> str:
    """The start of the names of an input's files, such as `sub/clip` of `sub/clip.json`.

    It is the input's name, unless some file system couldn't take that: then one made of it, which
    is always the same. No two inputs share one, even where upper and lower case are the same.
    """
    return safe_name(source.name, is_ambiguous=source.has_lookalike)


def largest_first(sources: Iterable[Input]) -> list[Input]:
    """The inputs by the bytes of their files: a long one that is begun last is waited for."""
    return sorted(sources, key=_size, reverse=True)


def _size(source: Input) -> int:
    try:
        return source.path.stat().st_size if isinstance(source.path, Path) else 0
    except OSError:
        return 0


def find_inputs(
    arguments: Sequence[str | Path], timeout: float = DEFAULT_TIMEOUT
) -> tuple[Input, ...]:
    """What the arguments mean, in their order.

    A path is a file, or a folder that stands for all videos and feature files below it. A text may
    also be a URL, `-` (a video on standard input), a pattern with `*`, `?`, `[...]` or `**`, and
    `@list`, the name of a list (see `read_list`; `@-` reads it from standard input); but what
    exists as a file under that very name is that file, except for `-`.

    A file's name is its own without the suffix. Where two share that, each gets the shortest end
    of its path, suffix included, that tells them apart: `a/clip.mp4` and `b/clip.mp4`. An input
    named twice counts once. A path that doesn't exist stays, to fail by name later on; so does a
    folder inside another that can't be read. URLs are given up after `timeout` seconds in which
    nothing comes.

    Raises:
        UsageError: a folder without videos, a pattern without files, or a list without entries or
            that can't be read.
    """
    found: dict[Address, Address] = {}
    uses = [argument for argument in arguments if argument in ("-", "@-")]
    if len(set(uses)) > 1:
        raise UsageError("-, @-: standard input can be a video or a list, not both")
    for argument in arguments:
        for address in _meant(argument, timeout):
            found.setdefault(_absolute(address), address)
    names = distinct_names(list(found))
    alike = differ_by_case_only(names)
    return tuple(
        Input(name, address, name in alike)
        for name, address in zip(names, found.values(), strict=True)
    )


def one_input(argument: str | Path, timeout: float = DEFAULT_TIMEOUT) -> Input:
    """What an argument means, as `find_inputs` has it, where only one input will do.

    Raises:
        UsageError: it stands for several, or for none.
    """
    found = find_inputs([argument], timeout)
    if len(found) != 1:
        raise UsageError(f"{argument}: expected one video or feature file, not {len(found)}")
    return found[0]


def _meant(argument: str | Path, timeout: float) -> Iterator[Address]:
    """The inputs that an argument stands for."""
    if argument == "-":
        yield STDIN
    elif isinstance(argument, str) and argument.startswith("@") and not os.path.lexists(argument):
        for entry in read_list(argument):
            yield from _meant_by_entry(entry, timeout)
    else:
        yield from _meant_by_entry(argument, timeout)


def _meant_by_entry(entry: str | Path, timeout: float) -> Iterator[Address]:
    """The same, but for what stands for a list or standard input."""
    path = Path(entry)
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        yield from _files_of_folder(path)
    elif isinstance(entry, Path) or os.path.lexists(path):
        yield path
    elif is_url(entry):
        yield Url(entry, timeout)
    elif any(character in entry for character in "*?["):
        yield from _files_of_pattern(path)
    else:
        yield path


def _files_of_folder(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise UsageError(f"{folder}: can't be read ({error.strerror})") from error
    if found := _files_below(folder):
        return found
    raise UsageError(f"{folder}: expected a folder with videos or feature files, but it has none")


def _files_of_pattern(pattern: Path) -> list[Path]:
    """Files that match, and those below folders that do, in the order of their paths.

    As of folders, only videos and feature files, unless the pattern names another suffix.
    """
    start = Path(pattern.anchor)
    try:
        matches = sorted(start.glob(str(pattern.relative_to(start))))
    except (ValueError, OSError) as error:
        raise UsageError(f"{pattern}: expected a pattern for files ({error})") from error
    found: list[Path] = []
    for match in matches:
        if match.name.startswith(".") and not pattern.name.startswith("."):
            continue
        if match.is_dir():
            found.extend(_files_below(match))
        elif _is_wanted(match.name) or match.suffix == pattern.suffix != "":
            found.append(match)
    if not found:
        raise UsageError(f"{pattern}: no video or feature file matches")
    return found


def _files_below(folder: Path) -> list[Path]:
    """Files at any depth, in the order of their paths; links to folders are followed.

    Each folder is entered once, so links that lead in circles come to an end. A folder that can't
    be read stands for itself.
    """
    found: list[Path] = []
    entered: set[tuple[int, int]] = set()
    folders, links = [str(folder)], []
    while folders or links:
        # A folder's own place comes before links to it.
        place = folders.pop() if folders else links.pop()
        try:
            status = os.stat(place)  # noqa: PTH116 - as fast as can be, for 100 000 files
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_symlink() and os.path.isdir(entry.path):  # noqa: PTH112 - the same
                        links.append(entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _is_wanted(entry.name) and (entry.is_symlink() or entry.is_file()):
                        found.append(Path(entry.path))
        except OSError:
            found.append(Path(place))
    return sorted(found)


def _is_wanted(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - of a name, not a path


def _absolute(address: Address) -> Address:
    """The path without `.`, `..` and a relative start; links keep their own names."""
    if isinstance(address, Url):
        return address
    return Path(os.path.abspath(address))  # noqa: PTH100 - Path.absolute keeps `..`
