"""Which snippets of which videos the batch of a step takes: the seed and the step alone decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lpat.types import Float32Array
from lpat_train.data.dataset import Batch, TrainingVideo
from lpat_train.data.marks import Marks


@dataclass(frozen=True, eq=False)
class TrainingClip:
    """The snippets of a video, from `start` to before `stop`, that a batch takes."""

    video: TrainingVideo
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def marks(self) -> Marks | None:
        """What is marked in it."""
        marks = self.video.marks
        return None if marks is None else marks.within(self.start, self.stop)

    @property
    def counts(self) -> Tensor:
        """How often it shows each class (C,): NaN where unknown, as of a window of its video."""
        video = self.video
        if video.counts is None or len(self) < len(video.values):
            return video.labels.masked_fill(video.labels > 0, torch.nan)
        return video.counts


def clips_at(
    step: int,
    videos: Sequence[TrainingVideo],
    *,
    batch_size: int,
    clip_snippets: int,
    seed: int,
    paired: bool = False,
    labels: Float32Array | None = None,
) -> tuple[TrainingClip, ...]:
    """The clips that make the batch of a step; `seed` and `step` alone decide which.

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


def batch_of(clips: Sequence[TrainingClip], rows: slice = slice(None)) -> Batch:
    """The batch of clips; of some of its rows, padded as in the whole."""
    chosen = clips[rows]
    padded = torch.zeros(len(chosen), max(map(len, clips)), clips[0].video.values.shape[1])
    for row, clip in zip(padded, chosen, strict=True):
        row[: len(clip)] = clip.video.values[clip.start : clip.stop]
    mask, labels, counts = _known_of(clips)
    marks = tuple(clip.marks for clip in chosen)
    return Batch(padded, mask[rows], labels[rows], counts[rows], marks=marks)


def labels_of(clips: Sequence[TrainingClip]) -> Batch:
    """The batch of clips without its features, which nothing is read for."""
    marks = tuple(clip.marks for clip in clips)
    return Batch(torch.empty(0), *_known_of(clips), marks=marks)


def _known_of(clips: Sequence[TrainingClip]) -> tuple[Tensor, Tensor, Tensor]:
    """The mask (B, T), labels (B, C) and counts (B, C) of their batch."""
    lengths = torch.tensor([len(clip) for clip in clips])
    mask = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    labels = torch.stack([clip.video.labels for clip in clips])
    return mask, labels, torch.stack([clip.counts for clip in clips])


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


def _clip(video: TrainingVideo, longest: int, random: np.random.Generator) -> TrainingClip:
    length = len(video.values)
    if length <= longest:
        return TrainingClip(video, 0, length)
    start = int(random.integers(length - longest + 1))
    return TrainingClip(video, start, start + longest)
