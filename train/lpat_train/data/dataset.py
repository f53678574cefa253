"""Training data: features of videos, their labels, and how often each shows them where known.

No time of any segment gets in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from lpat.annotations.identity import last_without_suffix, match_names
from lpat.annotations.reading import Moment, VideoAnnotation
from lpat.errors import AnnotationError, FeatureError
from lpat.features.files import StoredFeatures
from lpat.inputs import Input
from lpat.model.metadata import LONGEST_LABEL, MOST_CLASSES
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
    inputs: Sequence[Input],
    labels: Mapping[str, tuple[str, ...]],
    *,
    skip_missing: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Input, ...]:
    """The input of each annotated video, in the order of the labels and by their names.

    `lpat.annotations.identity` says what a name means. Inputs that aren't annotated are left out.
    `tell` takes a line on videos of which but the end of the path agrees.

    Raises:
        AnnotationError: an annotated video has no file, or two, or another one's.
    """
    called = [source.called for source in inputs]
    matches = match_names(list(labels), called, by_ends=True)
    for name, places in matches.several.items():
        paths = ", ".join(str(inputs[place].path) for place in places[:2])
        raise AnnotationError(
            f"video {name!r} has {len(places)} files: {paths}; name it with its folder"
        )
    missing = [name for name in labels if name not in matches.found]
    if missing and (len(missing) == len(labels) or not skip_missing):
        hint = _near_miss(missing, inputs)
        if not hint and len(missing) < len(labels):
            hint = " (--skip-missing trains on the others)"
        raise AnnotationError(
            f"{len(missing)} of {len(labels)} annotated videos have no file among the inputs, "
            f"the first is {missing[0]!r}{hint}"
        )
    owners: dict[int, str] = {}
    for name, place in matches.found.items():
        if (other := owners.setdefault(place, name)) != name:
            raise AnnotationError(
                f"videos {other!r} and {name!r} are one file, {inputs[place].path}: "
                "expected it to be annotated once"
            )
    if matches.by_ends:
        first = matches.by_ends[0]
        tell(
            f"{len(matches.by_ends)} annotated videos are found by the end of their path alone, "
            f"the first is {first!r}: {inputs[matches.found[first]].path}"
        )
    return tuple(
        Input(name, inputs[matches.found[name]].path) for name in labels if name in matches.found
    )


def _near_miss(missing: Sequence[str], inputs: Sequence[Input]) -> str:
    """What the inputs have in place of one of the missing videos, in brackets; empty if nothing."""
    by_last = {last_without_suffix(source.path.name): source for source in inputs}
    for name in missing:
        if (source := by_last.get(last_without_suffix(name))) is not None:
            which = "it" if name == missing[0] else repr(name)
            return f" ({which} may be {source.path}, but the names differ)"
    return ""


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
        AnnotationError: none of the videos has a label, or there are more or longer ones than a
            model can have.
        FeatureError: features of different specs.
    """
    names = [name for name in labels if name in features]
    classes = tuple(sorted({label for name in names for label in labels[name]}))
    if not classes:
        raise AnnotationError(_none_has_a_label(names, "readable"))
    if len(classes) > MOST_CLASSES:
        raise AnnotationError(f"expected at most {MOST_CLASSES} labels, not {len(classes)}")
    if len(longest := max(classes, key=len)) > LONGEST_LABEL:
        raise AnnotationError(
            f"expected labels of at most {LONGEST_LABEL} characters, not {longest[:40]!r}... of "
            f"{len(longest)}"
        )
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
