"""What clips and overlays share: which inputs can have them, and whether those have changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lpat.addresses import one_line
from lpat.errors import VideoError
from lpat.inputs import Input


def reason_without_pictures(source: Input) -> str | None:
    """Why neither clips nor an overlay can be made of an input; None where they can."""
    if source.holds_features:
        return "clips and overlays are made of videos; this is a file of features"
    if not isinstance(source.path, Path):
        return "clips and overlays are made of files; this is a URL"
    return None


@dataclass(frozen=True)
class Stamp:
    """By what one sees that a file is still the one it was."""

    inode: int
    size: int
    changed: int  # nanoseconds

    @classmethod
    def of(cls, source: Path) -> Stamp | None:
        """The stamp of a file as it is now; None of what isn't a file, or isn't there."""
        if not isinstance(source, Path):
            return None
        try:
            status = source.stat()
        except OSError:
            return None
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


def check_same(source: Path, stamp: Stamp | None) -> None:
    """See that a file is the one that was analysed; without a stamp nothing is known.

    Raises:
        VideoError: it has gone, or was replaced or changed.
    """
    now = Stamp.of(source)
    if stamp is None or now == stamp:
        return
    name = one_line(source)
    raise VideoError(
        f"{name}: no such file"
        if now is None
        else f"{name}: expected the video as it was analysed, but it has changed since"
    )
