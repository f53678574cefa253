"""The data sets of a study: features, the labels to train on, and the truth to judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.studies.simulation import DIFFICULTIES, simulate
from lpat.annotations.reading import Annotations, VideoAnnotation, read_annotations
from lpat.backbones.search import Backbones
from lpat.cli.options import chosen_features
from lpat.errors import UsageError
from lpat.features.cache import FeatureCache, default_cache
from lpat.features.extractors import default_spec
from lpat.inputs import find_inputs
from lpat.parallel.processes import available_cores
from lpat.types import Features, FeatureSpec
from lpat_train.data.loading import open_labelled
from lpat_train.demo import render_dataset
from lpat_train.demo.plan import Recipe
from lpat_train.distributed.processes import ALONE

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Real data beside the project."""
TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)

SIGNALS = FeatureSpec("precomputed", 1, {}, 64, fps=30.0, snippet_frames=16, stride=8)
"""Of the features of `signals`, which come as arrays and have no video."""

DataName = Literal["gestures", "signals", "demo", "things", "simulation"]
"""`demo` are the demo's videos, whose classes are ways to move; `things` those of its kind
`appearance`."""


@dataclass(frozen=True)
class HeldOut:
    """A part of the training videos that is judged in place of the test videos.

    To develop by: it is not trained on, and the test videos aren't looked at. Video i is of session
    i modulo `sessions` (0: each is its own), and sessions that leave `part` when divided by `parts`
    are held out.
    """

    part: int
    parts: int
    sessions: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.part < self.parts or self.parts < 2:
            raise UsageError(
                f"expected a part from 0 to below two or more parts, not {self.part}/{self.parts}"
            )

    def holds(self, video: int) -> bool:
        """Whether the training video of that number is held out."""
        session = video % self.sessions if self.sessions else video
        return session % self.parts == self.part

    def __str__(self) -> str:
        return f"held out {self.part}/{self.parts} of {self.sessions or 'single'} sessions"


@dataclass(frozen=True)
class DataOptions:
    """Where the data of a study comes from, and what it is like."""

    shared: Path = SHARED
    videos: Path | None = None  # of `gestures`, instead of those in `shared`
    annotations: Path | None = None
    stride: int = default_spec().stride
    features: str = "motion"  # of videos, as --features has it
    difficulty: str = "medium"
    demo_folder: Path | None = None  # None: beside the feature cache
    held_out: HeldOut | None = None


@dataclass(frozen=True, eq=False)
class StudyData:
    """One data set. Training sees features, labels and counts; `truth` is for judging alone.

    `taught` are the training videos with their segments, for what shows what times would bring.
    """

    features: Mapping[str, Features]
    labels: Mapping[str, tuple[str, ...]]  # of the training videos
    truth: tuple[VideoAnnotation, ...]  # of the test videos, or of those held out
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # how often a label shows
    taught: tuple[VideoAnnotation, ...] = ()


def data_name(name: DataName, seed: int, options: DataOptions) -> str:
    """What the results of `load_data` are kept under: all that its features follow from.

    Files are known by their paths, and those in `shared` by the name of the data set alone.
    """
    if options.held_out is not None:
        whole = data_name(name, seed, replace(options, held_out=None))
        return f"{whole}, {options.held_out}"
    if name == "simulation":
        return f"simulation {options.difficulty} {seed}"
    if name == "signals":
        return name
    spec = default_spec(options.stride)
    features = f"{options.features} {spec.version}, stride {spec.stride}"
    if name in ("demo", "things"):
        return f"{name} {seed}, {features}"
    given = [str(path.resolve()) for path in (options.videos, options.annotations) if path]
    return ", ".join([*given, features] if given else [name, features])


def load_data(name: DataName, seed: int, options: DataOptions) -> StudyData:
    """A data set. The seed decides what is made up: the demo's videos, the simulated features.

    Raises:
        UsageError: an unknown difficulty, or no such data.
    """
    if name == "simulation":
        return _simulation(seed, options)
    if name == "signals":
        return _signals(options)
    if name in ("demo", "things"):
        folder = (options.demo_folder or default_cache().folder / "study") / f"{name}_{seed}"
        kind = "motion" if name == "demo" else "appearance"
        path = render_dataset(folder, recipe=Recipe(seed=seed, kind=kind))
        return _videos(folder / "videos", path, FeatureCache(folder / "features"), options)
    videos = options.videos or options.shared / "gestures" / "videos"
    path = options.annotations or options.shared / "gestures" / "annotations.json"
    return _videos(videos, path, default_cache(), options)


def _videos(videos: Path, path: Path, cache: FeatureCache, options: DataOptions) -> StudyData:
    annotations = _annotations(path)
    on_cpu = Backbones(device="cpu")
    backbones, spec = chosen_features(options.features, on_cpu, options.stride)
    chosen = annotations.labels_by_video(None)
    if options.held_out is not None:
        chosen = annotations.labels_by_video("training")
    loaded = open_labelled(
        find_inputs([videos]),
        chosen,
        spec=spec,
        cache=cache,
        jobs=available_cores(),
        backbones=backbones.found_for(spec),
        processes=ALONE,
    )
    features = {name: its.load() for name, its in loaded.features.items()}
    return _data_of(features, annotations, "training", options.held_out)


def _signals(options: DataOptions) -> StudyData:
    folder = options.shared / "signals"
    annotations = _annotations(folder / "annotations.json")
    features = {}
    for video in annotations.videos:
        values = np.load(folder / "features" / f"{video.name}.npy")
        duration = video.duration or len(values) * SIGNALS.snippet_seconds
        features[video.name] = Features(values, SIGNALS, duration)
    return _data_of(features, annotations, "training", options.held_out)


def _simulation(seed: int, options: DataOptions) -> StudyData:
    if options.difficulty not in DIFFICULTIES:
        known = ", ".join(DIFFICULTIES)
        raise UsageError(f"expected a difficulty out of {known}, not {options.difficulty!r}")
    annotations = _annotations(options.shared / "thumos14" / "annotations.json")
    features = simulate(annotations.videos, DIFFICULTIES[options.difficulty], seed)
    return _data_of(features, annotations, "validation", options.held_out)


def _data_of(
    features: Mapping[str, Features],
    annotations: Annotations,
    training: str,
    held_out: HeldOut | None,
) -> StudyData:
    labels = annotations.labels_by_video(training)
    judged = annotations.in_subset("test")
    if held_out is not None:
        videos = annotations.in_subset(training)
        judged = tuple(video for i, video in enumerate(videos) if held_out.holds(i))
        for video in judged:
            labels.pop(video.name, None)
    truth = tuple(video for video in judged if not video.only_ambiguous)
    taught = tuple(video for video in annotations.in_subset(training) if video.name in labels)
    return StudyData(features, labels, truth, annotations.counts_by_video(training), taught)


def _annotations(path: Path) -> Annotations:
    if not path.exists():
        raise UsageError(f"{path}: no such file; --shared says where the data lies")
    return read_annotations(path)
