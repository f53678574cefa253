"""The cache of extracted features: shared by commands and processes, and bounded."""

from __future__ import annotations

import contextlib
import os
import re
import time
import weakref
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lpat.errors import FeatureError, OutputError, UsageError
from lpat.features.files import StoredFeatures, locate_features, write_features
from lpat.files.folders import cache_folder
from lpat.files.locks import FilesInUse
from lpat.types import Features, FeatureSpec
from lpat.video.address import file_key

LIMIT = "20 GB"
"""What a cache may hold unless $LPAT_CACHE_LIMIT says otherwise: some 2000 hours of video."""

ABANDONED = 24 * 3600.0
"""Seconds after which a part of a file is nobody's: its writer died."""

PART = ".part"
"""The suffix of what isn't whole yet."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def cache_limit() -> int:
    """Bytes that a cache may hold, of $LPAT_CACHE_LIMIT: "20 GB", "500M", "0".

    Raises:
        UsageError: it says something else.
    """
    text = os.environ.get("LPAT_CACHE_LIMIT") or LIMIT
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise UsageError(f"LPAT_CACHE_LIMIT: expected a size such as {LIMIT!r}, not {text!r}")
    return int(float(match[1]) * _UNITS[match[2].upper()])


@dataclass(frozen=True)
class FeatureCache:
    """A folder of extracted features, by the video's path, size and time and by the spec.

    Beyond `limit` bytes the files whose use is longest ago go, but none whose features anybody
    holds, in this process or another.
    """

    folder: Path
    limit: int = field(default_factory=cache_limit)

    def path_of(self, video: Path, spec: FeatureSpec) -> Path:
        """Where the features of a video as it is now are kept."""
        return self.folder / f"{video.stem[:80]}-{file_key(video, asdict(spec))[:24]}.safetensors"

    def get(self, video: Path, spec: FeatureSpec, *, check: bool = True) -> StoredFeatures | None:
        """Features from the cache; None where there are none, or a file that doesn't hold them.

        With `check` all are read once, to be sure that they are finite.
        """
        path = self.path_of(video, spec)
        if not path.is_file():
            return None
        release = FilesInUse.of(self.folder).hold(path.name)
        try:
            stored = locate_features(path)
            if check:
                stored.check()
            if stored.spec != spec:
                raise FeatureError(f"{path}: features of another spec")
            with contextlib.suppress(OSError):
                os.utime(path)
        except FeatureError:
            release()
            return None
        weakref.finalize(stored, release)
        return stored

    def put(self, path: Path, features: Features | StoredFeatures) -> None:
        """Keep whole features at the `path_of` the video as it was when its reading began.

        A folder that can't be written costs the next run its time, not this one its result.
        """
        with contextlib.suppress(OutputError):
            write_features(path, features)
            self._trim()

    def size(self) -> int:
        """Bytes of what is in it; 0 where there is no such folder."""
        return sum(size for _, size, _ in _files(self.folder))

    def _trim(self) -> None:
        """Remove what is beyond the limit, and parts that nobody goes on with."""
        remove_abandoned_parts(self.folder)
        whole = [entry for entry in _files(self.folder) if entry[0].suffix == ".safetensors"]
        excess = sum(size for _, size, _ in whole) - self.limit
        in_use = FilesInUse.of(self.folder)
        for path, size, _ in sorted(whole, key=lambda entry: entry[2]):
            if excess <= 0:
                return
            if in_use.remove(path):
                excess -= size


def remove_abandoned_parts(folder: Path) -> None:
    """Remove the parts of files in a folder that nobody goes on with."""
    for path, _, used in list(_files(folder)):
        if path.suffix == PART and used < time.time() - ABANDONED:
            with contextlib.suppress(OSError):
                path.unlink()


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Path, size and time of the last use of each file."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat()
                yield Path(entry.path), status.st_size, status.st_mtime


def default_cache() -> FeatureCache:
    """The user's cache, in `cache_folder()`."""
    return FeatureCache(cache_folder())
