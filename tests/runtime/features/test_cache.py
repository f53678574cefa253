"""The cache's bound: what goes, what stays, and who may be using it."""

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lpat.errors import UsageError
from lpat.features.cache import ABANDONED, FeatureCache, cache_limit
from lpat.types import Features, FeatureSpec

SPEC = FeatureSpec("motion", 1, {}, 5)
FILE_BYTES = 500 * SPEC.dimension * 4  # and a header

USE_AND_WAIT = """
import sys
from pathlib import Path
from lpat.features.cache import FeatureCache
from lpat.types import FeatureSpec
held = FeatureCache(Path(sys.argv[1])).get(Path(sys.argv[2]), FeatureSpec("motion", 1, {}, 5))
print("held" if held is not None else "missing", flush=True)
sys.stdin.read()
"""


def fill(cache: FeatureCache, folder: Path, count: int) -> list[Path]:
    """Videos whose features are in the cache; the first was used the longest ago."""
    videos = []
    for number in range(count):
        video = folder / f"v{number}.mp4"
        video.write_bytes(b"video")
        path = cache.path_of(video, SPEC)
        values = np.full((500, SPEC.dimension), number, np.float32)
        cache.put(path, Features(values, SPEC, 320.0))
        if path.exists():
            os.utime(path, (1000 + number, 1000 + number))
        videos.append(video)
    return videos


def kept(cache: FeatureCache, videos: list[Path]) -> list[int]:
    return [n for n, video in enumerate(videos) if cache.path_of(video, SPEC).exists()]


def test_files_whose_use_is_longest_ago_go(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache", limit=4 * FILE_BYTES)
    videos = fill(cache, tmp_path, 3)
    assert kept(cache, videos) == [0, 1, 2]
    assert cache.get(videos[0], SPEC) is not None, "and so it was used just now"
    gc.collect()
    videos += fill(cache, tmp_path, 5)[3:]
    assert 0 not in kept(cache, videos) or 1 not in kept(cache, videos)
    assert kept(cache, videos)[-1] == 4
    assert sum(f.stat().st_size for f in cache.folder.glob("*.safetensors")) <= cache.limit


def test_what_this_process_holds_stays_until_it_is_dropped(tmp_path: Path) -> None:
    videos = fill(FeatureCache(tmp_path / "cache"), tmp_path, 2)
    small = FeatureCache(tmp_path / "cache", limit=0)
    held, again = small.get(videos[0], SPEC), small.get(videos[0], SPEC)
    assert held is not None
    small._trim()
    assert kept(small, videos) == [0]
    del again
    gc.collect()
    small._trim()
    assert kept(small, videos) == [0]
    np.testing.assert_array_equal(held.values, 0)
    del held
    gc.collect()
    small._trim()
    assert kept(small, videos) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there an open file isn't removed anyway")
def test_what_another_process_holds_stays_until_that_is_killed(tmp_path: Path) -> None:
    videos = fill(FeatureCache(tmp_path / "cache"), tmp_path, 2)
    small = FeatureCache(tmp_path / "cache", limit=0)
    with subprocess.Popen(
        [sys.executable, "-c", USE_AND_WAIT, str(small.folder), str(videos[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        small._trim()
        assert kept(small, videos) == [1]
        other.kill()
        other.wait()
    small._trim()
    assert kept(small, videos) == []


def test_parts_of_files_go_once_nobody_can_be_writing_them(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "cache")
    fill(cache, tmp_path, 1)
    fresh, stale = cache.folder / ".a.part", cache.folder / ".b.part"
    for part in (fresh, stale):
        part.touch()
    long_ago = time.time() - 2 * ABANDONED
    os.utime(stale, (long_ago, long_ago))
    cache._trim()
    assert fresh.exists()
    assert not stale.exists()


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 20 * 10**9), ("20 GB", 20 * 10**9), ("1.5g", 1_500_000_000), ("0", 0), ("7", 7)],
)
def test_the_limit_is_a_size(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LPAT_CACHE_LIMIT", text)
    assert cache_limit() == size


@pytest.mark.parametrize("text", ["much", "-1", "20 XB", "1e3"])
def test_a_limit_that_is_no_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LPAT_CACHE_LIMIT", text)
    with pytest.raises(UsageError, match="LPAT_CACHE_LIMIT: expected a size"):
        cache_limit()
