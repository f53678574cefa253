"""DIS optical flow beside OpenCV's: how fast on one thread, how close, and what features say.

    python -m benchmarks.video.dis [--pairs 24] [--data ../shared/data]

Consecutive frames from the middle of ten gesture videos, reduced or enlarged to each size. Both run
on one thread and in turn, each pair several times; the quickest counts, in CPU time, and the median
over pairs is shown. The difference is the mean length of the difference vectors (endpoint error).
Features are those of the motion extractor, all of each video; their differences are in units of
each feature's standard deviation over the ten videos.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from lpat.core import dis, dis_instruction_sets
from lpat.motion.extractor import MotionExtractor
from lpat.motion.flow import PairFlow, dis_opencv, flow_fields
from lpat.motion.flow import dis as dis_core
from lpat.types import Float32Array
from lpat.video.frame import Size, UInt8Array
from lpat.video.reader import Video
from lpat.video.resampling import resample

VIDEOS = 10
SIZES: tuple[Size, ...] = ((160, 120), (320, 240), (640, 480))
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{platform.processor() or platform.machine()}, OpenCV {cv2.__version__}, ", end="")
    print(f"instruction sets {', '.join(dis_instruction_sets())}")
    folder = options.data / "gestures" / "videos"
    videos = sorted(folder.glob("*.mp4"))[:VIDEOS]
    if not videos:
        raise SystemExit(f"no videos in {folder}")
    print(
        "| size | OpenCV ms | ours ms | times | portable | avx2 | difference | largest of a video |"
    )
    print("| --- " * 8 + "|")
    for size in SIZES:
        print(row(size, [pairs_of(video, size, options.pairs) for video in videos]), flush=True)
    report_features(videos)


def frames_of(video: Path, size: Size) -> Iterator[UInt8Array]:
    with Video.open(video, threads=1) as opened:
        for frame in opened:
            yield frame.gray(size)


def pairs_of(video: Path, size: Size, count: int) -> list[tuple[UInt8Array, UInt8Array]]:
    """Pairs from the video's middle, without such as are the same."""
    pairs = [pair for pair in pairwise(frames_of(video, size)) if (pair[0] != pair[1]).any()]
    middle = max(0, (len(pairs) - count) // 2)
    return pairs[middle : middle + count]


def row(size: Size, videos: list[list[tuple[UInt8Array, UInt8Array]]]) -> str:
    """A row of the table: medians over pairs, and means of differences."""

    def by_set(name: str) -> PairFlow:
        return lambda last, image: dis(np.stack([last, image]), threads=1, instruction_set=name)

    solvers: list[PairFlow] = [dis_opencv, dis_core, by_set("portable")]
    if "avx2" in dis_instruction_sets():
        solvers.append(by_set("avx2"))
    costs: list[list[float]] = [[] for _ in solvers]
    differences: list[float] = []
    for pairs in videos:
        found: list[float] = []
        for last, image in pairs:
            for cost, solver in zip(costs, solvers, strict=True):
                cost.append(cpu_of(lambda s=solver, a=last, b=image: s(a, b)))
            distance = dis_core(last, image) - dis_opencv(last, image)
            found.append(float(np.hypot(distance[..., 0], distance[..., 1]).mean()))
        differences.append(statistics.mean(found))
    opencv, ours, *others = (1e3 * statistics.median(cost) for cost in costs)
    cells = " | ".join(f"{opencv / other:.1f}" for other in (ours, *others))
    return (
        f"| {size[0]} x {size[1]} | {opencv:.3f} | {ours:.3f} | {cells} "
        f"| {statistics.mean(differences):.5f} | {max(differences):.5f} |"
    )


def cpu_of(work: Callable[[], Float32Array]) -> float:
    """Seconds of the quickest of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.thread_time()
        work()
        best = min(best, time.thread_time() - begin)
    return best


def report_features(videos: list[Path]) -> None:
    ours = np.concatenate([features_of(video, dis_core) for video in videos])
    theirs = np.concatenate([features_of(video, dis_opencv) for video in videos])
    deviations = theirs.std(0)
    differences = np.abs(ours - theirs) / np.where(deviations > 0, deviations, 1)
    print(f"\nfeatures of {len(videos)} videos, {len(ours)} snippets, in deviations: ", end="")
    print(f"mean difference {differences.mean():.2e}, ", end="")
    print(f"99th percentile {np.percentile(differences, 99):.2e}, ", end="")
    print(f"99.9th {np.percentile(differences, 99.9):.2e}, largest {differences.max():.2e}")


def features_of(video: Path, pair_flow: PairFlow) -> Float32Array:
    extractor = MotionExtractor()
    spec = extractor.spec()
    with Video.open(video, threads=1) as opened:
        ticks = resample(opened, spec.fps)
        with closing(flow_fields(ticks, appearance=False, pair_flow=pair_flow)) as fields:
            return np.stack(list(extractor.features_of(fields, spec)))


if __name__ == "__main__":
    main()
