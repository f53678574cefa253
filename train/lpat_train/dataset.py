"""Training data: features of videos and their labels. No time of any segment gets in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from lpat.errors import AnnotationError, FeatureError
from lpat.inputs import Input
from lpat.stored_features import StoredFeatures
from lpat.types import Features, FeatureSpec, Float32Array

_CHUNK_VALUES = 1 << 20

FeatureSource = Features | StoredFeatures
"""Features of one video, in memory or in a file."""


class Rows(Protocol):
    """Features (T, D): a tensor, or what reads the rows that are asked for from a file."""

    @property
    def shape(self) -> Sequence[int]:
        """T and D."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Tensor: ...


@dataclass(frozen=True)
class StoredRows:
    """Rows of a file, mapped when they are asked for."""

    features: StoredFeatures

    @property
    def shape(self) -> tuple[int, int]:
        """T and D."""
        return len(self.features), self.features.spec.dimension

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: slice, /) -> Tensor:
        start, stop, step = rows.indices(len(self))
        return torch.from_numpy(self.features.rows(start, stop))[::step]


@dataclass(frozen=True, eq=False)
class TrainingVideo:
    """One video's features (T, D) and its labels, multi-hot (C,)."""

    name: str
    values: Rows
    labels: Tensor


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Videos that share a feature spec and a list of classes."""

    classes: tuple[str, ...]
    spec: FeatureSpec
    videos: tuple[TrainingVideo, ...]

    def snippets(self) -> Tensor:
        """All snippets of all videos: (N, D)."""
        return torch.cat([video.values[:] for video in self.videos])

    def chunks(self) -> Iterator[Tensor]:
        """The same in parts (N, D) of a few megabytes, of one video each."""
        rows = max(1, _CHUNK_VALUES // self.spec.dimension)
        for video in self.videos:
            for start in range(0, len(video.values), rows):
                yield video.values[start : start + rows]

    @cached_property
    def label_matrix(self) -> Float32Array:
        """The videos' labels (B, C), multi-hot."""
        return torch.stack([video.labels for video in self.videos]).numpy()


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded features (B, T, D), what is real in them (B, T), and labels (B, C)."""

    features: Tensor
    mask: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(self.features.to(device), self.mask.to(device), self.labels.to(device))


def match_inputs(
    inputs: Sequence[Input], labels: Mapping[str, tuple[str, ...]], *, skip_missing: bool = False
) -> tuple[Input, ...]:
    """The input of each labelled video, in the order of the labels.

    A video goes by its file's name, without the suffix or with it. Inputs without labels are
    left out.

    Raises:
        AnnotationError: a labelled video has no label or no file, or two files.
    """
    by_name: dict[str, list[Input]] = {}
    for source in inputs:
        for name in {source.name, source.path.stem, source.path.name}:
            by_name.setdefault(name, []).append(source)
    missing = [name for name in labels if name not in by_name]
    if missing and (len(missing) == len(labels) or not skip_missing):
        hint = "" if len(missing) == len(labels) else " (--skip-missing trains on the others)"
        raise AnnotationError(
            f"{len(missing)} of {len(labels)} annotated videos have no file among the inputs, "
            f"the first is {missing[0]!r}{hint}"
        )
    chosen = []
    for name, its_labels in labels.items():
        if name in missing:
            continue
        if not its_labels:
            raise AnnotationError(f"video {name!r} has no labels: there is nothing to learn from")
        files = by_name[name]
        if len(files) > 1:
            paths = ", ".join(str(source.path) for source in files[:2])
            raise AnnotationError(f"video {name!r} has {len(files)} files: {paths}")
        chosen.append(Input(name, files[0].path))
    return tuple(chosen)


def make_training_set(
    features: Mapping[str, Features] | Mapping[str, FeatureSource],
    labels: Mapping[str, tuple[str, ...]],
) -> TrainingSet:
    """A training set from the features of videos, in the order of `labels`.

    Classes are the labels of those videos, sorted. Stored features stay in their files.

    Raises:
        FeatureError: features of different specs.
    """
    names = [name for name in labels if name in features]
    classes = tuple(sorted({label for name in names for label in labels[name]}))
    first = features[names[0]].spec
    for name in names:
        if differences := first.differences(features[name].spec):
            raise FeatureError(
                f"features of {name!r} don't fit those of {names[0]!r}: {'; '.join(differences)}"
            )
    videos = []
    for name in names:
        present = torch.tensor([label in labels[name] for label in classes], dtype=torch.float32)
        its = features[name]
        rows = torch.from_numpy(its.values) if isinstance(its, Features) else StoredRows(its)
        videos.append(TrainingVideo(name, rows, present))
    return TrainingSet(classes, first, tuple(videos))


@dataclass(frozen=True, eq=False)
class Clip:
    """The snippets of a video, from `start` to before `stop`, that a batch takes."""

    video: TrainingVideo
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def clips_at(
    step: int,
    videos: Sequence[TrainingVideo],
    *,
    batch_size: int,
    clip_snippets: int,
    seed: int,
    paired: bool = False,
    labels: Float32Array | None = None,
) -> tuple[Clip, ...]:
    """What the batch of a step is made of, which `seed` and `step` alone decide.

    Each epoch takes all videos once in an order of its own; its last batch may be smaller. Videos
    longer than `clip_snippets` come as a random window. `paired` fills but half of a batch so, and
    adds for each of its videos another one that shares a class, where one is left. `labels` are
    all videos' labels (N, C), if at hand.
    """
    drawn = videos_per_step(batch_size, paired=paired)
    epoch, index = divmod(step, -(-len(videos) // drawn))
    order = np.random.default_rng((seed, 0, epoch)).permutation(len(videos))
    numbers = order[index * drawn : (index + 1) * drawn]
    if paired:
        random = np.random.default_rng((seed, 2, step))
        if labels is None:
            labels = torch.stack([video.labels for video in videos]).numpy()
        numbers = _with_partners(numbers, labels, batch_size, random)
    random = np.random.default_rng((seed, 1, step))
    return tuple(_clip(videos[number], clip_snippets, random) for number in numbers)


def videos_per_step(batch_size: int, *, paired: bool) -> int:
    """How many videos of an epoch a step uses up."""
    return -(-batch_size // 2) if paired else batch_size


def batch_of(clips: Sequence[Clip], rows: slice = slice(None)) -> Batch:
    """The batch of clips; of some of its rows, padded as in the whole."""
    chosen = clips[rows]
    padded = torch.zeros(len(chosen), max(map(len, clips)), clips[0].video.values.shape[1])
    for row, clip in zip(padded, chosen, strict=True):
        row[: len(clip)] = clip.video.values[clip.start : clip.stop]
    whole = labels_of(clips)
    return Batch(padded, whole.mask[rows], whole.labels[rows])


def labels_of(clips: Sequence[Clip]) -> Batch:
    """The batch of clips without its features, which nothing is read for."""
    lengths = torch.tensor([len(clip) for clip in clips])
    mask = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    return Batch(torch.empty(0), mask, torch.stack([clip.video.labels for clip in clips]))


def batch_at(
    step: int,
    videos: Sequence[TrainingVideo],
    *,
    batch_size: int,
    clip_snippets: int,
    seed: int,
    paired: bool = False,
) -> Batch:
    """The batch of a step: that of its `clips_at`."""
    clips = clips_at(
        step,
        videos,
        batch_size=batch_size,
        clip_snippets=clip_snippets,
        seed=seed,
        paired=paired,
    )
    return batch_of(clips)


def _with_partners(
    numbers: np.ndarray, labels: Float32Array, batch_size: int, random: np.random.Generator
) -> np.ndarray:
    """`numbers`, then for each a video that shares a class and isn't yet among them, if any."""
    shares_class = labels[numbers] @ labels.T > 0
    free = np.ones(len(labels), bool)
    free[numbers] = False
    partners: list[int] = []
    for shared in shares_class[: batch_size - len(numbers)]:
        candidates = np.flatnonzero(shared & free)
        if len(candidates):
            partners.append(int(random.choice(candidates)))
            free[partners[-1]] = False
    return np.array([*numbers, *partners])


def make_batch(values: Sequence[Tensor], labels: Sequence[Tensor]) -> Batch:
    """Videos of different lengths, padded with zeros at their ends."""
    lengths = torch.tensor([len(video) for video in values])
    padded = torch.nn.utils.rnn.pad_sequence(list(values), batch_first=True)
    mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
    return Batch(padded, mask, torch.stack(list(labels)))


def _clip(video: TrainingVideo, longest: int, random: np.random.Generator) -> Clip:
    length = len(video.values)
    if length <= longest:
        return Clip(video, 0, length)
    start = int(random.integers(length - longest + 1))
    return Clip(video, start, start + longest)
