"""What the times of the training videos' segments would bring: networks that are taught by them.

    python -m benchmarks.studies.supervised --data gestures --seeds 3

`snippets` is LPAT's network taught at each snippet which classes are there, with the level and the
level sets of `lpat`. `segments` is its network of ends taught by the truth, whose own predictions
are the detections. `ends` is `lpat` whose network of ends is taught by the truth, and `pseudo` that
of `lpat` as it is, taught by what was found without any times, whose own predictions are the
detections.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from benchmarks.studies.data import TIOUS, StudyData, load_data
from benchmarks.studies.measures import CPU, scores_of
from benchmarks.studies.simulation import snippet_truth
from benchmarks.studies.study import add_data_options, data_options
from lpat.annotations.reading import VideoAnnotation
from lpat.errors import LpatError
from lpat.evaluation.average_precision import evaluate
from lpat.segments.detect import detect
from lpat.segments.suppression import soften
from lpat.types import Detections, Features, Float64Array, Scores
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.data.sampling import batch_of, clips_at
from lpat_train.methods.lpat import MembersOutput
from lpat_train.network.base import Network
from lpat_train.network.moments import moments_of
from lpat_train.training.calibration import calibrate
from lpat_train.training.ends import learn_from, targets_of
from lpat_train.training.loop import make_network, train

MOST = 200
"""Predictions of a video, the best, before soft suppression."""


@dataclass(frozen=True)
class Taught:
    """Training videos with their segments."""

    training_set: TrainingSet
    features: Mapping[str, Features]
    truth: Mapping[str, VideoAnnotation]
    config: TrainingConfig

    def instances(self, name: str) -> Detections:
        """A video's segments, in snippets."""
        video, edges = self.truth[name], self.features[name].edges
        classes = self.training_set.classes
        known = [i for i, label in enumerate(video.segment_labels) if label in classes]
        times = np.interp(video.segments[known], edges, np.arange(len(edges)))
        labels = [classes.index(video.segment_labels[i]) for i in known]
        return Detections(
            classes, times.reshape(-1, 2), np.array(labels, np.int64), np.ones(len(known))
        )


def taught_snippets(taught: Taught) -> Network:
    """LPAT's network with its level, taught at each snippet which classes are there."""
    config, training_set = taught.config, taught.training_set
    network = make_network(config, training_set.spec, len(training_set.classes))
    network.standardise_by(moments_of(training_set.chunks()))
    truths = {
        name: torch.from_numpy(
            snippet_truth(video, taught.features[name].edges, training_set.classes)
        ).float()
        for name, video in taught.truth.items()
    }
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    network.train()
    for step in range(config.steps):
        optimizer.zero_grad()
        _snippet_loss(network, taught, truths, step).backward()
        optimizer.step()
    calibrate(network, training_set.videos)
    return network.eval()


def _snippet_loss(
    network: Network, taught: Taught, truths: Mapping[str, Tensor], step: int
) -> Tensor:
    config = taught.config
    clips = clips_at(
        step,
        taught.training_set.videos,
        batch_size=config.batch_size,
        clip_snippets=config.clip_snippets,
        seed=config.seed,
    )
    batch = batch_of(clips)
    output = network(batch.features, batch.mask)
    its = output.each if isinstance(output, MembersOutput) else output
    margins = its.scores - its.background[..., None]  # (B M, T, C)
    truth = pad_sequence([truths[c.video.name][c.start : c.stop] for c in clips], True)
    members = len(margins) // len(truth)
    mask = batch.mask.repeat_interleave(members, dim=0)
    return functional.binary_cross_entropy_with_logits(
        margins[mask], truth.repeat_interleave(members, dim=0)[mask]
    )


def predicted_segments(scores: Scores) -> Detections:
    """What the snippets of a video predict, after soft suppression, best first."""
    assert scores.ends is not None
    chances, distances = scores.ends.chances, scores.ends.distances.astype(np.float64)
    middles = (scores.edges[:-1] + scores.edges[1:]) / 2
    unit = float(np.median(np.diff(scores.edges)))
    best = np.argsort(-chances, axis=None, kind="stable")[:MOST]
    places, labels = np.unravel_index(best, chances.shape)
    away = np.array([-1, 1]) * distances[places] * unit
    segments: Float64Array = (middles[places, None] + away).clip(0, scores.edges[-1])
    found = chances[places, labels].astype(np.float64)
    return soften(Detections(scores.classes, segments, labels.astype(np.int64), found))


def measure(data: StudyData, config: TrainingConfig) -> dict[str, float]:
    """Mean mAP of each row, and of `lpat` beside them."""
    training_set = make_training_set(data.features, data.labels, data.counts)
    taught = Taught(
        training_set, data.features, {video.name: video for video in data.taught}, config
    )
    options = config.post_processing()

    def as_shipped(network: Network) -> float:
        scores = scores_of(network, training_set, data)
        return _precision(data, {name: detect(its, options) for name, its in scores.items()})

    def by_ends(network: Network) -> float:
        scores = scores_of(network, training_set, data)
        return _precision(data, {name: predicted_segments(its) for name, its in scores.items()})

    network = train(training_set, config, device=CPU)
    found = {"lpat": as_shipped(network), "pseudo": by_ends(network)}
    targets = {
        video.name: targets_of(taught.instances(video.name), len(video.values))
        for video in training_set.videos
    }
    network.ends = learn_from(targets, network, training_set, replace(config, ends=2.0))
    found |= {"ends": as_shipped(network), "segments": by_ends(network)}
    found["snippets"] = as_shipped(taught_snippets(taught))
    return found


def _precision(data: StudyData, detections: Mapping[str, Detections]) -> float:
    return evaluate(data.truth, detections, tious=np.asarray(TIOUS)).average


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add_data_options(parser)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to this, exclusive")
    arguments = parser.parse_args()
    rows: list[Mapping[str, float]] = []
    try:
        for seed in range(arguments.seeds):
            data = load_data(arguments.data, seed, data_options(arguments))
            longest = 160 if arguments.data == "simulation" else 320
            rows.append(measure(data, TrainingConfig(seed=seed, clip_snippets=longest)))
            said = ", ".join(f"{name} {value:.1%}" for name, value in rows[-1].items())
            print(f"seed {seed}: {said}", file=sys.stderr, flush=True)
    except LpatError as error:
        sys.exit(f"supervised: {error}")
    print("\n".join(_lines(rows)))


def _lines(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Mean and standard deviation of each row, in percent."""
    lines = []
    for name in rows[0]:
        values = [100 * row[name] for row in rows]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        lines.append(f"{name:10} {statistics.mean(values):5.1f} +- {spread:.1f}")
    return lines


if __name__ == "__main__":
    main()
