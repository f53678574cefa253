"""Dense optical flow of each tick of a video, in threads of its own.

One thread reads and reduces frames ahead; several compute flow, as a pair of frames needs nothing
of other pairs. What comes out doesn't depend on their number.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np

from lpat.core import dis_of_pair
from lpat.motion.descriptors import RASTER
from lpat.parallel.threads import iterate_in_thread
from lpat.types import Float32Array
from lpat.video.frame import Size, UInt8Array
from lpat.video.resampling import Tick

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

READ_AHEAD = 12
"""Ticks that are read before they are needed: enough to bridge a keyframe that takes long."""

MOST_THREADS = 4
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
class _Sighting:
    """What is made of a tick's frame: small, so that many may wait where few frames could."""

    index: int
    size: Size  # the frame's own
    image: UInt8Array | None  # grey, of size FRAME; None if the frame is also the tick's before
    picture: tuple[UInt8Array, UInt8Array] | None  # if it's to be described


def _sightings(ticks: Iterable[Tick], *, appearance: bool) -> Generator[_Sighting]:
    for tick in ticks:
        frame, picture = tick.frame, None
        if appearance and tick.index % APPEARANCE_STEP == 0:
            picture = frame.gray(RASTER), frame.bgr(RASTER)
        image = None if tick.repeated else frame.gray(FRAME)
        yield _Sighting(tick.index, (frame.width, frame.height), image, picture)


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
    ticks: Iterable[Tick], *, appearance: bool, pair_flow: PairFlow = dis
) -> Generator[FlowField]:
    """The flow of each tick, in order, by `pair_flow` of frames of size `FRAME`.

    A frame of a slow source is held over several ticks; the motion to the next frame is shared
    out evenly among these, so that it looks as steady as it is. So a held tick comes out only
    when the next frame is known.
    """
    still = np.zeros((2, *RASTER[::-1]), np.float32)
    held: deque[tuple[int, tuple[UInt8Array, UInt8Array] | None]] = deque()
    with closing(_tracked(_sightings(ticks, appearance=appearance), pair_flow)) as tracked:
        for sighting, flow in tracked:
            held.append((sighting.index, sighting.picture))
            repeated = sighting.image is None
            if repeated and len(held) <= LONGEST_HOLD:
                continue
            if repeated:
                index, picture = held.popleft()
                yield FlowField(index, still, True, picture)
                continue
            share = still if flow is None else flow / np.float32(len(held))
            for index, picture in held:
                yield FlowField(index, share, flow is not None, picture)
            held.clear()
    for index, picture in held:
        yield FlowField(index, still, True, picture)


def _tracked(
    sightings: Iterable[_Sighting], pair_flow: PairFlow
) -> Generator[tuple[_Sighting, Float32Array | None]]:
    """Each with the flow that brought it, None if there's none.

    A thread reads ahead, and as many as OpenCV may use compute flow; a pair of frames needs
    nothing of other pairs.
    """
    threads = min(max(cv2.getNumThreads(), 1), MOST_THREADS)
    tracker = _Tracker(pair_flow)
    waiting: deque[tuple[_Sighting, Future[Float32Array] | None]] = deque()

    def first() -> tuple[_Sighting, Float32Array | None]:
        sighting, flow = waiting.popleft()
        return sighting, None if flow is None else flow.result()

    with (
        ThreadPoolExecutor(threads, "flow") as pool,
        closing(iterate_in_thread(sightings, READ_AHEAD)) as ready,
    ):
        for sighting in ready:
            waiting.append((sighting, tracker.flow(sighting, pool)))
            while waiting and (
                len(waiting) > 2 * threads or (flow := waiting[0][1]) is None or flow.done()
            ):
                yield first()
        while waiting:
            yield first()


class _Tracker:
    """Dense flow from each frame to the next."""

    def __init__(self, pair_flow: PairFlow) -> None:
        self._pair_flow = pair_flow
        self._last: UInt8Array | None = None
        self._size = (0, 0)
        self._changes: deque[float] = deque(maxlen=8)

    def flow(self, sighting: _Sighting, pool: Executor) -> Future[Float32Array] | None:
        """Flow (2, H, W) on the raster from the frame before, None if there's none or a cut.

        In pixels of a picture whose short side is `SHORT_SIDE`.
        """
        image = sighting.image
        if image is None:
            return None
        last, self._last = self._last, image
        size, self._size = self._size, sighting.size
        if last is None or size != self._size:
            self._changes.clear()
            return None
        change = cv2.norm(last, image, cv2.NORM_L1) / image.size
        usual = median(self._changes) if self._changes else 0.0
        self._changes.append(change)
        if change > CUT_CHANGE + CUT_RATIO * usual:
            return None
        return pool.submit(self._flow_between, last, image, size)

    def _flow_between(self, last: UInt8Array, image: UInt8Array, size: Size) -> Float32Array:
        flow = cv2.resize(self._pair_flow(last, image), RASTER, interpolation=cv2.INTER_AREA)
        unit = SHORT_SIDE / min(size)
        scale = [unit * full / reduced for full, reduced in zip(size, FRAME, strict=True)]
        scaled = flow.transpose(2, 0, 1) * np.array(scale, np.float32)[:, None, None]
        np.clip(scaled, -FASTEST, FASTEST, out=scaled)
        scaled[np.isnan(scaled)] = 0
        return scaled
