"""Learning where instances end from what a trained network finds in its own training videos.

Labels say no times, but they say which of the network's detections can't be right, and the best of
those that are left are alike: what they have in common at their ends is learned, and then seen
where scores alone show it poorly. Axes: B video, T snippet, C class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing
from lpat.segments.suppression import suppress
from lpat.types import Detections
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, TrainingVideo
from lpat_train.data.sampling import TrainingClip, batch_of, clips_at
from lpat_train.errors import DivergenceError
from lpat_train.network.base import Network
from lpat_train.network.ends import Ends
from lpat_train.training.adam import Adam
from lpat_train.training.validation import score_rows

GOOD = 0.5
"""Score of a detection that teaches, at least, as a share of its class's best in the video."""

NEAREST = 0.01
"""Snippets to an end, at least, so that each prediction has a length."""

Targets = tuple[Tensor, Tensor]
"""Of one video: classes (T, C) whose instances' middles a snippet is near, and its distances (T, 2)
to the ends of that instance."""


OnEnds = Callable[[int, int], None]
"""Called after each step with the steps done and those there are."""


def learn_ends(
    network: Network,
    training_set: TrainingSet,
    config: TrainingConfig,
    on_step: OnEnds | None = None,
) -> Ends | None:
    """A network of ends, taught by what `network` finds; None where it finds nothing.

    Of reviewed videos it is the instances that were marked.
    Ends that it had, as of a finished run that is resumed, are dropped first: scores alone find.

    Raises as `learn_from`, which says more.
    """
    network.ends = None
    options = config.post_processing()
    targets = {
        video.name: targets_of(
            _instances_of(video, network, training_set.classes, options), len(video.values)
        )
        for video in training_set.videos
    }
    if not any(classes.any() for classes, _ in targets.values()):
        return None
    return learn_from(targets, network, training_set, config, on_step)


def learn_from(
    targets: Mapping[str, Targets],
    network: Network,
    training_set: TrainingSet,
    config: TrainingConfig,
    on_step: OnEnds | None = None,
) -> Ends:
    """A network of ends, taught by the targets of all videos, by name.

    It is on the network's device, in evaluation mode. The config's seed decides its weights.

    Raises:
        DivergenceError: the loss isn't finite any more.
    """
    torch.manual_seed(config.seed)
    ends = Ends(len(network.mean), len(training_set.classes))
    ends.mean, ends.scale = network.mean.cpu().clone(), network.scale.cpu().clone()
    ends.to(network.mean.device).train()
    optimizer = Adam(ends.parameters(), lr=config.learning_rate)
    for step in range(config.end_steps):
        clips = clips_at(
            step,
            training_set.videos,
            batch_size=config.batch_size,
            clip_snippets=config.clip_snippets,
            seed=config.seed,
        )
        loss = _loss(ends, clips, targets, network.reduced)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not math.isfinite(loss.item()):
            raise DivergenceError(
                f"learning ends diverged at step {step}: the loss is {loss.item()}; "
                "try a smaller learning_rate, or ends 0"
            )
        if on_step is not None:
            on_step(step + 1, config.end_steps)
    return ends.eval()


def found_in(
    network: Network, classes: tuple[str, ...], video: TrainingVideo, options: PostProcessing
) -> Detections:
    """The good detections of the video's labels, disjoint within a class; times are in snippets."""
    edges = np.arange(len(video.values) + 1, dtype=np.float64)
    found = suppress(detect(score_rows(network, classes, video.values, edges), options), 0.0)
    best = np.full(len(classes), -np.inf)
    np.maximum.at(best, found.labels, found.scores)
    shown = video.labels.numpy() > 0
    good = shown[found.labels] & (found.scores > 0) & (found.scores >= GOOD * best[found.labels])
    return Detections(classes, found.segments[good], found.labels[good], found.scores[good])


def _instances_of(
    video: TrainingVideo, network: Network, classes: tuple[str, ...], options: PostProcessing
) -> Detections:
    """What was marked in a reviewed video, and what is found in another one."""
    marks = video.marks
    if marks is None or not marks.reviewed:
        return found_in(network, classes, video, options)
    takes_time = marks.instances[:, 0] < marks.instances[:, 1]
    segments, labels = marks.instances[takes_time], marks.instance_classes[takes_time]
    return Detections(classes, segments, labels, np.ones(len(labels)))


def targets_of(found: Detections, snippets: int) -> Targets:
    """What is taught at each snippet: in the middle half of an instance, its class and its ends.

    The middle half has at least the snippet that is nearest to the middle. Where those of several
    instances overlap, the ends are those of the better one.
    """
    middles = np.arange(snippets) + 0.5
    classes = np.zeros((snippets, len(found.classes)), np.float32)
    distances = np.zeros((snippets, 2), np.float32)
    for (start, end), label in reversed(list(zip(found.segments, found.labels, strict=True))):
        away = np.abs(middles - (start + end) / 2)
        near = away <= max((end - start) / 4, float(away.min()))
        classes[near, label] = 1
        distances[near] = np.stack([middles[near] - start, end - middles[near]], axis=1)
    return torch.from_numpy(classes), torch.from_numpy(distances.clip(min=NEAREST))


def _loss(
    ends: Ends,
    clips: Sequence[TrainingClip],
    targets: Mapping[str, Targets],
    reduced: Callable[[Tensor], Tensor],
) -> Tensor:
    """Focal loss of the chances and 1 - DIoU of the ends, by the number of snippets with ends."""
    device = ends.mean.device
    batch = batch_of(clips).to(device)
    logits, distances = ends(reduced(batch.features), batch.mask)
    classes, wanted = (
        pad_sequence([targets[c.video.name][k][c.start : c.stop] for c in clips], True).to(device)
        for k in range(2)
    )
    taught = classes.any(dim=-1) & batch.mask
    return (
        focal_loss(logits[batch.mask], classes[batch.mask])
        + distance_iou_loss(distances[taught], wanted[taught])
    ) / taught.sum().clamp(min=1)


def focal_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Sigmoid focal loss with gamma 2 and alpha 1/4 (Lin et al. 2017), the sum."""
    chance = torch.sigmoid(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    miss = chance * (1 - truth) + (1 - chance) * truth
    return ((0.25 * truth + 0.75 * (1 - truth)) * miss**2 * entropy).sum()


def distance_iou_loss(distances: Tensor, wanted: Tensor) -> Tensor:
    """1 - DIoU (Zheng et al. 2020) of segments given by distances (N, 2) to both ends, the sum.

    Both of a pair lie around the same point.
    """
    overlap = torch.minimum(distances, wanted).sum(dim=-1)
    hull = torch.maximum(distances, wanted).sum(dim=-1)
    between = (distances[:, 1] - distances[:, 0] - wanted[:, 1] + wanted[:, 0]) / 2
    return (1 - overlap / hull + (between / hull) ** 2).sum()
