"""Training data: features of videos, their labels, and how often each shows them where known.

No time of any segment gets in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lpat.errors import AnnotationError, FeatureError
from lpat.inputs import Input
from lpat.types import Features, FeatureSpec


@dataclass(frozen=True, eq=False)
class TrainingVideo:
    """One video's features (T, D) and its labels, multi-hot (C,).

    `counts` (C,) are the times it shows each class: NaN where unknown; None: of all labels.
    """

    name: str
    values: Tensor
    labels: Tensor
    counts: Tensor | None = None


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Videos that share a feature spec and a list of classes."""

    classes: tuple[str, ...]
    spec: FeatureSpec
    videos: tuple[TrainingVideo, ...]

    def snippets(self) -> Tensor:
        """All snippets of all videos: (N, D)."""
        return torch.cat([video.values for video in self.videos])


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded features (B, T, D), what is real in them (B, T), and labels (B, C).

    `counts` (B, C) as those of the videos, NaN where unknown; None: nowhere known.
    """

    features: Tensor
    mask: Tensor
    labels: Tensor
    counts: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        counts = None if self.counts is None else self.counts.to(device)
        return Batch(self.features.to(device), self.mask.to(device), self.labels.to(device), counts)


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
    features: Mapping[str, Features],
    labels: Mapping[str, tuple[str, ...]],
    counts: Mapping[str, Mapping[str, int]] | None = None,
) -> TrainingSet:
    """A training set from the features of videos, in the order of `labels`.

    Classes are the labels of those videos, sorted. `counts` says how often a video shows a label,
    where that is known.

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
        its_counts = (counts or {}).get(name, {})
        shown = torch.tensor(
            [its_counts.get(label, torch.nan) if label in labels[name] else 0 for label in classes]
        )
        values = torch.from_numpy(features[name].values)
        videos.append(TrainingVideo(name, values, present, shown.float()))
    return TrainingSet(classes, first, tuple(videos))


def batch_at(
    step: int,
    videos: Sequence[TrainingVideo],
    *,
    batch_size: int,
    clip_snippets: int,
    seed: int,
    paired: bool = False,
) -> Batch:
    """The batch of a step, which `seed` and `step` alone decide.

    Each epoch takes all videos once in an order of its own; its last batch may be smaller. Videos
    longer than `clip_snippets` come as a random window. `paired` fills but half of a batch so, and
    adds for each of its videos another one that shares a class, where one is left.
    """
    drawn = -(-batch_size // 2) if paired else batch_size
    epoch, index = divmod(step, -(-len(videos) // drawn))
    order = np.random.default_rng((seed, 0, epoch)).permutation(len(videos))
    numbers = order[index * drawn : (index + 1) * drawn]
    if paired:
        random = np.random.default_rng((seed, 2, step))
        numbers = _with_partners(numbers, videos, batch_size, random)
    random = np.random.default_rng((seed, 1, step))
    return make_batch(
        [_window(videos[number].values, clip_snippets, random) for number in numbers],
        [videos[number].labels for number in numbers],
        [_counts(videos[number], clip_snippets) for number in numbers],
    )


def _with_partners(
    numbers: np.ndarray,
    videos: Sequence[TrainingVideo],
    batch_size: int,
    random: np.random.Generator,
) -> np.ndarray:
    """`numbers`, then for each a video that shares a class and isn't yet among them, if any."""
    labels = torch.stack([video.labels for video in videos]).numpy()
    shares_class = labels[numbers] @ labels.T > 0
    free = np.ones(len(videos), bool)
    free[numbers] = False
    partners: list[int] = []
    for shared in shares_class[: batch_size - len(numbers)]:
        candidates = np.flatnonzero(shared & free)
        if len(candidates):
            partners.append(int(random.choice(candidates)))
            free[partners[-1]] = False
    return np.array([*numbers, *partners])


def make_batch(
    values: Sequence[Tensor], labels: Sequence[Tensor], counts: Sequence[Tensor] | None = None
) -> Batch:
    """Videos of different lengths, padded with zeros at their ends."""
    lengths = torch.tensor([len(video) for video in values])
    padded = torch.nn.utils.rnn.pad_sequence(list(values), batch_first=True)
    mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
    together = None if counts is None else torch.stack(list(counts))
    return Batch(padded, mask, torch.stack(list(labels)), together)


def _window(values: Tensor, longest: int, random: np.random.Generator) -> Tensor:
    if len(values) <= longest:
        return values
    start = int(random.integers(len(values) - longest + 1))
    return values[start : start + longest]


def _counts(video: TrainingVideo, longest: int) -> Tensor:
    """The counts (C,) of what training sees of a video: those of a window aren't known."""
    if video.counts is None or len(video.values) > longest:
        return video.labels.masked_fill(video.labels > 0, torch.nan)
    return video.counts
