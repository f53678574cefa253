"""Whether features have as many snippets as their videos' durations give, and which rate would.

What can be told is the number of snippets per second, fps / stride, to about a hundredth: some
extractors leave out a partial last snippet, others keep it or take whole windows only, and
durations are those of the container. So 25 fps with stride 16 can't be told from 50 with 32, or
30 fps from 29.97.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

_SLACK = 0.01
"""Share by which a duration may be off: frames that don't decode, rates such as 29.97."""


class Rate(NamedTuple):
    """How densely features were taken."""

    fps: float
    stride: int

    @property
    def per_second(self) -> float:
        """Snippets per second."""
        return self.fps / self.stride

    def __str__(self) -> str:
        return f"{self.fps:g} fps with stride {self.stride}"


KNOWN = (
    Rate(25, 16), Rate(30, 16), Rate(24, 16), Rate(10, 16), Rate(25, 8), Rate(30, 8), Rate(25, 4),
    Rate(30, 4), Rate(10, 4), Rate(25, 15), Rate(30, 15), Rate(25, 5), Rate(30, 5), Rate(10, 8),
)  # fmt: skip
"""Rates that are in use for THUMOS'14 (docs/thumos14.md), and their neighbours; no two alike."""


@dataclass(frozen=True)
class Counted:
    """A video's snippets and its duration in seconds."""

    name: str
    snippets: int
    duration: float

    def ratio(self, rate: Rate) -> float:
        """Snippets there are, over those that the rate gives."""
        return self.snippets / (self.duration * rate.per_second)

    def fits(self, rate: Rate, snippet_frames: int) -> bool:
        """Whether the rate gives this number, but for a window at the end and a hundredth."""
        expected = self.duration * rate.per_second
        slack = snippet_frames / rate.stride + 1 + _SLACK * expected
        return abs(self.snippets - expected) <= slack


@dataclass(frozen=True)
class Timing:
    """How the videos of a set agree with a rate."""

    rate: Rate
    checked: int
    median_ratio: float
    misfits: tuple[Counted, ...]
    better: Rate | None  # the known rate that most of the misfits have, if it fits half of them
    better_fits: int  # how many of those checked it fits

    @property
    def is_wrong(self) -> bool:
        """Whether most of the videos contradict the rate, so that it can't be the set's."""
        return 2 * len(self.misfits) > self.checked

    def describe(self) -> str:
        """One line on what doesn't agree; of nothing to tell, it says that."""
        if not self.misfits:
            return f"{self.checked} videos agree with {self.rate}"
        first = self.misfits[0]
        line = (
            f"{len(self.misfits)} of {self.checked} videos have another number of snippets than "
            f"{self.rate} gives in their time (median ratio of all {self.median_ratio:.3f}); the "
            f"first: {first.name!r} of {first.duration:g} s: T={first.snippets} {self._fit(first)}"
        )
        if self.better is not None:
            line += f"; {self.better} fits {self.better_fits} of {self.checked}"
        return line

    def _fit(self, video: Counted) -> str:
        better = self.better
        if better is None or not video.fits(better, better.stride):
            closest = min(KNOWN, key=lambda rate: abs(video.ratio(rate) - 1))
            better = closest if video.fits(closest, closest.stride) else None
        expected = round(video.duration * self.rate.per_second)
        if better is None:
            return f"where about {expected} are expected, and no rate in use fits"
        return f"fits {better}, not {self.rate} (about {expected})"


def timing_of(
    snippets: Mapping[str, int],
    durations: Mapping[str, float | None],
    rate: Rate,
    snippet_frames: int,
) -> Timing | None:
    """How numbers of snippets by video agree with known durations; None where none is known."""
    videos = [
        Counted(name, count, duration)
        for name, count in snippets.items()
        if (duration := durations.get(name))
    ]
    if not videos:
        return None
    misfits = tuple(video for video in videos if not video.fits(rate, snippet_frames))
    better, votes = None, 0
    for known in KNOWN:
        its = sum(video.fits(known, known.stride) for video in misfits)
        if 2 * its >= len(misfits) and its > votes:
            better, votes = known, its
    fitting = 0 if better is None else sum(video.fits(better, better.stride) for video in videos)
    ratio = median(video.ratio(rate) for video in videos)
    return Timing(rate, len(videos), ratio, misfits, better, fitting)
