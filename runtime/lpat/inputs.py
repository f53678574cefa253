"""From what the user typed to the inputs to work on, each with a name of its own."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpat.annotations.identity import Called, canonical
from lpat.errors import UsageError
from lpat.files.media_suffixes import FEATURE_SUFFIXES
from lpat.video.address import DEFAULT_TIMEOUT, STDIN, Address, Url, is_camera, is_url
from lpat.video.recognition import Recognition


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
        return self.path.suffix.lower() in FEATURE_SUFFIXES

    @property
    def called(self) -> Called:
        """What names of videos mean it."""
        return Called.by_file(self.name, _absolute(self.path).parts)


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
    arguments: Sequence[str | Path],
    timeout: float = DEFAULT_TIMEOUT,
    tell: Callable[[str], None] = lambda line: None,
    suffixes: Collection[str] | None = None,
) -> tuple[Input, ...]:
    """What the arguments mean, in their order.

    A path is a file, or a folder that stands for all videos and feature files below it; `tell`
    takes a line on what was passed over there (see `lpat.video.recognition`). A text may
    also be a URL, `-` (a video on standard input), a pattern with `*`, `?`, `[...]` or `**`, and
    `@list`, the name of a list (see `read_list`; `@-` reads it from standard input); but what
    exists as a file under that very name is that file, except for `-`.

    A file's name is its own without the suffix. Where two share that, each gets the shortest end
    of its path, suffix included, that tells them apart: `a/clip.mp4` and `b/clip.mp4`. An input
    named twice counts once. A path that doesn't exist stays, to fail by name later on; so does a
    folder inside another that can't be read. URLs are given up after `timeout` seconds in which
    nothing comes. Folders and patterns stand for files with other `suffixes` where those are given.

    Raises:
        UsageError: a folder without videos, a pattern without files, or a list without entries or
            that can't be read.
    """
    found: dict[Address, Address] = {}
    recognition = Recognition(suffixes)
    uses = [argument for argument in arguments if argument in ("-", "@-")]
    if len(set(uses)) > 1:
        raise UsageError("-, @-: standard input can be a video or a list, not both")
    for argument in arguments:
        for address in _meant(argument, timeout, recognition):
            found.setdefault(_absolute(address), address)
    if recognition.remark is not None:
        tell(recognition.remark)
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


def live_input(argument: str | Path, timeout: float = DEFAULT_TIMEOUT) -> Input:
    """What an argument means where a video may have no end: also a camera, `camera:0`.

    Raises:
        UsageError: it stands for several inputs, or for none.
    """
    if isinstance(argument, str) and is_camera(argument) and not os.path.lexists(argument):
        return Input(argument, Url(argument, timeout))
    return one_input(argument, timeout)


def _meant(argument: str | Path, timeout: float, recognition: Recognition) -> Iterator[Address]:
    """The inputs that an argument stands for."""
    if argument == "-":
        yield STDIN
    elif isinstance(argument, str) and argument.startswith("@") and not os.path.lexists(argument):
        for entry in read_list(argument):
            yield from _meant_by_entry(entry, timeout, recognition)
    else:
        yield from _meant_by_entry(argument, timeout, recognition)


def _meant_by_entry(
    entry: str | Path, timeout: float, recognition: Recognition
) -> Iterator[Address]:
    """The inputs that an argument or a list's entry stands for, if it is no list itself."""
    path = Path(entry)
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        yield from _files_of_folder(path, recognition)
    elif isinstance(entry, Path) or os.path.lexists(path):
        yield path
    elif is_url(entry):
        yield Url(entry, timeout)
    elif is_camera(entry):
        raise UsageError(f"{entry}: a camera has no end: read it live (lpat-detect --live)")
    elif any(character in entry for character in "*?["):
        yield from _files_of_pattern(path, recognition)
    else:
        yield path


def _files_of_folder(folder: Path, recognition: Recognition) -> list[Path]:
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise UsageError(f"{folder}: can't be read ({error.strerror})") from error
    if found := _files_below(folder, recognition):
        return found
    raise UsageError(
        f"{folder}: expected a folder with videos or feature files, but it has none"
        f"{recognition.others}"
    )


def _files_of_pattern(pattern: Path, recognition: Recognition) -> list[Path]:
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
            found.extend(_files_below(match, recognition))
        elif match.suffix == pattern.suffix != "" or recognition.is_wanted(str(match)):
            found.append(match)
    if not found:
        raise UsageError(f"{pattern}: no video or feature file matches")
    return found


def _files_below(folder: Path, recognition: Recognition) -> list[Path]:
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
                    elif (entry.is_symlink() or entry.is_file()) and recognition.is_wanted(
                        entry.path
                    ):
                        found.append(Path(entry.path))
        except OSError:
            found.append(Path(place))
    return sorted(found)


def _absolute(address: Address) -> Address:
    """The path without `.`, `..` and a relative start; links keep their own names."""
    if isinstance(address, Url):
        return address
    return Path(os.path.abspath(address))  # noqa: PTH100 - Path.absolute keeps `..`


def read_list(argument: str) -> list[str]:
    """The entries of the list `@file`, or of `@-` the one on standard input.

    One a line, without empty lines and those that begin with `#`; or, if there are NULs, separated
    by these and all taken as they are (`find -print0`). What isn't found from the working folder is
    looked for beside the list. UTF-16 with a byte order mark is understood.

    Raises:
        UsageError: the list can't be read, or is empty.
    """
    name = argument.removeprefix("@")
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{argument}: no such file or list {name!r}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{argument}: the list can't be read ({reason})") from error
    entries = _entries(content)
    if not entries:
        raise UsageError(f"{argument}: expected a list of inputs, but it is empty")
    if name == "-":
        return entries
    folder = Path(name).parent
    return [_found(entry, folder) for entry in entries]


def _entries(content: bytes) -> list[str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = os.fsencode(content.decode("utf-16", errors="replace"))
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\0" in content:
        return [os.fsdecode(entry) for entry in content.split(b"\0") if entry]
    lines = (os.fsdecode(line).rstrip("\r") for line in content.split(b"\n"))
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _found(entry: str, folder: Path) -> str:
    """The entry, from the list's folder on if it isn't to be found otherwise."""
    if is_url(entry) or os.path.lexists(entry):
        return entry
    beside = folder / entry
    is_pattern = any(character in entry for character in "*?[")
    if os.path.lexists(beside) or (is_pattern and not _matches(entry) and _matches(str(beside))):
        return str(beside)
    return entry


def _matches(pattern: str) -> bool:
    path = Path(pattern)
    start = Path(path.anchor)
    try:
        return next(iter(start.glob(str(path.relative_to(start)))), None) is not None
    except (ValueError, OSError):
        return False


LONGEST_PART = 200
"""Bytes of a part of a name. File systems take 255, of which suffixes need some."""

_DIGITS = 10  # of the digest in a name that was made safe
# What Windows forbids, what no terminal shows, and bytes that are no text.
_FORBIDDEN = re.compile('[<>:"\\\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\..*)?", re.IGNORECASE)


def distinct_names(addresses: Sequence[Address]) -> list[str]:
    """A name for each of the addresses, all different: the stem, or the shortest end that will do.

    Where even all parts are the same, as of URLs that differ in their query, they are numbered.
    """
    parts = [address.parts for address in addresses]
    names = [address.stem for address in addresses]
    depth, deepest = 1, max(map(len, parts), default=0)
    while (clashes := _repeated(names, canonical)) and depth <= deepest:
        for index, name in enumerate(names):
            if canonical(name) in clashes:
                names[index] = "/".join(parts[index][-depth:]).lstrip("/")
        depth += 1
    return _numbered(names)


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, of equal ones all but the first with a number that makes them differ."""
    taken, met, numbered = set(map(canonical, names)), Counter[str](), []
    for name in names:
        key = canonical(name)
        met[key] += 1
        if met[key] > 1:
            while canonical(other := f"{name} ({met[key]})") in taken:
                met[key] += 1
            taken.add(canonical(other))
            numbered.append(other)
        else:
            numbered.append(name)
    return numbered


def differ_by_case_only(names: Sequence[str]) -> set[str]:
    """The names that a file system without upper and lower case would take for another."""
    clashes = _repeated(names, _without_case)
    return {name for name in names if _without_case(name) in clashes}


def _without_case(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def safe_name(name: str, *, is_ambiguous: bool = False) -> str:
    """The name if files can be called so everywhere, else one like it with a digest of it.

    A `/` stays: it parts folders. An ambiguous name gets the digest in any case.
    """
    safe = "/".join(_safe_part(part) for part in name.split("/"))
    if safe == name and not is_ambiguous:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    folder, slash, last = safe.rpartition("/")
    return f"{folder}{slash}{_shortened(last, LONGEST_PART - _DIGITS - 1)}-{digest}"


def _safe_part(part: str) -> str:
    safe = _shortened(_FORBIDDEN.sub("_", part), LONGEST_PART)
    if safe.endswith((".", " ")) or not safe:
        safe = f"{safe[:-1]}_"
    return f"_{safe}" if _RESERVED.fullmatch(safe) else safe


def _shortened(text: str, length: int) -> str:
    """The text up to so many bytes, in whole characters."""
    return text.encode()[:length].decode(errors="ignore")


def _repeated(names: Sequence[str], key: Callable[[str], str]) -> set[str]:
    return {name for name, count in Counter(map(key, names)).items() if count > 1}
