"""From paths and annotations to the features of the labelled videos."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from lpat.annotations import VideoAnnotation
from lpat.errors import FeatureError, LpatError
from lpat.extraction import EXTRACTORS, FeatureCache, default_spec, load_all_features
from lpat.feature_timing import Rate, timing_of
from lpat.inputs import Input
from lpat.types import Features, FeatureSpec
from lpat_train.dataset import match_inputs


@dataclass(frozen=True, eq=False)
class LoadedFeatures:
    """Features by video name, and why other videos have none."""

    features: Mapping[str, Features]
    failures: Mapping[str, LpatError]


def load_labelled(
    inputs: Sequence[Input],
    labels: Mapping[str, tuple[str, ...]],
    *,
    stride: int,
    cache: FeatureCache | None,
    jobs: int,
    skip_missing: bool = False,
) -> LoadedFeatures:
    """Features of each labelled video, with a progress bar; a video that fails is named.

    Raises:
        AnnotationError: labels and files don't match.
        FeatureError: no video could be read.
    """
    chosen = match_inputs(inputs, labels, skip_missing=skip_missing)
    spec: FeatureSpec | None = None
    if not all(source.holds_features for source in chosen):
        spec = default_spec(stride)
    features: dict[str, Features] = {}
    failures: dict[str, LpatError] = {}
    loading = load_all_features(chosen, spec, cache, jobs)
    bar = tqdm(
        loading, total=len(chosen), desc="features", unit="video", disable=None, file=sys.stderr
    )
    for source, extraction in bar:
        if isinstance(extraction, LpatError):
            failures[source.name] = extraction
            tqdm.write(f"failed: {source.name}: {extraction}", file=sys.stderr)
        else:
            features[source.name] = extraction.features
    if not features:
        first = next(iter(failures.values()))
        raise FeatureError(f"none of {len(chosen)} videos could be read; the first: {first}")
    return LoadedFeatures(features, failures)


def contradiction(
    features: Mapping[str, Features], videos: Sequence[VideoAnnotation]
) -> str | None:
    """A line on videos whose annotated durations contradict their features' frame rate or stride.

    Of the annotations, durations are looked at and nothing else; of the features, those that came
    from files of others, for our own know their video's duration.
    """
    others = {name: its for name, its in features.items() if its.spec.extractor not in EXTRACTORS}
    if not others:
        return None
    spec = next(iter(others.values())).spec
    timing = timing_of(
        {name: len(its.values) for name, its in others.items()},
        {video.name: video.duration for video in videos},
        Rate(spec.fps, spec.stride),
        spec.snippet_frames,
    )
    return timing.describe() if timing is not None and timing.misfits else None
