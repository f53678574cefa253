"""Features of videos: extracted by the extractor that a spec names, or taken from the cache."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import weakref
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from lpat.backbones.search import BACKBONES, Backbones
from lpat.errors import FeatureError, LpatError, OutputError
from lpat.features.cache import FeatureCache
from lpat.features.extractors import ResumableExtractor, default_spec, extractor_of, is_slow
from lpat.features.files import StoredFeatures, locate_features, open_features, write_rows
from lpat.features.partial import FeaturePart, open_part
from lpat.features.progress import OnProgress
from lpat.files.folders import temporary_folder
from lpat.inputs import Input, largest_first
from lpat.parallel.processes import available_cores, give_back_memory, possible_jobs, run_all
from lpat.types import Features, FeatureSpec, Float32Array
from lpat.video.address import Address, Url
from lpat.video.reader import Video
from lpat.video.resampling import resample

MOST_DECODERS = 16
"""Threads that decode one video: as FFmpeg has it, which chooses one more than there are cores."""

MOTION_PIXELS = 300_000
"""Size of the pictures whose decoding takes as long as making motion features of them."""


@dataclass(frozen=True, eq=False)
class FeatureStream:
    """A video's features as it is read: iterating gives a vector (D,) per snippet, once.

    `video` tells meanwhile how far it was read and what of it failed to decode.
    """

    video: Video
    vectors: Iterator[Float32Array]
    first: int = 0  # the number of the first snippet

    def __iter__(self) -> Iterator[Float32Array]:
        return self.vectors


@contextlib.contextmanager
def stream_features(
    path: Address,
    spec: FeatureSpec,
    backbones: Backbones = BACKBONES,
    *,
    threads: int = 0,
    decoders: int | None = None,
    skip: int = 0,
) -> Iterator[FeatureStream]:
    """The features of a video, for whoever wants each as soon as it is there.

    So many `threads` work on it; 0 is one per core. `decoders` of them decode it, by default as
    many as there is work for.
    Of the first snippets as many as possible, to `skip`, aren't computed where that takes long.
    When the block ends, no thread goes on.

    Raises:
        VideoError: it can't be opened or, on iterating, holds no picture that can be decoded.
        FeatureError: no extractor makes features of this spec.
    """
    extractor = extractor_of(spec, backbones, threads=threads)
    with Video.open(path) as video:
        video.decode_by(decoders or _decoders(video, spec, threads or available_cores()))
        ticks = resample(video, spec.fps)
        if isinstance(extractor, ResumableExtractor):
            first = extractor.whole_batches(skip)
            rows = extractor.extract(ticks, spec, first)
        else:
            first, rows = 0, extractor.extract(ticks, spec)
        with contextlib.closing(rows) as vectors:
            yield FeatureStream(video, vectors, first)


def _decoders(video: Video, spec: FeatureSpec, threads: int) -> int:
    """Of so many threads, those that decode a video.

    Decoding and describing motion share them by what each has to do: with too few decoders the
    others wait, and each further one costs time and memory. Backbones wait for none.
    """
    share = 1.0
    if not is_slow(spec):
        width, height = video.size
        share = width * height / (width * height + MOTION_PIXELS)
    return min(max(round(share * threads), 1), MOST_DECODERS)


class TemporaryFeatures(StoredFeatures):
    """Features in a file that goes with this object. To another process they go as they are."""

    def __reduce__(self) -> tuple[type[Features], tuple[object, ...]]:
        its = self.load()
        return Features, (its.values, its.spec, its.duration, its.start)


@dataclass(frozen=True, eq=False)
class Extraction:
    """Features of a video, and how its reading went."""

    features: Features | StoredFeatures
    decode_failures: int = 0
    broken_off: str | None = None  # why reading ended before the video did
    from_cache: bool = False
    seconds: float = 0.0  # that reading it took
    part: Path | None = None  # where else the features are kept until they are safe

    @property
    def is_whole(self) -> bool:
        """Whether all of the video was decoded, to its end."""
        return not self.decode_failures and self.broken_off is None


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
    work = _ExtractionTask(spec, backbones, temporary_folder(), threads=threads)
    return _remove_with_features(work(Input(str(path), path)))


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
    ready = ready_features(source, spec, cache)
    work = _ExtractionTask(spec or default_spec(), backbones, temporary_folder(), cache)
    return ready or _remove_with_features(work(source))


def load_all_features(
    sources: Sequence[Input],
    spec: FeatureSpec | None,
    cache: FeatureCache | None,
    jobs: int,
    backbones: Backbones = BACKBONES,
    *,
    parts: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[tuple[Input, Extraction | LpatError]]:
    """`load_features` of each input as it is ready; an error stands in the place of a bad one.

    Files and cached features come first, then what comes on standard input, which this process
    alone can read; videos are extracted by up to `jobs` processes, the largest first, so that none
    is left working on a long one alone at the end.

    Features that take long are kept in a folder of `parts` while they are computed, by default the
    cache's, and a run that was cut off goes on with them. `on_progress` is told of each snippet of
    the videos that this process works on: of all, if there is one job.
    """
    to_extract: list[Input] = []
    piped: list[Input] = []
    for source in sources:
        try:
            ready = ready_features(source, spec, cache)
        except LpatError as error:
            yield source, error
            continue
        if ready is not None:
            yield source, ready
        elif isinstance(source.path, Url) and source.path.is_stdin:
            piped.append(source)
        else:
            to_extract.append(source)
    jobs = possible_jobs(min(jobs, len(to_extract)))
    if jobs > 1:
        to_extract = largest_first(to_extract)
    threads = max(1, available_cores() // jobs) if jobs > 1 else 0
    here = _ExtractionTask(
        spec or default_spec(), backbones, temporary_folder(), cache, parts, threads, on_progress
    )
    # Other processes are sent the backbones' places, not what was read of them already.
    elsewhere = replace(here, backbones=replace(backbones), on_progress=None)
    work = here if jobs <= 1 else elsewhere
    results = chain(run_all(here, piped, 1), run_all(work, to_extract, jobs))
    for source, extraction in results:
        if isinstance(extraction, LpatError):
            yield source, extraction
        else:
            yield source, _remove_with_features(extraction)


def ready_features(
    source: Input, spec: FeatureSpec | None, cache: FeatureCache | None, *, check: bool = True
) -> Extraction | None:
    """What needs no extraction: a feature file, or a video's features from the cache; else None.

    With `check` all are read once, to be sure that they are finite. Without a spec, a video's are
    looked for by `default_spec()`.

    Raises:
        FeatureError: a feature file that can't be read, or holds features of another spec.
    """
    if source.holds_features:
        if isinstance(source.path, Url):
            raise FeatureError(f"{source.path}: feature files are read from disk only; download it")
        return Extraction(_of_spec(open_features(source.path, check=check), spec, source.path))
    if cache is None or isinstance(source.path, Url):
        return None
    cached = cache.get(source.path, spec or default_spec(), check=check)
    return None if cached is None else Extraction(cached, from_cache=True)


@dataclass(frozen=True)
class _ExtractionTask:
    """The extraction of a video's features into a new file in `folder`, which is the caller's to
    remove, and into the cache."""

    spec: FeatureSpec
    backbones: Backbones
    folder: Path
    cache: FeatureCache | None = None
    parts: Path | None = None
    threads: int = 0
    on_progress: OnProgress | None = None

    def __call__(self, source: Input) -> Extraction:
        path, cache = source.path, self.cache
        kept = cache.path_of(path, self.spec) if cache and isinstance(path, Path) else None
        parts = self.parts or (cache.folder if cache else None)
        with open_part(parts if is_slow(self.spec) else None, path, self.spec) as part:
            extraction = self._extract(source, part)
            if cache and kept and extraction.is_whole:
                cache.put(kept, extraction.features)
            if part.path and kept and kept.is_file():
                part.path.unlink(missing_ok=True)
        return replace(extraction, part=part.path)

    def _extract(self, source: Input, part: FeaturePart) -> Extraction:
        start = time.perf_counter()
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".safetensors")
        os.close(handle)
        place = Path(name)
        try:
            video = self._write(source, place, part)
            if video.decode_failures and video.threads != 1 and _can_differ(source, part):
                # What FFmpeg makes of damaged frames depends on its threads, of which one is the
                # same anywhere.
                part.restart(single=True)
                video = self._write(source, place, part)
            give_back_memory()
            features = locate_features(place)
        except BaseException as error:
            place.unlink(missing_ok=True)
            if isinstance(error, FeatureError):
                raise FeatureError(f"{source.path}: {error}") from error
            if isinstance(error, OSError) and not isinstance(error, LpatError):
                raise OutputError(f"{place}: can't be written ({error.strerror})") from error
            raise
        return Extraction(
            features,
            video.decode_failures,
            video.broken_off,
            seconds=time.perf_counter() - start,
        )

    def _write(self, source: Input, place: Path, part: FeaturePart) -> Video:
        """Write features of a video to `place`; the video, closed, which says how that went."""
        with stream_features(
            source.path,
            self.spec,
            self.backbones,
            threads=self.threads,
            decoders=1 if part.single else None,
            skip=len(part),
        ) as stream:
            rows: Iterable[Float32Array] = stream
            video = stream.video
            if is_slow(self.spec) and video.threads != 1 and _can_differ(source, part):
                rows = _until_damaged(stream)
            rows = part.followed_by(rows, stream.first)
            if self.on_progress is not None:
                rows = self._with_progress(source, rows, stream)
            write_rows(place, rows, self.spec, lambda: video.duration, lambda: video.start)
            return video

    def _with_progress(
        self, source: Input, rows: Iterable[Float32Array], stream: FeatureStream
    ) -> Generator[Float32Array]:
        """The rows; `on_progress` is told of each that was computed."""
        duration = stream.video.expected_duration  # which a video that is closed doesn't tell
        for count, row in enumerate(rows, 1):
            yield row
            if count >= stream.first and self.on_progress is not None:
                seconds = count * self.spec.snippet_seconds
                self.on_progress(source, min(seconds, duration or seconds), duration)


def _can_differ(source: Input, part: FeaturePart) -> bool:
    """Whether a damaged video can be decoded again, by one thread."""
    return not part.single and isinstance(source.path, Path)


def _until_damaged(stream: FeatureStream) -> Generator[Float32Array]:
    """Rows until pictures have failed to decode: those after will be made otherwise."""
    for row in stream:
        yield row
        if stream.video.decode_failures:
            return


def _remove_with_features(extraction: Extraction) -> Extraction:
    """The extraction, whose temporary files go with its features, or when the program ends."""
    features = extraction.features
    if isinstance(features, StoredFeatures):
        features = TemporaryFeatures(**vars(features))
        for path in filter(None, (features.path, extraction.part)):
            weakref.finalize(features, path.unlink, missing_ok=True)
    return replace(extraction, features=features)


def _of_spec(
    features: Features | StoredFeatures, spec: FeatureSpec | None, path: Path
) -> Features | StoredFeatures:
    if spec is not None and (differences := spec.differences(features.spec)):
        raise FeatureError(f"{path}: {'; '.join(differences)}")
    return features
