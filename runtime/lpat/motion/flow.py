"""Dense optical flow of each tick of a video, in threads of its own.

One thread reads and reduces frames ahead; several compute flow, as a pair of frames needs nothing
of other pairs. What comes out doesn't depend on their number.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import cv2
import numpy as np

from lpat.core import dis_of_pair, halve_flow
from lpat.motion.descriptors import RASTER
from lpat.parallel.threads import iterate_in_thread
from lpat.types import Float32Array
from lpat.video.frame import Size, UInt8Array
from lpat.video.resampling import Tick

Item = TypeVar("Item")

FRAME = (160, 120)
"""Width and height that frames are reduced to, whatever its size and aspect.

One size for all keeps cost, memory and cells the same, and lets the picture's size change within
a video. Flow is then stretched to the picture's own aspect, so directions and speeds stay true;
only its resolution differs between the axes.
"""

SHORT_SIDE = 120
"""The unit of flow: pixels per tick in a picture of this short side."""

FASTEST = 30.0
"""Flow is clipped here: a quarter of the short side in one tick is beyond what DIS can follow."""

APPEARANCE_STEP = 4
"""Appearance is described on the ticks that this divides: a picture changes less than motion."""

LONGEST_HOLD = 16
"""Ticks that a frame may be held and still be taken for a frame of a slow source, not a still."""

CUT_CHANGE, CUT_RATIO = 8.0, 3.0
"""A cut: the mean change of grey is above the first, plus the second times the usual change."""

BATCH = 4
"""Ticks that go from thread to thread together, at most: handing over costs as much as reading."""

READ_AHEAD = 3
"""Batches that are read before they are needed: enough to bridge a keyframe that takes long."""

MOST_THREADS = 8
"""Threads that compute flow; what is left to do in order keeps up with no more."""

PairFlow = Callable[[UInt8Array, UInt8Array], Float32Array]
"""Flow (H, W, 2) in pixels, along x and along y, from a grey frame (H, W) to the next.

Several threads call it at once.
"""


@dataclass(frozen=True, eq=False)
class FlowField:
    """The flow (2, H, W) that brought a tick's picture, and the picture if it's to be described."""

    index: int
    flow: Float32Array
    known: bool  # neither the first tick nor a cut
    picture: tuple[UInt8Array, UInt8Array] | None


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two frames between which there is flow: grey, of size FRAME, of pictures of a size."""

    last: UInt8Array
    image: UInt8Array
    size: Size


@dataclass(frozen=True, eq=False)
class _Step:
    """What is made of a tick's frame: small, so that many may wait where few frames could."""

    index: int
    repeated: bool  # the frame is also the tick's before
    pair: _Pair | None  # None if it's repeated, the first one or a cut
    picture: tuple[UInt8Array, UInt8Array] | None  # if it's to be described


def _steps(ticks: Iterable[Tick], *, appearance: bool) -> Generator[_Step]:
    last: UInt8Array | None = None
    size: Size = (0, 0)
    changes: deque[float] = deque(maxlen=8)
    for tick in ticks:
        frame, picture = tick.frame, None
        if appearance and tick.index % APPEARANCE_STEP == 0:
            picture = frame.gray(RASTER), frame.bgr(RASTER)
        if tick.repeated:
            yield _Step(tick.index, True, None, picture)
            continue
        image, before = frame.gray(FRAME), last
        if frame.size != size:
            size, before = frame.size, None
            changes.clear()
        pair = None
        if before is not None and not _is_cut(before, image, changes):
            pair = _Pair(before, image, size)
        last = image
        yield _Step(tick.index, False, pair, picture)


def _is_cut(last: UInt8Array, image: UInt8Array, changes: deque[float]) -> bool:
    """Whether a frame shows another scene than the last, by the changes between those before.

    Its own is added to these.
    """
    change = cv2.norm(last, image, cv2.NORM_L1) / image.size
    usual = median(changes) if changes else 0.0
    changes.append(change)
    return change > CUT_CHANGE + CUT_RATIO * usual


def batches(items: Iterable[Item], ends: Callable[[int], bool]) -> Generator[list[Item]]:
    """Up to `BATCH` items at once; a batch also ends with the item whose number `ends` it.

    Numbers begin with 1. Where making an item fails, those before still come.
    """
    batch: list[Item] = []
    try:
        for count, item in enumerate(items, 1):
            batch.append(item)
            if len(batch) == BATCH or ends(count):
                yield batch
                batch = []
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def dis(last: UInt8Array, image: UInt8Array) -> Float32Array:
    """DIS flow (Kroeger et al., 2016; preset "fast", finest scale 1) of a pair, a `PairFlow`.

    The core's, which is that of `dis_opencv` but for the rounding of its sums.
    """
    return dis_of_pair(last, image)  # half of `FRAME` is the resolution of `RASTER`


_solvers = threading.local()


def dis_opencv(last: UInt8Array, image: UInt8Array) -> Float32Array:
    """The same flow by OpenCV, which takes several times as long; a `PairFlow`."""
    solver: cv2.DISOpticalFlow | None = getattr(_solvers, "dis", None)
    if solver is None:  # one for each thread, as it works on one pair at a time
        solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        solver.setFinestScale(1)
        _solvers.dis = solver
    # A third argument other than None would be the flow to begin with.
    return solver.calc(last, image, None)  # pyright: ignore


def flow_fields(
    ticks: Iterable[Tick],
    *,
    appearance: bool,
    pair_flow: PairFlow = dis,
    ends_batch: Callable[[int], bool] = lambda _: False,
) -> Generator[FlowField]:
    """The flow of each tick, in order, by `pair_flow` of frames of size `FRAME`.

    A frame of a slow source is held over several ticks; the motion to the next frame is shared
    out evenly among these, so that it looks as steady as it is. So a held tick comes out only
    when the next frame is known. A tick waits for up to `BATCH` others, but not for any that
    comes after one whose number `ends_batch`.
    """
    still = np.zeros((2, *RASTER[::-1]), np.float32)
    held: deque[_Step] = deque()
    steps = batches(_steps(ticks, appearance=appearance), ends_batch)
    with closing(_with_flow(steps, pair_flow)) as moved:
        for step, flow in moved:
            held.append(step)
            if step.repeated and len(held) <= LONGEST_HOLD:
                continue
            if step.repeated:
                first = held.popleft()
                yield FlowField(first.index, still, True, first.picture)
                continue
            share = still if flow is None else flow
            if len(held) > 1:
                share = share / np.float32(len(held))
            for each in held:
                yield FlowField(each.index, share, flow is not None, each.picture)
            held.clear()
    for step in held:
        yield FlowField(step.index, still, True, step.picture)


def _with_flow(
    steps: Iterable[list[_Step]], pair_flow: PairFlow
) -> Generator[tuple[_Step, Float32Array | None]]:
    """Each with the flow (2, H, W) that brought it, None if there's none.

    A thread reads ahead, and as many as OpenCV may use compute flow, each of a batch; a pair of
    frames needs nothing of other pairs.
    """
    threads = min(max(cv2.getNumThreads(), 1), MOST_THREADS)
    waiting: deque[tuple[list[_Step], Future[list[Float32Array | None]]]] = deque()

    def flows(batch: list[_Step]) -> list[Float32Array | None]:
        return [None if s.pair is None else _flow_between(s.pair, pair_flow) for s in batch]

    def first() -> Iterator[tuple[_Step, Float32Array | None]]:
        batch, moved = waiting.popleft()
        return zip(batch, moved.result(), strict=True)

    with (
        ThreadPoolExecutor(threads, "flow") as pool,
        closing(iterate_in_thread(steps, READ_AHEAD)) as ready,
    ):
        for batch in ready:
            waiting.append((batch, pool.submit(flows, batch)))
            while waiting and (len(waiting) > threads or waiting[0][1].done()):
                yield from first()
        while waiting:
            yield from first()


def _flow_between(pair: _Pair, pair_flow: PairFlow) -> Float32Array:
    """Flow (2, H, W) on the raster, in pixels of a picture whose short side is `SHORT_SIDE`."""
    unit = SHORT_SIDE / min(pair.size)
    scale_x, scale_y = (
        unit * full / reduced for full, reduced in zip(pair.size, FRAME, strict=True)
    )
    flow = np.ascontiguousarray(pair_flow(pair.last, pair.image), np.float32)
    return halve_flow(flow, scale_x=scale_x, scale_y=scale_y, limit=FASTEST)
