"""What backbones see of a video's ticks: RGB of each, and optical flow from each to the next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from math import gcd

import numpy as np

from lpat.backbones.clips import kept_of, scaled_size
from lpat.backbones.flow import flow_between, quantised
from lpat.backbones.metadata import BackboneMetadata
from lpat.video.frame import Frame, UInt8Array
from lpat.video.resampling import Tick, phase_of_windows

LONGEST_RUN = 32
"""Pairs of frames whose flow is computed in one call: it is in memory until all is."""

Views = tuple[UInt8Array, ...]
"""What each stream needs of a frame alone: RGB (3, H, W) as it is fed, or grey (H, W) for flow."""

Pictures = tuple[UInt8Array, ...]
"""What each stream is fed of a tick: RGB (3, H, W), or quantised flow (2, H, W) to the next."""


def views_of(
    ticks: Iterable[Tick], streams: Sequence[BackboneMetadata], stride: int, first: int = 0
) -> Generator[Views]:
    """Views of each tick from number `first` on, as a `Viewer` has them.

    Raises:
        FeatureError: a frame whose sides are too different to be scaled.
    """
    viewer = Viewer(streams, stride, first)
    for tick in ticks:
        views = viewer.views(tick)
        if tick.index >= first:
            yield views


class Viewer:
    """Makes the views of ticks, in their order, from number `first` on.

    Of a stream that samples frames only those are scaled that clips every `stride` ticks show, and
    each is held until the next of them; as clips at a video's ends are moved inside, these show
    the last one before. A repeated tick's views are those of the one before.
    """

    def __init__(self, streams: Sequence[BackboneMetadata], stride: int, first: int = 0) -> None:
        self._streams = [_ViewedStream(stream, stride, first) for stream in streams]

    def views(self, tick: Tick) -> Views:
        """The views of a tick; none before the first that clips need.

        Raises:
            FeatureError: a frame whose sides are too different to be scaled.
        """
        views = [stream.view(tick) for stream in self._streams]
        return tuple(view for view in views if view is not None)


class _ViewedStream:
    """What a stream needs of the latest tick."""

    def __init__(self, stream: BackboneMetadata, stride: int, first: int) -> None:
        self._stream = stream
        self._step = gcd(stream.sampling, stride)
        middle = phase_of_windows(stream.snippet_frames, stride) + stream.sampling // 2
        self._phase = middle % self._step
        self._first = max(0, first - (first - self._phase) % self._step)
        self._shown: UInt8Array | None = None
        self._stale = True

    def view(self, tick: Tick) -> UInt8Array | None:
        if tick.index < self._first:
            return None
        self._stale |= not tick.repeated
        due = self._shown is None or tick.index % self._step == self._phase
        if due and (self._stale or self._shown is None):
            self._shown, self._stale = _view(tick.frame, self._stream), False
        return self._shown


def _view(frame: Frame, stream: BackboneMetadata) -> UInt8Array:
    size = scaled_size((frame.width, frame.height), stream.short_side)
    if stream.stream == "flow":
        return frame.gray(size, "BILINEAR")
    planes = frame.rgb(size, "BILINEAR").transpose(2, 0, 1)
    return np.ascontiguousarray(kept_of(planes, stream))


def pictures_of(
    views: Iterable[Views],
    streams: Sequence[BackboneMetadata],
    complete: Callable[[int], bool],
    threads: int = 0,
) -> Generator[Pictures]:
    """Pictures of each tick, of its views.

    Flow is computed for as many pairs of ticks at once as are there when the number of ticks
    so far makes something `complete`, or for `LONGEST_RUN`; `threads` do so, 0 being one per core.
    It doesn't depend on how many. The last tick's flow is that of the one before. A repeated tick,
    and one before a change of the frame's size, has none.
    """
    if all(stream.stream == "rgb" for stream in streams):
        yield from views
        return
    waiting: list[Views] = []
    last: Pictures | None = None
    for count, its in enumerate(views, 1):
        waiting.append(its)
        if len(waiting) > LONGEST_RUN or (len(waiting) > 1 and complete(count)):
            for last in _seen(waiting, streams, threads):
                yield last
            del waiting[:-1]
    if waiting:
        for last in _seen(waiting, streams, threads):
            yield last
        yield tuple(
            view if stream.stream == "rgb" else last[number] if last else _still(view, stream)
            for number, (view, stream) in enumerate(zip(waiting[-1], streams, strict=True))
        )


def _seen(
    views: Sequence[Views], streams: Sequence[BackboneMetadata], threads: int
) -> Iterator[Pictures]:
    """Pictures of all ticks but the last."""
    columns = [
        _flows(column, stream, threads) if stream.stream == "flow" else column[:-1]
        for column, stream in zip(zip(*views, strict=True), streams, strict=True)
    ]
    return zip(*columns, strict=True)


def _flows(
    frames: Sequence[UInt8Array], stream: BackboneMetadata, threads: int
) -> list[UInt8Array]:
    """Quantised flow from each grey frame to the next; of a frame to itself it is none."""
    moving = [frames[0], *(after for before, after in pairwise(frames) if after is not before)]
    moves = iter(_moves(moving, stream, threads))
    return [
        next(moves) if after is not before else _still(before, stream)
        for before, after in pairwise(frames)
    ]


def _moves(
    frames: Sequence[UInt8Array], stream: BackboneMetadata, threads: int
) -> list[UInt8Array]:
    """Quantised flow from each grey frame to the next, which is another."""
    moves: list[UInt8Array] = []
    for _, run in groupby(frames, np.shape):
        same = np.stack(list(run))
        if len(same) > 1:
            flows = flow_between(same, stream.flow, threads=threads)
            moves += (quantised(kept_of(flow, stream), stream.bound) for flow in flows)
        moves.append(_still(same[-1], stream))  # to a frame of another size
    return moves[:-1]


def _still(frame: UInt8Array, stream: BackboneMetadata) -> UInt8Array:
    """The quantised flow where nothing moves."""
    (none,) = quantised(np.zeros(1, np.float32), stream.bound)
    return np.full_like(kept_of(np.empty((2, *frame.shape), np.uint8), stream), none)
