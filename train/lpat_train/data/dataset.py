"""Training data: features of videos, their labels, and how often each shows them where known.

No time of any segment gets in here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from lpat.annotations.reading import Moment, VideoAnnotation
from lpat.errors import AnnotationError, FeatureError
from lpat.features.files import StoredFeatures
from lpat.inputs import Input
from lpat.types import Features, FeatureSpec, Float32Array
from lpat_train.data.marks import Marks, marks_of

_CHUNK_VALUES = 1 << 20

FeatureSource = Features | StoredFeatures
"""Features of one video, in memory or in a file."""


class FeatureRows(Protocol):
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
    """One video's features (T, D) and its labels, multi-hot (C,): none where nothing happens.

    `counts` (C,) are the times it shows each class: NaN where unknown; None: of all labels.
    """

    name: str
    values: FeatureRows
    labels: Tensor
    counts: Tensor | None = None
    marks: Marks | None = None


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
        """All snippets of all videos in parts (N, D) of a few megabytes, of one video each."""
        rows = max(1, _CHUNK_VALUES // self.spec.dimension)
        for video in self.videos:
            for start in range(0, len(video.values), rows):
                yield video.values[start : start + rows]

    def labelled(self) -> TrainingSet:
        """This set without the videos that have no label."""
        return replace(self, videos=tuple(video for video in self.videos if video.labels.any()))

    @cached_property
    def label_matrix(self) -> Float32Array:
        """The videos' labels (B, C), multi-hot."""
        return torch.stack([video.labels for video in self.videos]).numpy()


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded features (B, T, D), what is real in them (B, T), and labels (B, C).

    `counts` (B, C) as those of the videos, NaN where unknown; None: nowhere known. `teacher`
    (B, T, C) are the margins of a teacher, where one teaches.
    """

    features: Tensor
    mask: Tensor
    labels: Tensor
    counts: Tensor | None = None
    teacher: Tensor | None = None
    marks: tuple[Marks | None, ...] = ()

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        counts = None if self.counts is None else self.counts.to(device)
        return replace(
            self,
            features=self.features.to(device),
            mask=self.mask.to(device),
            labels=self.labels.to(device),
            counts=counts,
        )


def labelled(labels: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The labels of the videos that have any.

    Raises:
        AnnotationError: none has, so there is no class to learn.
    """
    kept = {name: its_labels for name, its_labels in labels.items() if its_labels}
    if not kept:
        raise AnnotationError(_none_has_a_label(list(labels), "annotated"))
    return kept


def _none_has_a_label(names: Sequence[str], which: str) -> str:
    first = f", the first is {names[0]!r}" if names else ""
    return f"none of {len(names)} {which} videos has a label{first}: there is nothing to learn from"


def match_inputs(
    inputs: Sequence[Input], labels: Mapping[str, tuple[str, ...]], *, skip_missing: bool = False
) -> tuple[Input, ...]:
    """The input of each annotated video, in the order of the labels.

    A video goes by its file's name, without the suffix or with it. Inputs that aren't annotated
    are left out.

    Raises:
        AnnotationError: an annotated video has no file, or two.
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
    for name in labels:
        if name in missing:
            continue
        files = by_name[name]
        if len(files) > 1:
            paths = ", ".join(str(source.path) for source in files[:2])
            raise AnnotationError(f"video {name!r} has {len(files)} files: {paths}")
        chosen.append(Input(name, files[0].path))
    return tuple(chosen)


def make_training_set(
    features: Mapping[str, Features] | Mapping[str, FeatureSource],
    labels: Mapping[str, tuple[str, ...]],
    counts: Mapping[str, Mapping[str, int]] | None = None,
    reviewed: Mapping[str, VideoAnnotation] | None = None,
    moments: Mapping[str, tuple[Moment, ...]] | None = None,
) -> TrainingSet:
    """A training set from the features of videos, in the order of `labels`.

    Classes are the labels of those videos, sorted; in a video without any nothing happens. Stored
    features stay in their files. `counts` says how often a video shows a label, where that is
    known.

    Raises:
        AnnotationError: none of the videos has a label.
        FeatureError: features of different specs.
    """
    names = [name for name in labels if name in features]
    classes = tuple(sorted({label for name in names for label in labels[name]}))
    if not classes:
        raise AnnotationError(_none_has_a_label(names, "readable"))
    first = features[names[0]].spec
    for name in names:
        if differences := first.differences(features[name].spec):
            raise FeatureError(
                f"features of {name!r} don't fit those of {names[0]!r}: {'; '.join(differences)}"
            )
    videos = []
    for name in names:
        present = torch.tensor([label in labels[name] for label in classes], dtype=torch.float32)
        its_counts = (counts or {}).get(name, {})
        shown = torch.tensor(
            [its_counts.get(label, torch.nan) if label in labels[name] else 0 for label in classes]
        )
        its = features[name]
        rows = torch.from_numpy(its.values) if isinstance(its, Features) else StoredRows(its)
        marks = marks_of(
            its.edges, classes, (reviewed or {}).get(name), (moments or {}).get(name, ())
        )
        videos.append(TrainingVideo(name, rows, present, shown.float(), marks))
    return TrainingSet(classes, first, tuple(videos))
