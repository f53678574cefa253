"""Features as others publish them, made into files of our own that say what they are.

Three layouts are known: a file (T, D) for each video; two folders, RGB and flow, whose files of
one name belong together; and W-TALC's single array of all videos, named by its annotations. What
comes out has RGB first, and a spec that the models trained on it will ask for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from lpat.annotations.identity import Called
from lpat.annotations.wtalc import read_video_names
from lpat.errors import FeatureError, UsageError
from lpat.features.extractors import OWN
from lpat.features.files import float32_rows, locate_features, map_array, write_features
from lpat.features.statistics import Statistics, exchanged, halves_look_exchanged, statistics_of
from lpat.files.kinds import but_it_is
from lpat.files.media_suffixes import FEATURE_SUFFIXES
from lpat.files.npy import ArrayPlace, find_arrays
from lpat.inputs import find_inputs
from lpat.types import Features, FeatureSpec, Float32Array

Streams = Literal["rgb,flow", "flow,rgb", "rgb", "flow"]
STREAMS: tuple[Streams, ...] = ("rgb,flow", "flow,rgb", "rgb", "flow")

_ENDINGS = ("-rgb", "-flow")


class ImportSource(Protocol):
    """A video's features in a file of others."""

    @property
    def name(self) -> str:
        """The video."""
        ...

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that its features come from."""
        ...

    @property
    def called(self) -> Called:
        """What names of videos mean it."""
        ...

    def load(self) -> np.ndarray:
        """Its features (T, D), mapped rather than read where that is possible.

        Raises:
            FeatureError: unreadable, or not such an array.
        """
        ...


@dataclass(frozen=True)
class FileSource:
    """A file (T, D) of one video."""

    name: str
    path: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def called(self) -> Called:
        """By its file."""
        return _called_by_file(self.name, self.path)

    def load(self) -> np.ndarray:
        """The file's array (T, D), mapped where that is possible."""
        return map_array(self.path)


@dataclass(frozen=True)
class PairSource:
    """A file of RGB features and one of flow features; None where there is none."""

    name: str
    rgb: Path | None
    flow: Path | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that there are."""
        return tuple(path for path in (self.rgb, self.flow) if path is not None)

    @property
    def called(self) -> Called:
        """By its files, without the endings of their names that tell the stream."""
        return _called_by_file(self.name, self.paths[0])

    def load(self) -> np.ndarray:
        """RGB, then flow, as wide together as both."""
        if self.rgb is None or self.flow is None:
            has, lacks = ("flow", "RGB") if self.rgb is None else ("RGB", "flow")
            raise FeatureError(f"{self.paths[0]}: {has} features without {lacks} features")
        rgb, flow = map_array(self.rgb), map_array(self.flow)
        # There is one flow less than there are frames, and so sometimes one snippet less.
        if abs(len(rgb) - len(flow)) > 1:
            raise FeatureError(
                f"{self.flow}: expected {len(rgb)} snippets of flow, as of RGB, not {len(flow)}"
            )
        length = min(len(rgb), len(flow))
        return np.concatenate([rgb[:length], flow[:length]], axis=1)


@dataclass(frozen=True)
class EntrySource:
    """An entry of one file of all videos."""

    name: str
    path: Path
    place: ArrayPlace

    @property
    def paths(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def called(self) -> Called:
        """By its name alone."""
        return Called.by_name(self.name)

    def load(self) -> np.ndarray:
        """The entry's array (T, D), mapped where that is possible."""
        return self.place.read(self.path)


def _called_by_file(name: str, path: Path) -> Called:
    return Called.by_file(name, [*path.absolute().parent.parts, name])


def file_sources(
    paths: Sequence[Path], tell: Callable[[str], None] = lambda line: None
) -> list[ImportSource]:
    """A source for each feature file among paths and below folders; `tell` takes a line on others.

    Raises:
        UsageError: none, or two of one name.
    """
    files = _files_by_name(paths, tell)
    return [FileSource(name, path) for name, path in files.items()]


def pair_sources(
    rgb: Sequence[Path], flow: Sequence[Path], tell: Callable[[str], None] = lambda line: None
) -> list[ImportSource]:
    """A source for each video with a file below the folders of RGB or of flow, by file name.

    A name's ending `-rgb` or `-flow` is no part of it. `tell` takes lines on other files.

    Raises:
        UsageError: a folder without feature files, or two of one name among RGB or among flow.
    """
    rgb_files, flow_files = _files_by_name(rgb, tell), _files_by_name(flow, tell)
    if not rgb_files.keys() & flow_files.keys():
        raise UsageError(
            f"expected files of the same names below --rgb and --flow, but none is in both, "
            f"such as {next(iter(rgb_files))!r} and {next(iter(flow_files))!r}"
        )
    names = dict.fromkeys([*rgb_files, *flow_files])
    return [PairSource(name, rgb_files.get(name), flow_files.get(name)) for name in names]


def entry_sources(path: Path, names: Path) -> list[ImportSource]:
    """A source for each entry of one file of all videos.

    `names` is W-TALC's `videoname.npy`, or a folder that holds it; its order is the entries'.

    Raises:
        AnnotationError: no names.
        FeatureError: the file is broken, or has another number of entries.
    """
    file = names / "videoname.npy" if names.is_dir() else names
    videos = read_video_names(file)
    places = find_arrays(path)
    if len(places) != len(videos):
        raise FeatureError(
            f"{path}: expected {len(videos)} entries, one for each name of {file}, "
            f"not {len(places)}"
        )
    return [EntrySource(name, path, place) for name, place in zip(videos, places, strict=True)]


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

    def rows(self, source: ImportSource) -> Float32Array:
        """A source's features (T, D), RGB first.

        Raises:
            FeatureError: unreadable, not such an array, or without two halves of equal width.
        """
        values = source.load()
        if "," in self.streams and values.shape[1] % 2:
            raise FeatureError(
                f"{source.paths[0]}: expected two streams of equal width, "
                f"not {values.shape[1]} dimensions"
            )
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            rows = float32_rows(values)
        return exchanged(rows) if self.streams == "flow,rgb" else rows


def import_features(
    source: ImportSource, plan: ImportPlan, path: Path, duration: float | None
) -> int:
    """Write a source's features to `path`, whole or not at all; how many snippets they are.

    Raises:
        FeatureError: unreadable, not features (T, D), or not finite.
        OutputError: `path` can't be written.
    """
    try:
        rows = plan.rows(source)
        spec = plan.spec(rows.shape[1])
        features = Features(rows, spec, duration or len(rows) * spec.snippet_seconds)
    except FeatureError as error:
        if any(str(error).startswith(str(its)) for its in source.paths):
            raise
        raise FeatureError(f"{source.paths[0]}: {error}") from error
    write_features(path, features)
    return len(rows)


def is_imported(source: ImportSource, plan: ImportPlan, path: Path, duration: float | None) -> bool:
    """Whether `path` holds what importing would write: the same spec and time, not older."""
    try:
        found = locate_features(path)
        newest = max(its.stat().st_mtime_ns for its in source.paths)
        newer = path.stat().st_mtime_ns >= newest
    except (FeatureError, OSError):
        return False
    expected = duration or len(found) * found.spec.snippet_seconds
    return newer and found.spec == plan.spec(found.spec.dimension) and found.duration == expected


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


def _files_by_name(paths: Sequence[Path], tell: Callable[[str], None]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    others = 0
    for source in find_inputs(paths, tell=tell):
        if not source.holds_features:
            others += 1
            continue
        name = source.file.stem
        for ending in _ENDINGS:
            name = name.removesuffix(ending)
        if name in files:
            raise UsageError(f"video {name!r} has two files: {files[name]}, {source.path}")
        files[name] = source.file
    if not files:
        raise UsageError(
            f"{paths[0]}: expected feature files, but there is none{but_it_is(paths[0])}"
        )
    if others:
        are = "other file is" if others == 1 else "other files are"
        tell(f"{others} {are} passed over: expected {', '.join(sorted(FEATURE_SUFFIXES))}")
    return files


_ROWS = 64
"""Snippets of a video that are looked at, evenly over it: more wouldn't tell more."""


@dataclass(frozen=True, eq=False)
class Sample:
    """How many snippets a video has, and some of them (N, D)."""

    name: str
    snippets: int
    rows: np.ndarray


def sample_features(sources: Sequence[ImportSource]) -> list[Sample]:
    """A sample of each source that can be read; what is wrong with others is told on import."""
    samples = []
    for source in sources:
        try:
            values = source.load()
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
