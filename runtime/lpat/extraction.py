"""Features of videos: extracted by the extractor that a spec names, or taken from the cache."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import weakref
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

from lpat.addresses import Address, Url
from lpat.backbones.search import BACKBONES, Backbones
from lpat.backbones.spec import NAME as BACKBONE
from lpat.errors import FeatureError, LpatError, OutputError
from lpat.feature_cache import FeatureCache
from lpat.feature_files import PRECOMPUTED, write_rows
from lpat.inputs import Input, largest_first
from lpat.memory import give_back_memory
from lpat.motion import MotionExtractor
from lpat.scratch import scratch_folder
from lpat.snippets import Tick, resample
from lpat.stored_features import StoredFeatures, locate_features, open_features
from lpat.types import Features, FeatureSpec, Float32Array, Parameter
from lpat.video import Video
from lpat.workers import available_cores, run_all


class FeatureExtractor(Protocol):
    """Turns a video's frames at constant rate into one vector per snippet, streaming."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What it was configured with."""
        ...

    def spec(self, *, fps: float, snippet_frames: int, stride: int) -> FeatureSpec:
        """The spec of the features that it makes on such snippets."""
        ...

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Generator[Float32Array]:
        """One vector (D,) per snippet, each as soon as its frames are there."""
        ...


MOST_DECODERS = 16
"""Threads that decode one video: as FFmpeg has it, which chooses one more than there are cores."""

DEFAULT_STRIDE = 8
"""Frames from one snippet of motion features to the next."""

EXTRACTORS: Mapping[str, type[MotionExtractor]] = {MotionExtractor.name: MotionExtractor}
"""The built-in extractors by name."""

OWN = frozenset((*EXTRACTORS, BACKBONE))
"""Extractors whose features are made here, of videos; all others' come from files."""


@dataclass(frozen=True, eq=False)
class Extraction:
    """Features of a video, and how its reading went."""

    features: Features | StoredFeatures
    decode_failures: int = 0
    broken_off: str | None = None  # why reading ended before the video did
    from_cache: bool = False
    seconds: float = 0.0  # that reading it took


def default_spec(stride: int | None = None) -> FeatureSpec:
    """The spec of the built-in `motion` features: 16-frame snippets at 25 frames per second.

    Without a stride one begins every 8 frames.
    """
    return MotionExtractor().spec(fps=25.0, snippet_frames=16, stride=stride or DEFAULT_STRIDE)


def spec_of(backbones: Backbones, stride: int | None = None) -> FeatureSpec:
    """The spec of the given backbones' features, or of the default ones where none are given.

    Of a folder all are taken. Without a stride it is the backbones' own, or the default one.

    Raises:
        BackboneError: one can't be read, or they don't make one feature together.
    """
    if not backbones.paths:
        return default_spec(stride)
    from lpat.backbones.spec import backbone_spec

    return backbone_spec(backbones.all_given(), stride)


def default_jobs(spec: FeatureSpec | None) -> int:
    """Videos to work on at the same time: one a core, but one alone keeps backbones' cores busy."""
    return 1 if spec is not None and spec.extractor == BACKBONE else available_cores()


def extractor_of(
    spec: FeatureSpec, backbones: Backbones = BACKBONES, *, threads: int = 0
) -> FeatureExtractor:
    """The extractor that makes features of exactly this spec; 0 `threads` are one per core.

    Raises:
        FeatureError: no such extractor here, or it can't make such features.
        BackboneError: a backbone that it needs isn't found.
    """
    if spec.extractor == BACKBONE:
        from lpat.backbones.extractor import open_extractor

        return open_extractor(spec, backbones, threads)
    if spec.extractor == PRECOMPUTED:
        raise FeatureError(
            f"precomputed features of {spec.dimension} dimensions are expected, not a video: "
            "no extractor here can make them"
        )
    if spec.extractor not in EXTRACTORS:
        known = ", ".join(EXTRACTORS)
        raise FeatureError(f"unknown feature extractor {spec.extractor!r}; known: {known}")
    kind = EXTRACTORS[spec.extractor]
    names = {field.name for field in fields(kind)}
    if unknown := sorted(set(spec.parameters) - names):
        raise FeatureError(
            f"this version's extractor {spec.extractor!r} has no parameter {unknown[0]!r}; "
            f"it has {', '.join(sorted(names))}"
        )
    try:
        extractor = kind(**spec.parameters)  # type: ignore[arg-type] - a wrong type is refused
        made = extractor.spec(fps=spec.fps, snippet_frames=spec.snippet_frames, stride=spec.stride)
    except (TypeError, ValueError, AttributeError) as error:
        raise FeatureError(f"feature extractor {spec.extractor!r}: {error}") from error
    if differences := spec.differences(made):
        raise FeatureError(
            f"this version's extractor {spec.extractor!r} makes {'; '.join(differences)}"
        )
    return extractor


@dataclass(frozen=True, eq=False)
class FeatureStream:
    """A video's features as it is read: iterating gives a vector (D,) per snippet, once.

    `video` tells meanwhile how far it was read and what of it failed to decode.
    """

    video: Video
    vectors: Iterator[Float32Array]

    def __iter__(self) -> Iterator[Float32Array]:
        return self.vectors


@contextlib.contextmanager
def stream_features(
    path: Address, spec: FeatureSpec, backbones: Backbones = BACKBONES, *, threads: int = 0
) -> Iterator[FeatureStream]:
    """The features of a video, for whoever wants each as soon as it is there.

    So many `threads` decode it; 0 is one per core. When the block ends, none goes on.

    Raises:
        VideoError: it can't be opened or, on iterating, holds no picture that can be decoded.
        FeatureError: no extractor makes features of this spec.
    """
    extractor = extractor_of(spec, backbones, threads=threads)
    with (
        Video.open(path, threads=threads or min(available_cores(), MOST_DECODERS)) as video,
        contextlib.closing(extractor.extract(resample(video, spec.fps), spec)) as vectors,
    ):
        yield FeatureStream(video, vectors)


def extract_features(
    path: Address, spec: FeatureSpec, backbones: Backbones = BACKBONES, *, threads: int = 0
) -> Extraction:
    """Features of a video, read once from start to end.

    They are written to a temporary file as they are made, so memory doesn't grow with the video.

    Raises:
        VideoError: it can't be opened, holds no picture that can be decoded, or changed
            while it was read.
        FeatureError: no extractor makes features of this spec.
        OutputError: no room for the temporary file.
    """
    return _in_care(_extract(path, spec, backbones, scratch_folder(), threads))


def load_features(
    source: Input,
    spec: FeatureSpec | None,
    cache: FeatureCache | None,
    backbones: Backbones = BACKBONES,
) -> Extraction:
    """Features of an input: a feature file is read, a video extracted once and then cached.

    What a URL gives isn't cached, as nothing tells whether it has changed since.

    With a spec they must be of that spec. Without, a video gets `default_spec()`.

    Raises:
        VideoError: the video can't be read, or changed while it was.
        FeatureError: the feature file can't be read, or holds features of another spec.
    """
    ready = _ready(source, spec, cache)
    return ready or _in_care(_extract_into(cache, backbones, scratch_folder(), 0, source, spec))


def load_all_features(
    sources: Sequence[Input],
    spec: FeatureSpec | None,
    cache: FeatureCache | None,
    jobs: int,
    backbones: Backbones = BACKBONES,
) -> Iterator[tuple[Input, Extraction | LpatError]]:
    """`load_features` of each input as it is ready; an error stands in the place of a bad one.

    Files and cached features come first, then what comes on standard input, which this process
    alone can read; videos are extracted by up to `jobs` processes, the largest first, so that none
    is left working on a long one alone at the end.
    """
    to_extract: list[Input] = []
    piped: list[Input] = []
    for source in sources:
        try:
            ready = _ready(source, spec, cache)
        except LpatError as error:
            yield source, error
            continue
        if ready is not None:
            yield source, ready
        elif isinstance(source.path, Url) and source.path.is_stdin:
            piped.append(source)
        else:
            to_extract.append(source)
    jobs = min(jobs, len(to_extract))
    if jobs > 1:
        to_extract = largest_first(to_extract)
    threads = max(1, available_cores() // jobs) if jobs > 1 else 0
    extract = partial(_extract_into, cache, backbones, scratch_folder(), threads, spec=spec)
    results = chain(run_all(extract, piped, 1), run_all(extract, to_extract, jobs))
    for source, extraction in results:
        yield source, extraction if isinstance(extraction, LpatError) else _in_care(extraction)


def _ready(
    source: Input, spec: FeatureSpec | None, cache: FeatureCache | None
) -> Extraction | None:
    """What needs no extraction: a feature file, or a video's features from the cache."""
    if source.holds_features:
        if isinstance(source.path, Url):
            raise FeatureError(f"{source.path}: feature files are read from disk only; download it")
        return Extraction(_checked(open_features(source.path), spec, source.path))
    if cache is None or isinstance(source.path, Url):
        return None
    cached = cache.get(source.path, spec or default_spec())
    return None if cached is None else Extraction(cached, from_cache=True)


def _extract_into(
    cache: FeatureCache | None,
    backbones: Backbones,
    folder: Path,
    threads: int,
    source: Input,
    spec: FeatureSpec | None,
) -> Extraction:
    """Features of a video in a file in `folder`, and in the cache too."""
    spec = spec or default_spec()
    path = None
    if cache is not None and isinstance(source.path, Path):
        path = cache.path_of(source.path, spec)
    extraction = _extract(source.path, spec, backbones, folder, threads)
    if cache is not None and path is not None:
        cache.put(path, extraction)
    return extraction


def _extract(
    path: Address, spec: FeatureSpec, backbones: Backbones, folder: Path, threads: int
) -> Extraction:
    """Features of a video in a new file in `folder`, which is the caller's to remove."""
    start = time.perf_counter()
    handle, name = tempfile.mkstemp(dir=folder, suffix=".safetensors")
    os.close(handle)
    place = Path(name)
    try:
        video = _write_features_of(path, spec, backbones, place, threads)
        if video.decode_failures and threads != 1 and isinstance(path, Path):
            # What FFmpeg makes of damaged frames depends on its threads. One is the same anywhere.
            video = _write_features_of(path, spec, backbones, place, 1)
        give_back_memory()
        features = locate_features(place)
    except BaseException as error:
        place.unlink(missing_ok=True)
        if isinstance(error, FeatureError):
            raise FeatureError(f"{path}: {error}") from error
        if isinstance(error, OSError) and not isinstance(error, LpatError):
            raise OutputError(f"{place}: can't be written ({error.strerror})") from error
        raise
    return Extraction(
        features,
        video.decode_failures,
        video.broken_off,
        seconds=time.perf_counter() - start,
    )


def _write_features_of(
    path: Address, spec: FeatureSpec, backbones: Backbones, place: Path, threads: int
) -> Video:
    """Write features of a video to `place`; the video, closed, which says how that went."""
    with stream_features(path, spec, backbones, threads=threads) as stream:
        write_rows(place, stream, spec, lambda: stream.video.duration)
        return stream.video


def _in_care(extraction: Extraction) -> Extraction:
    """The same; its temporary file goes with its features, or when the program ends."""
    features = extraction.features
    if isinstance(features, StoredFeatures):
        weakref.finalize(features, features.path.unlink, missing_ok=True)
    return extraction


def _checked(
    features: Features | StoredFeatures, spec: FeatureSpec | None, path: Path
) -> Features | StoredFeatures:
    if spec is not None and (differences := spec.differences(features.spec)):
        raise FeatureError(f"{path}: {'; '.join(differences)}")
    return features
