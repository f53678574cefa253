"""How hard the named difficulties of the simulation are to a plain multiple-instance model.

    python -m benchmarks.studies.difficulty [--seed 100] [--thumos14 FOLDER]

The model is trained by W-TALC's top-k loss alone on the labels of the training subset, and judged
on that same subset by the manual threshold, (max + min) / 2, so that no test video takes part in
the choice of a difficulty. The seed is none of those that the study uses.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.studies.data import SHARED, TIOUS
from benchmarks.studies.simulation import DIFFICULTIES, simulate
from lpat.annotations.reading import read_annotations
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.data.sampling import batch_of, clips_at
from lpat_train.methods.losses import top_k_loss
from lpat_train.network.base import Network
from lpat_train.training.loop import make_network
from lpat_train.training.validation import score, validate

CONFIG = TrainingConfig(steps=200, hidden=256, learning_rate=1e-3, temporal_convolution=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--thumos14", type=Path, default=SHARED / "thumos14")
    parser.add_argument("--only", choices=DIFFICULTIES, help="this difficulty alone")
    arguments = parser.parse_args()
    annotations = read_annotations(arguments.thumos14 / "annotations.json")
    videos = annotations.in_subset("validation")
    labels = annotations.labels_by_video("validation")
    print(f"{'difficulty':12}" + "".join(f"{tiou:8.1f}" for tiou in TIOUS) + "    mean")
    for name, difficulty in DIFFICULTIES.items():
        if arguments.only not in (None, name):
            continue
        features = simulate(videos, difficulty, arguments.seed)
        training_set = make_training_set(features, labels)
        network = train_top_k(training_set, CONFIG)
        scores = {v.name: score(network, training_set.classes, features[v.name]) for v in videos}
        found = validate(scores, videos, CONFIG.post_processing(), TIOUS).manual
        cells = "".join(f"{value:8.1%}" for value in found.mean_average_precision)
        print(f"{name:12}{cells}{found.average:8.1%}", flush=True)


def train_top_k(training_set: TrainingSet, config: TrainingConfig) -> Network:
    """A network trained by the top-k loss alone; its background stays as it was made."""
    network = make_network(config, training_set.spec, len(training_set.classes))
    network.fit_standardisation(training_set.snippets())
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    for step in range(config.steps):
        batch = batch_of(
            clips_at(
                step,
                training_set.videos,
                batch_size=config.batch_size,
                clip_snippets=config.clip_snippets,
                seed=config.seed,
            )
        )
        output = network(batch.features, batch.mask)
        loss = top_k_loss(output.scores, batch.labels, batch.mask, config.top_k_share)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not np.isfinite(loss.item()):
            raise ArithmeticError(f"training diverged at step {step}")
    return network.eval()


if __name__ == "__main__":
    main()
