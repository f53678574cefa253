"""Features of videos: extracted by the extractor that a spec names, or taken from the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from lpat.addresses import Address, Url
from lpat.errors import FeatureError, LpatError, OutputError
from lpat.feature_files import PRECOMPUTED, read_features, write_features
from lpat.inputs import Input
from lpat.motion import MotionExtractor
from lpat.snippets import Tick, resample
from lpat.types import Features, FeatureSpec, Float32Array, Parameter
from lpat.video import Video
from lpat.workers import run_all


class FeatureExtractor(Protocol):
    """Turns a video's frames at constant rate into one vector per snippet, streaming."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What it was configured with."""
        ...

    def spec(self, *, fps: float, snippet_frames: int, stride: int) -> FeatureSpec:
        """The spec of the features that it makes on such snippets."""
        ...

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Iterator[Float32Array]:
        """One vector (D,) per snippet, each as soon as its frames are there."""
        ...


EXTRACTORS: Mapping[str, type[MotionExtractor]] = {MotionExtractor.name: MotionExtractor}
"""The built-in extractors by name."""


@dataclass(frozen=True, eq=False)
class Extraction:
    """Features of a video, and how its reading went."""

    features: Features
    decode_failures: int = 0
    broken_off: str | None = None  # why reading ended before the video did
    from_cache: bool = False


def default_spec(stride: int = 8) -> FeatureSpec:
    """The spec of the built-in `motion` features: 16-frame snippets at 25 frames per second."""
    return MotionExtractor().spec(fps=25.0, snippet_frames=16, stride=stride)


def extractor_of(spec: FeatureSpec) -> FeatureExtractor:
    """The extractor that makes features of exactly this spec.

    Raises:
        FeatureError: no such extractor here, or it can't make such features.
    """
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
    spec: FeatureSpec
    extractor: FeatureExtractor

    def __iter__(self) -> Iterator[Float32Array]:
        return self.extractor.extract(resample(self.video, self.spec.fps), self.spec)


@contextlib.contextmanager
def stream_features(path: Address, spec: FeatureSpec) -> Iterator[FeatureStream]:
    """The features of a video, for whoever wants each as soon as it is there.

    Raises:
        VideoError: it can't be opened or, on iterating, holds no picture that can be decoded.
        FeatureError: no extractor makes features of this spec.
    """
    extractor = extractor_of(spec)
    with Video.open(path) as video:
        yield FeatureStream(video, spec, extractor)


def extract_features(path: Address, spec: FeatureSpec) -> Extraction:
    """Features of a video, read once from start to end.

    Raises:
        VideoError: it can't be opened or holds no picture that can be decoded.
        FeatureError: no extractor makes features of this spec.
    """
    with stream_features(path, spec) as stream:
        values = np.stack(list(stream))
        video = stream.video
        features = Features(values, spec, video.duration)
        return Extraction(features, video.decode_failures, video.broken_off)


@dataclass(frozen=True)
class FeatureCache:
    """A folder of extracted features, by the video's path, size and time and by the spec."""

    folder: Path

    def path_of(self, video: Path, spec: FeatureSpec) -> Path:
        """Where the features of a video as it is now are kept."""
        return self.folder / f"{video.stem[:80]}-{file_key(video, asdict(spec))[:24]}.safetensors"

    def get(self, video: Path, spec: FeatureSpec) -> Features | None:
        """Features from the cache; None where there are none, or a file that doesn't hold them."""
        try:
            features = read_features(self.path_of(video, spec))
        except FeatureError:
            return None
        return features if features.spec == spec else None

    def put(self, path: Path, extraction: Extraction) -> None:
        """Keep features at the `path_of` the video as it was when its reading began.

        Not if parts of it failed to decode or it broke off. A folder that can't be written costs
        the next run its time, not this one its result.
        """
        if not extraction.decode_failures and extraction.broken_off is None:
            with contextlib.suppress(OutputError):
                write_features(path, extraction.features)


def default_cache() -> FeatureCache:
    """The user's cache: $LPAT_CACHE, or `lpat` in the platform's folder for caches."""
    own = os.environ.get("LPAT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return FeatureCache(Path(own) if own else Path(base) / "lpat")


def load_features(
    source: Input, spec: FeatureSpec | None, cache: FeatureCache | None
) -> Extraction:
    """Features of an input: a feature file is read, a video extracted once and then cached.

    What a URL gives isn't cached, as nothing tells whether it has changed since.

    With a spec they must be of that spec. Without, a video gets `default_spec()`.

    Raises:
        VideoError: the video can't be read.
        FeatureError: the feature file can't be read, or holds features of another spec.
    """
    return _ready(source, spec, cache) or _extract_into(cache, source, spec)


def load_all_features(
    sources: Sequence[Input], spec: FeatureSpec | None, cache: FeatureCache | None, jobs: int
) -> Iterator[tuple[Input, Extraction | LpatError]]:
    """`load_features` of each input as it is ready; an error stands in the place of a bad one.

    Files and cached features come first, then what comes on standard input, which this process
    alone can read; videos are extracted by up to `jobs` processes.
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
    extract = partial(_extract_into, cache, spec=spec)
    yield from run_all(extract, piped, 1)
    yield from run_all(extract, to_extract, jobs)


def _ready(
    source: Input, spec: FeatureSpec | None, cache: FeatureCache | None
) -> Extraction | None:
    """What needs no extraction: a feature file, or a video's features from the cache."""
    if source.holds_features:
        if isinstance(source.path, Url):
            raise FeatureError(f"{source.path}: feature files are read from disk only; download it")
        return Extraction(_checked(read_features(source.path), spec, source.path))
    if cache is None or isinstance(source.path, Url):
        return None
    cached = cache.get(source.path, spec or default_spec())
    return None if cached is None else Extraction(cached, from_cache=True)


def _extract_into(
    cache: FeatureCache | None, source: Input, spec: FeatureSpec | None
) -> Extraction:
    """Features of a video, kept in the cache."""
    spec = spec or default_spec()
    path = None
    if cache is not None and isinstance(source.path, Path):
        path = cache.path_of(source.path, spec)
    extraction = extract_features(source.path, spec)
    if cache is not None and path is not None:
        cache.put(path, extraction)
    return extraction


def _checked(features: Features, spec: FeatureSpec | None, path: Path) -> Features:
    if spec is not None and (differences := spec.differences(features.spec)):
        raise FeatureError(f"{path}: {'; '.join(differences)}")
    return features


def file_key(path: Address, settings: Mapping[str, object]) -> str:
    """Digest of a file's path, size and time and of the settings it is worked on with.

    A URL of something stored counts as unchanged; whatever is sent live, as new each time.
    """
    if isinstance(path, Url):
        identity = [str(path)] if path.is_kept else [str(path), uuid.uuid4().hex]
    else:
        identity = _file_identity(path)
    text = json.dumps([identity, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _file_identity(path: Path) -> list[str | int]:
    try:
        status = path.stat()
    except OSError:
        return [str(path)]
    return [os.path.abspath(path), status.st_size, status.st_mtime_ns]  # noqa: PTH100
