"""Features as others publish them, made into files of our own that say what they are.

`lpat.features.foreign` knows where they lie in files of others, and which axis is time. What comes
out has RGB first, and a spec that the models trained on it will ask for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpat.errors import FeatureError, UsageError
from lpat.features.extractors import OWN
from lpat.features.files import float32_rows, locate_features, write_features
from lpat.features.foreign.arrays import ForeignArray
from lpat.features.foreign.axes import Axes, found_axes, said_axes
from lpat.features.foreign.sources import AxesOf, ImportSource, Streams
from lpat.features.foreign.stream_names import SINGLE_STREAM
from lpat.features.statistics import Statistics, exchanged, halves_look_exchanged, statistics_of
from lpat.types import Features, FeatureSpec, Float32Array


@dataclass(frozen=True)
class ImportPlan:
    """What features are said to be; their dimension comes with them."""

    extractor: str = "i3d"
    fps: float = 25.0
    snippet_frames: int = 16
    stride: int = 16
    streams: Streams = "rgb,flow"

    def __post_init__(self) -> None:
        if self.extractor in OWN:
            raise UsageError(
                f"extractor {self.extractor!r} is built in; its features are extracted, "
                "not imported"
            )
        if not self.extractor.strip():
            raise UsageError("expected a name of the extractor, not an empty one")
        self.spec(2)

    def spec(self, dimension: int) -> FeatureSpec:
        """The spec that imported features have; their halves are in one order by then."""
        streams = "rgb,flow" if self.streams == "flow,rgb" else self.streams
        return FeatureSpec(
            self.extractor, 1, {"streams": streams}, dimension,
            self.fps, self.snippet_frames, self.stride,
        )  # fmt: skip

    def rows(self, source: ImportSource, axes_of: AxesOf) -> Float32Array:
        """A source's features (T, D), RGB first.

        Raises:
            FeatureError: unreadable, not such an array, or without two halves of equal width.
        """
        values = source.load(axes_of)
        if "," in self.streams and values.shape[1] % 2:
            raise FeatureError(
                f"{source.paths[0]}: expected two streams of equal width, "
                f"not {values.shape[1]} dimensions"
            )
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            rows = float32_rows(values)
        return exchanged(rows) if self.streams == "flow,rgb" else rows


def default_streams(extractor: str) -> Streams:
    """What the dimensions of an extractor's features are where nobody says it."""
    return "rgb" if extractor.lower() in SINGLE_STREAM else "rgb,flow"


def objections_to_widths(
    sources: Sequence[ImportSource], plan: ImportPlan, axes_of: AxesOf
) -> list[str]:
    """What speaks against features as videos of one set, and as both streams of I3D, by widths."""
    widths: dict[int, str] = {}
    for source in sources:
        if source.lacks is None and (shape := source.shape(axes_of)) is not None:
            widths.setdefault(shape[1], source.name)
    lines = []
    if len(widths) > 1:
        several = ", ".join(f"{width} of {name!r}" for width, name in [*widths.items()][:3])
        lines.append(f"videos differ in the number of features: {several}")
    if plan.extractor.lower() == "i3d" and "," in plan.streams and [*widths] == [1024]:
        lines.append("1024 features are one stream of i3d; --streams rgb or flow says which")
    return lines


def import_features(
    source: ImportSource, plan: ImportPlan, axes_of: AxesOf, path: Path, duration: float | None
) -> int:
    """Write a source's features to `path`, whole or not at all; how many snippets they are.

    Raises:
        FeatureError: unreadable, not features (T, D), or not finite.
        OutputError: `path` can't be written.
    """
    try:
        rows = plan.rows(source, axes_of)
        spec = plan.spec(rows.shape[1])
        features = Features(rows, spec, duration or len(rows) * spec.snippet_seconds)
    except FeatureError as error:
        if any(str(error).startswith(str(its)) for its in source.paths):
            raise
        raise FeatureError(f"{source.paths[0]}: {error}") from error
    write_features(path, features)
    return len(rows)


def is_imported(
    source: ImportSource, plan: ImportPlan, axes_of: AxesOf, path: Path, duration: float | None
) -> bool:
    """Whether `path` holds what importing would write: the same spec, size and time, not older."""
    try:
        found = locate_features(path)
        newest = max(its.stat().st_mtime_ns for its in source.paths)
        newer = path.stat().st_mtime_ns >= newest
    except (FeatureError, OSError):
        return False
    width = found.spec.dimension
    if source.lacks is not None or source.shape(axes_of) != (len(found), width):
        return False
    expected = duration or len(found) * found.spec.snippet_seconds
    return newer and found.spec == plan.spec(width) and found.duration == expected


def output_paths(
    sources: Sequence[ImportSource], output: Path, subsets: Mapping[str, str | None]
) -> dict[str, Path]:
    """Where each video's features go: `output/NAME.safetensors`, or in a subset's folder below.

    Raises:
        UsageError: two sources of one name, or a name that would lead elsewhere.
    """
    twice = [name for name, count in Counter(s.name for s in sources).items() if count > 1]
    if twice:
        raise UsageError(f"{twice[0]!r} appears twice among the features")
    return {
        source.name: output
        / _part(subsets.get(source.name) or ".")
        / f"{_part(source.name)}.safetensors"
        for source in sources
    }


def _part(name: str) -> str:
    if name != "." and (name.startswith(".") or any(letter in name for letter in "/\\\0")):
        raise UsageError(f"expected a name that a file can have, not {name!r:.80}")
    return name


@dataclass(frozen=True)
class AxesBook:
    """The axes of arrays of others, by their number and stream; of those without any, (T, D)."""

    found: Mapping[tuple[int, str | None], Axes]

    def __call__(self, array: ForeignArray) -> Axes:
        """What the axes of an array are."""
        key = (len(array.shape or ()), array.stream)
        return self.found.get(key, Axes(("snippet", "feature")))


def axes_of_sources(
    sources: Sequence[ImportSource],
    plan: ImportPlan,
    durations: Mapping[str, float | None],
    said: str | None,
) -> AxesBook:
    """What the axes of the sources' arrays are, as the user says or by evidence.

    Raises:
        UsageError: nothing tells, or what was said doesn't fit.
    """
    groups: dict[tuple[int, str | None], dict[str, tuple[int, ...]]] = {}
    for source in sources:
        for array in source.arrays:
            if array.shape is not None and len(array.shape) > 1 and all(array.shape):
                group = groups.setdefault((len(array.shape), array.stream), {})
                group[source.name] = array.shape
    expected = {
        name: duration * plan.fps / plan.stride
        for name, duration in durations.items()
        if duration is not None
    }
    slack = plan.snippet_frames / plan.stride + 1
    found: dict[tuple[int, str | None], Axes] = {}
    for (count, stream), shapes in groups.items():
        if said is not None:
            axes = said_axes(said, shapes.values())
        else:
            axes = found_axes(shapes, expected, slack)
            if axes is None:  # together the two streams may tell, as flow is often a snippet less
                both = {
                    f"{its}/{name}": shape
                    for (number, its), group in groups.items()
                    if number == count
                    for name, shape in group.items()
                }
                axes = found_axes(both, {}, slack)
        if axes is None:
            name, shape = next(iter(shapes.items()))
            raise UsageError(
                f"{name!r}: an array of shape {shape}, and nothing tells which axis is time; "
                "--axes says it, as snippet,feature or feature,snippet or snippet,crop,feature"
            )
        found[count, stream] = axes
    return AxesBook(found)


_ROWS = 64
"""Snippets of a video that are looked at, evenly over it: more wouldn't tell more."""


@dataclass(frozen=True, eq=False)
class Sample:
    """How many snippets a video has, and some of them (N, D)."""

    name: str
    snippets: int
    rows: np.ndarray


def sample_features(sources: Sequence[ImportSource], axes_of: AxesOf) -> list[Sample]:
    """A sample of each source that can be read; what is wrong with others is told on import."""
    samples = []
    for source in sources:
        try:
            values = source.load(axes_of)
        except FeatureError:
            continue
        if not (len(values) and np.issubdtype(values.dtype, np.floating)):
            continue
        with np.errstate(over="ignore"):
            rows = np.array(values[:: -(-len(values) // _ROWS)], np.float32)
        if np.isfinite(rows).all():
            samples.append(Sample(source.name, len(values), rows))
    return samples


def exchanged_subsets(
    samples: Sequence[Sample], subsets: Mapping[str, str | None]
) -> tuple[str | None, list[str]]:
    """Whether subsets, and videos within one, differ in the order of their halves.

    Returns:
        A line on a subset whose halves fit those of the largest when exchanged, if there is one;
        the videos whose halves fit those of their own subset when exchanged.
    """
    groups: dict[str | None, list[Sample]] = {}
    for sample in _of_one_width(samples):
        groups.setdefault(subsets.get(sample.name), []).append(sample)
    statistics = {
        name: statistics_of([its.rows for its in group]) for name, group in groups.items()
    }
    odd = [
        sample.name
        for name, group in groups.items()
        for sample in group
        if halves_look_exchanged(sample.rows.mean(axis=0), statistics[name])
    ]
    if len(groups) < 2:
        return None, odd
    largest = max(groups, key=lambda name: len(groups[name]))
    for name, its in statistics.items():
        if name != largest and halves_look_exchanged(_mean(its), statistics[largest]):
            return (
                f"the halves of the {len(groups[name])} videos of {name!r} fit those of "
                f"{largest!r} only when exchanged: one of the two has flow first"
            ), odd
    return None, odd


def _of_one_width(samples: Sequence[Sample]) -> list[Sample]:
    """The samples as wide as the first; others are refused on their own where it matters."""
    return [its for its in samples if its.rows.shape[1] == samples[0].rows.shape[1]]


def _mean(statistics: Statistics) -> np.ndarray:
    return np.array(statistics.mean, np.float32)
