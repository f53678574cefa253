"""Which files of a folder are videos or features: by suffix, else by a look inside."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from lpat.errors import VideoError
from lpat.files.media_suffixes import COMPANION_SUFFIXES, MEDIA_SUFFIXES, suffix_of

_FIRST_BYTES = 512
_TEXT_SUFFIXES = frozenset({".ts"})  # of videos, but of TypeScript and of Qt's translations too

# Packed files, programs, documents, pictures, sound, arrays and models: FFmpeg needn't look.
_OTHERS = (
    *(b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!"),
    *(b"\x28\xb5\x2f\xfd", b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"),
    *(b"%PDF", b"\xd0\xcf\x11\xe0", b"SQLite format 3", b"\x80\x02", b"\x80\x03", b"\x80\x04"),
    *(b"\x80\x05", b"\x93NUMPY", b"\x89HDF", b"MATLAB", b"\x89PNG", b"\xff\xd8\xff", b"BM"),
    *(b"II*\0", b"MM\0*", b"8BPS", b"ID3", b"fLaC", b"OTTO", b"\0\1\0\0", b"wOFF"),
)

_MOST_FAILURES = 64
"""Files of one suffix, none a video, after which no more of it are looked into."""
_MOST_LOOKS = 1000
"""Files that turn out to be none, of all suffixes."""


class Recognition:
    """Tells a folder's videos and feature files from others, and remembers what it passed over.

    A known suffix decides. Files of other suffixes are looked into, unless they are of a kind that
    usually lies beside videos; no more of a suffix once many of it were no videos. Where other
    `suffixes` are wanted, these alone decide.
    """

    def __init__(self, suffixes: Collection[str] | None = None) -> None:
        self._suffixes = suffixes
        self._passed_over = Counter[str]()  # by suffix as it is written
        self._companions = Counter[str]()
        self._failures = Counter[str]()
        self._videos = Counter[str]()

    def is_wanted(self, path: str) -> bool:
        """Whether the file there is a video or holds features."""
        suffix = suffix_of(path)
        if self._suffixes is not None and suffix in self._suffixes:
            return True
        if suffix in COMPANION_SUFFIXES:
            self._companions[suffix] += 1
            return False
        if self._suffixes is not None:
            wanted = False
        elif suffix in _TEXT_SUFFIXES:
            wanted = not is_text(_start_of(path))
        elif suffix in MEDIA_SUFFIXES:
            wanted = True
        else:
            wanted = self._look(path, suffix)
        if not wanted:
            self._passed_over[os.path.splitext(path)[1]] += 1  # noqa: PTH122 - as it is written
        return wanted

    def _look(self, path: str, suffix: str) -> bool:
        many = self._failures[suffix] >= _MOST_FAILURES and not self._videos[suffix]
        if many or self._failures.total() >= _MOST_LOOKS:
            return False
        found = is_video(path)
        (self._videos if found else self._failures)[suffix] += 1
        return found

    @property
    def remark(self) -> str | None:
        """A line on what was passed over, but for what usually lies beside videos; None if nothing.

        It names three suffixes at most, the most frequent first.
        """
        count = self._passed_over.total()
        if not count:
            return None
        line = (
            f"{count} other {'file' if count == 1 else 'files'} passed over "
            f"({_named(self._passed_over)})"
        )
        if self._suffixes is not None:
            return f"{line}: expected {', '.join(sorted(self._suffixes))}"
        return f"{line}; name files to have them read whatever they are"

    @property
    def others(self) -> str:
        """All that was passed over, in brackets with a blank before; empty if there was nothing."""
        every = self._passed_over + self._companions
        return f" ({every.total()} others: {_named(every)})" if every else ""


def is_video(path: str) -> bool:
    """Whether FFmpeg reads a file as a video, and no still picture, whatever its name."""
    start = _start_of(path)
    if not start or start.startswith(_OTHERS) or is_text(start):
        return False
    from lpat.video.container import open_container
    from lpat.video.header_checks import video_stream

    address = Path(path)
    try:
        with open_container(address) as container:
            # What only seems to be a stream without a container has no size.
            return video_stream(address, container).codec_context.width > 0
    except VideoError:
        return False


def is_text(start: bytes) -> bool:
    """Whether a file that begins so is text; an empty one isn't."""
    if not start or b"\0" in start:
        return False
    control = sum(byte < 0x20 and byte not in b"\t\n\f\r\x1b" for byte in start)
    if control:
        return False
    try:
        start[:-3].decode("utf-8")  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return True


def _start_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path of the folder's listing
            return file.read(_FIRST_BYTES)
    except OSError:
        return b""


def _named(counts: Counter[str]) -> str:
    names = [suffix or "without a suffix" for suffix, _ in counts.most_common(3)]
    return ", ".join([*names, *(["..."] if len(counts) > 3 else [])])
