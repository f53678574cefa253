"""Which part of motion+appearance features a network heeds: what tells unseen videos apart.

A scene that is of one recording alone drowns what moves, and what moves says nothing of what things
are. Which of both it is, labels of held-out training videos tell; no time is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from lpat.backbones.spec import COMBINED
from lpat.types import BoolArray
from lpat_train.config import Heeds, TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.methods import METHODS
from lpat_train.training.cross_fitting import HeldOut, cross_fit, folds_of, same_features
from lpat_train.training.early_stopping import average_precision

FOLDS = 3

OnHeeding = Callable[[int, int], None]
"""Called after each step with the steps done and all there are."""


@dataclass(frozen=True)
class Heeding:
    """What was chosen: `motion` or `both`, and label mAP on held-out videos of each."""

    heeds: Heeds
    motion: float
    both: float

    def __str__(self) -> str:
        said = f"held-out labels {100 * self.both:.0f} % by both parts, {100 * self.motion:.0f} %"
        return f"features: {said} by motion alone; the network heeds {_NAMES[self.heeds]}"


_NAMES = {"motion": "motion alone", "both": "both"}


def can_choose(training_set: TrainingSet, config: TrainingConfig) -> bool:
    """Whether there are two parts, the config leaves it open, and videos can be held out."""
    if config.heeds != "auto":
        return False
    videos = _learned_from(training_set, config).videos
    return training_set.spec.extractor == COMBINED and int(same_features(videos).max()) + 1 >= FOLDS


def choose_heeded(
    training_set: TrainingSet,
    config: TrainingConfig,
    device: torch.device,
    on_step: OnHeeding | None = None,
) -> Heeding:
    """The better of both by cross-fitted label mAP; motion where they are equal.

    Only where it `can_choose`.

    Raises:
        DivergenceError: a network's loss isn't finite any more.
    """
    training_set = _learned_from(training_set, config)
    shown = training_set.label_matrix > 0
    same = same_features(training_set.videos)
    folds = folds_of(shown, same, FOLDS, config.seed)
    parts: tuple[Heeds, Heeds] = ("motion", "both")
    found: list[float] = []
    for number, heeds in enumerate(parts):

        def tell(done: int, total: int, number: int = number) -> None:
            if on_step is not None:
                on_step(number * total + done, 2 * total)

        held_out = cross_fit(training_set, replace(config, heeds=heeds), folds, device, tell)
        found.append(_label_map(held_out, shown))
    motion, both = found
    return Heeding("both" if both > motion else "motion", motion, both)


def _learned_from(training_set: TrainingSet, config: TrainingConfig) -> TrainingSet:
    return training_set if METHODS[config.method].learns_absence else training_set.labelled()


def _label_map(held_out: HeldOut, shown: BoolArray) -> float:
    """Mean over the classes that some videos show (N, C) and others don't; 0 without any."""
    known = [c for c in range(shown.shape[1]) if shown[:, c].any() and not shown[:, c].all()]
    found = [average_precision(held_out.probabilities[:, c], shown[:, c]) for c in known]
    return float(np.mean(found)) if found else 0.0
