"""From paths and annotations to the features of the labelled videos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tqdm import tqdm

from lpat.annotations.reading import VideoAnnotation
from lpat.backbones.search import BACKBONES, Backbones
from lpat.errors import FeatureError, LpatError
from lpat.features.cache import FeatureCache
from lpat.features.extraction import load_all_features, ready_features
from lpat.features.extractors import OWN
from lpat.features.progress import OnProgress, Speed
from lpat.features.timing import Rate, timing_of
from lpat.inputs import Input
from lpat.types import FeatureSpec
from lpat_train.data.dataset import FeatureSource, match_inputs
from lpat_train.distributed.processes import Processes

OnLoaded = Callable[[int, int], None]
"""Called after each video with how many of how many are done."""


@dataclass(frozen=True, eq=False)
class LoadedFeatures:
    """Features by video name, and why other videos have none."""

    features: Mapping[str, FeatureSource]
    failures: Mapping[str, LpatError]


def open_labelled(
    inputs: Sequence[Input],
    labels: Mapping[str, tuple[str, ...]],
    *,
    spec: FeatureSpec,
    cache: FeatureCache | None,
    jobs: int,
    backbones: Backbones = BACKBONES,
    skip_missing: bool = False,
    processes: Processes,
    on_loaded: OnLoaded | None = None,
) -> LoadedFeatures:
    """Features of each labelled video; a video that fails is named.

    `on_loaded` is told after each; without it there is a progress bar on a terminal.

    Of videos it is features of `spec` that are loaded. They stay in their files, or in the cache
    once extracted, where rows can be mapped from there. Of several processes the first extracts and
    checks; the others take what it found good.

    Raises:
        AnnotationError: labels and files don't match.
        FeatureError: no video could be read.
    """
    tell = partial(tqdm.write, file=sys.stderr) if processes.first else lambda line: None
    chosen = match_inputs(inputs, labels, skip_missing=skip_missing, tell=tell)
    needed = _needed(chosen, spec)
    open_all = partial(_opened, spec=needed, cache=cache, jobs=jobs, backbones=backbones)
    if processes.first:
        loading = partial(open_all, chosen, check=True)
        opened = _gathered(loading, len(chosen), shown=True, on_loaded=on_loaded)
        processes.from_first((list(opened.features), dict(opened.failures)))
        return opened
    names, failures = processes.from_first(None)
    good = [source for source in chosen if source.name in set(names)]
    again = _gathered(partial(open_all, good, check=False), len(good), shown=False)
    for name, error in again.failures.items():
        raise FeatureError(f"process {processes.rank}: {name}: {error}") from error
    return LoadedFeatures(again.features, failures)


def _needed(chosen: Sequence[Input], spec: FeatureSpec) -> FeatureSpec | None:
    """The spec that all features must have; None where all inputs are feature files of one."""
    return None if all(source.holds_features for source in chosen) else spec


def _opened(
    chosen: Sequence[Input],
    spec: FeatureSpec | None,
    cache: FeatureCache | None,
    jobs: int,
    backbones: Backbones,
    *,
    check: bool,
    on_progress: OnProgress,
) -> Iterator[tuple[Input, FeatureSource | LpatError]]:
    """Features of each input as they are ready, in their files where that can be."""
    others = []
    for source in chosen:
        try:
            ready = ready_features(source, spec, cache, check=check)
        except LpatError as error:
            yield source, error
            continue
        if ready is None:
            others.append(source)
        else:
            yield source, ready.features
    for source, extraction in load_all_features(
        others, spec, cache, jobs, backbones, on_progress=on_progress
    ):
        if isinstance(extraction, LpatError):
            yield source, extraction
        else:
            cached = ready_features(source, spec, cache, check=False)
            yield source, (cached or extraction).features


def _gathered(
    loading: Callable[..., Iterator[tuple[Input, FeatureSource | LpatError]]],
    total: int,
    *,
    shown: bool,
    on_loaded: OnLoaded | None = None,
) -> LoadedFeatures:
    features: dict[str, FeatureSource] = {}
    failures: dict[str, LpatError] = {}
    shown = shown and sys.stderr is not None  # as it is in a program without a console
    silent = None if shown and on_loaded is None else True  # None: shown on a terminal alone
    pace = Speed()
    with tqdm(total=total, desc="features", unit="video", disable=silent, file=sys.stderr) as bar:

        def tell(source: Input, seconds: float, duration: float | None) -> None:
            if (words := pace.words(source, seconds, duration)) is not None:
                bar.set_postfix_str(words)

        for source, its in loading(on_progress=tell):
            if isinstance(its, LpatError):
                failures[source.name] = its
                if shown:
                    tqdm.write(f"failed: {source.name}: {its}", file=sys.stderr)
            else:
                features[source.name] = its
            bar.set_postfix_str("", refresh=False)
            bar.update()
            if on_loaded is not None:
                on_loaded(len(features) + len(failures), total)
    if not features:
        first = next(iter(failures.values()))
        raise FeatureError(f"none of {total} videos could be read; the first: {first}")
    return LoadedFeatures(features, failures)


def contradiction(
    features: Mapping[str, FeatureSource], videos: Sequence[VideoAnnotation]
) -> str | None:
    """A line on videos whose annotated durations contradict their features' frame rate or stride.

    Of the annotations, durations are looked at and nothing else; of the features, those that came
    from files of others, for our own know their video's duration.
    """
    others = {name: its for name, its in features.items() if its.spec.extractor not in OWN}
    if not others:
        return None
    spec = next(iter(others.values())).spec
    timing = timing_of(
        {name: len(its) for name, its in others.items()},
        {video.name: video.duration for video in videos},
        Rate(spec.fps, spec.stride),
        spec.snippet_frames,
    )
    return timing.describe() if timing is not None and timing.misfits else None
