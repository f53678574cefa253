"""TV-L1 optical flow beside OpenCV's: how fast, how close, and how it grows.

    python -m benchmarks.video.tvl1 [--pairs 4] [--pictures FOLDER] [--data ../shared/data]

Consecutive frames from the middle of each clip and of ten gesture videos, scaled so that the short
side is 256; frames that repeat the one before are left out. Both use all cores and run in turn:
OpenCV splits each pair's rows among its threads, ours gives each thread pairs of its own. The
difference is the mean length of the difference vectors (endpoint error); "one level" is the share
of values that differ by at most one level once flow is clipped to +-20 pixels and made eight bits.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError

from lpat.backbones.flow import quantised
from lpat.core import tvl1, tvl1_instruction_sets
from lpat.types import Float32Array
from lpat.video.frame import UInt8Array

SHORT_SIDE = 256
GESTURES = 10
SIZES = ((160, 120), (340, 256), (640, 360), (960, 540), (1280, 720))
FASTEST = 8.0  # pixels that are drawn in full colour
LARGEST_DIFFERENCE = 0.5


@dataclass(frozen=True)
class Cost:
    """Seconds of a pair, by the clock and of all threads together."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Comparison:
    """One video's flow beside OpenCV's."""

    name: str
    frames: UInt8Array
    flow: Float32Array
    reference: Float32Array
    cost: Cost
    reference_cost: Cost

    @property
    def distances(self) -> Float32Array:
        """(N - 1, H, W) in pixels."""
        return np.hypot(*(self.flow - self.reference).transpose(1, 0, 2, 3))

    @property
    def alike(self) -> float:
        """Share of values that differ by at most one of 256 levels."""
        levels = [quantised(flow).astype(np.int16) for flow in (self.flow, self.reference)]
        return float((np.abs(levels[0] - levels[1]) <= 1).mean())

    def __str__(self) -> str:
        """A row of the table."""
        count, height, width = self.frames.shape
        distances = self.distances
        speed = np.hypot(*self.reference.transpose(1, 0, 2, 3)).mean()
        return (
            f"| {self.name} | {width} x {height} | {count - 1} | {speed:.2f} "
            f"| {1e3 * self.reference_cost.wall:.0f} | {1e3 * self.reference_cost.cpu:.0f} "
            f"| {1e3 * self.cost.wall:.1f} | {1e3 * self.cost.cpu:.1f} "
            f"| {self.reference_cost.wall / self.cost.wall:.1f} "
            f"| {distances.mean():.4f} | {np.percentile(distances, 99):.3f} "
            f"| {100 * self.alike:.2f} % |"
        )


HEADER = (
    "| video | size | pairs | pixels a frame | OpenCV wall ms | CPU ms | ours wall ms | CPU ms "
    "| times | difference | 99th percentile | one level |\n" + "| --- " * 12 + "|"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=4, help="of each video")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the flow")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, OpenCV {cv2.__version__}\n")
    print(HEADER)
    results = []
    for path in paths(options.data):
        frames = frames_of(path, options.pairs + 1)
        if frames is None:
            continue
        results.append(compare(path.stem, frames, options.rounds))
        print(results[-1], flush=True)
        if options.pictures:
            write_picture(options.pictures / f"{path.stem}.png", results[-1])
    if not results:
        parser.error(f"no videos in {options.data}")
    report_all(results)
    report_growth(median_of(results), options.rounds)
    report_variants(results, options.rounds)


def paths(data: Path) -> list[Path]:
    """All clips and some gesture videos, evenly chosen."""
    gestures = sorted((data / "gestures" / "videos").glob("*.mp4"))
    step = max(1, len(gestures) // GESTURES)
    return sorted((data / "clips").iterdir()) + gestures[::step][:GESTURES]


def frames_of(path: Path, count: int) -> UInt8Array | None:
    """Frames (N, H, W) around the middle of a video, None where fewer than two differ."""
    pictures: list[UInt8Array] = []
    try:
        with av.open(str(path)) as container:
            for picture in container.decode(video=0):
                pictures.append(np.asarray(picture.to_ndarray(format="gray"), np.uint8))
                if len(pictures) == 400:
                    break
    except (FFmpegError, IndexError):
        pass  # what could be read before counts
    changing = [
        picture
        for index, picture in enumerate(pictures)
        if index == 0 or not np.array_equal(picture, pictures[index - 1])
    ]
    start = max(0, (len(changing) - count) // 2)
    chosen = [scaled(picture) for picture in changing[start : start + count]]
    return np.stack(chosen) if len(chosen) > 1 else None


def scaled(picture: UInt8Array) -> UInt8Array:
    height, width = picture.shape
    ratio = SHORT_SIDE / min(height, width)
    size = round(width * ratio), round(height * ratio)
    return resized(picture, size)


def resized(picture: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    smaller = size[1] < picture.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def opencv_flow(frames: UInt8Array) -> Float32Array:
    """The reference (N - 1, 2, H, W)."""
    solver = cv2.optflow.DualTVL1OpticalFlow_create()  # pyright: ignore
    # A third argument other than None would be the flow to begin with.
    flows = [solver.calc(*pair, None) for pair in pairwise(frames)]  # pyright: ignore
    return np.stack(flows).transpose(0, 3, 1, 2)


def compare(name: str, frames: UInt8Array, rounds: int) -> Comparison:
    reference_cost, reference = timed(lambda: opencv_flow(frames), len(frames) - 1, 1)
    cost, flow = timed(lambda: tvl1(frames), len(frames) - 1, rounds)
    return Comparison(name, frames, flow, reference, cost, reference_cost)


def timed(work: Callable[[], Float32Array], pairs: int, rounds: int) -> tuple[Cost, Float32Array]:
    """Medians for one of so many pairs, and the last result."""
    walls, cpus, result = [], [], np.empty(0, np.float32)
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        walls.append((time.perf_counter() - wall) / pairs)
        cpus.append((time.process_time() - cpu) / pairs)
    return Cost(statistics.median(walls), statistics.median(cpus)), result


def report_all(results: list[Comparison]) -> None:
    """All videos together: means over pairs, and the worst video."""

    def mean(value: Callable[[Comparison], float]) -> float:
        return float(
            np.average([value(r) for r in results], weights=[len(r.flow) for r in results])
        )

    ours, theirs = mean(lambda r: r.cost.wall), mean(lambda r: r.reference_cost.wall)
    our_cpu, their_cpu = mean(lambda r: r.cost.cpu), mean(lambda r: r.reference_cost.cpu)
    print(f"\n{len(results)} videos, {sum(len(r.flow) for r in results)} pairs:")
    print(f"OpenCV {1e3 * theirs:.0f} ms, {1e3 * their_cpu:.0f} ms of CPU; ", end="")
    print(f"ours {1e3 * ours:.1f} ms, {1e3 * our_cpu:.1f} ms of CPU; ", end="")
    print(f"{theirs / ours:.1f} times as fast, {their_cpu / our_cpu:.1f} times less CPU")
    worst = max(results, key=lambda r: float(r.distances.mean()))
    least = min(results, key=lambda r: r.alike)
    print(f"mean difference {mean(lambda r: float(r.distances.mean())):.4f} pixels, ", end="")
    print(f"largest of a video {worst.distances.mean():.4f} ({worst.name})")
    print(f"within one level {100 * mean(lambda r: r.alike):.2f} %, ", end="")
    print(f"least of a video {100 * least.alike:.2f} % ({least.name})")
    nudged = nudged_reference(worst)
    print(f"OpenCV's own flow of {worst.name}, one pixel in 256 a level off: ", end="")
    print(f"difference {nudged.distances.mean():.4f}, within one level {100 * nudged.alike:.2f} %")


def nudged_reference(result: Comparison) -> Comparison:
    """How firm OpenCV's flow is: beside itself, with frames that look the same."""
    frames = result.frames.copy()
    frames[:, ::16, ::16] ^= 1
    return replace(result, flow=opencv_flow(frames))


def median_of(results: list[Comparison]) -> Comparison:
    """The video that is the middle one in cost."""
    return sorted(results, key=lambda result: result.cost.cpu)[len(results) // 2]


def report_growth(result: Comparison, rounds: int) -> None:
    """Time of a pair at other sizes, where motion covers more pixels and takes more iterations."""
    frames = result.frames
    print(f"\n{result.name} at other sizes:")
    print("| size | wall ms | CPU ms | CPU ns a pixel | the same, 10 iterations a warp |")
    print("| --- | --- | --- | --- | --- |")
    fixed = partial(tvl1, epsilon=1e-9, inner_iterations=10, outer_iterations=1)
    for width, height in SIZES:
        pictures = np.stack([resized(frame, (width, height)) for frame in frames])
        cost, _ = timed(partial(tvl1, pictures), len(frames) - 1, rounds)
        same, _ = timed(partial(fixed, pictures), len(frames) - 1, rounds)
        share, fixed_share = (1e9 * c.cpu / (width * height) for c in (cost, same))
        print(
            f"| {width} x {height} | {1e3 * cost.wall:.1f} | {1e3 * cost.cpu:.1f} "
            f"| {share:.0f} | {fixed_share:.0f} |",
            flush=True,
        )


def report_variants(results: list[Comparison], rounds: int) -> None:
    """One thread, each instruction set, and warm starts: mean CPU time and difference."""
    print("\n| variant | CPU ms | difference | one level |\n| --- | --- | --- | --- |")
    for name, solve in variants():
        costs, differences, alike = [], [], []
        for result in results:
            cost, flow = timed(lambda r=result, s=solve: s(r.frames), len(result.flow), rounds)
            changed = Comparison(name, result.frames, flow, result.reference, cost, cost)
            costs.append(cost.cpu)
            differences.append(float(changed.distances.mean()))
            alike.append(changed.alike)
        print(
            f"| {name} | {1e3 * np.mean(costs):.1f} | {np.mean(differences):.4f} "
            f"| {100 * np.mean(alike):.2f} % |",
            flush=True,
        )


def variants() -> Iterator[tuple[str, Callable[[UInt8Array], Float32Array]]]:
    for name in tvl1_instruction_sets():
        yield (
            f"{name}, one thread",
            lambda frames, name=name: tvl1(frames, threads=1, instruction_set=name),
        )
    yield "warm start, one thread", lambda frames: tvl1(frames, threads=1, warm_start=True)
    yield "four warps, one thread", lambda frames: tvl1(frames, threads=1, warps=4)
    yield (
        "ten iterations a warp, one thread",
        lambda frames: tvl1(frames, threads=1, inner_iterations=10, outer_iterations=1),
    )


def write_picture(path: Path, result: Comparison) -> None:
    """The middle pair: its frame, our flow, OpenCV's, and their difference, 16 times as bright.

    Colour is direction on the wheel; fuller is faster.
    """
    index = len(result.flow) // 2
    ours, theirs = result.flow[index], result.reference[index]
    frame = np.repeat(result.frames[index][:, :, None], 3, axis=2)
    pictures = [frame, coloured(ours, FASTEST), coloured(theirs, FASTEST)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.hstack([*pictures, coloured(ours - theirs, LARGEST_DIFFERENCE)]))


def coloured(flow: Float32Array, fastest: float) -> UInt8Array:
    """The flow (2, H, W) as a picture (H, W, 3): white where nothing moves."""
    speed, angle = cv2.cartToPolar(flow[0], flow[1], angleInDegrees=True)
    colours = np.stack([angle / 2, 255 * np.minimum(speed / fastest, 1), np.full_like(speed, 255)])
    picture = colours.transpose(1, 2, 0).astype(np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_HSV2BGR), np.uint8)


if __name__ == "__main__":
    main()
