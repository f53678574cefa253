"""False-alarm rates asked for beside those measured on test videos, for each class.

    python -m benchmarks.studies.calibration_curve --data gestures --seeds 3 --markdown

A false alarm is a snippet above the level in a video that doesn't show the class. The level is set
on training videos; `follow` is left out here, as it moves the level away from the rate on purpose.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from benchmarks.studies.data import StudyData, load_data
from benchmarks.studies.study import add_data_options, data_options
from lpat.segments.level import RATES
from lpat.types import Float64Array
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import make_training_set
from lpat_train.presets import PRESETS
from lpat_train.training.loop import train
from lpat_train.training.validation import score

SHOWN = (0.01, 0.03, 0.1, 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add_data_options(parser)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="lpat")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to this, exclusive")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    measured: dict[str, list[Float64Array]] = {}
    for seed in range(arguments.seeds):
        data = load_data(arguments.data, seed, data_options(arguments))
        config = replace(PRESETS[arguments.preset], seed=seed, clip_snippets=160, follow=0.0)
        for label, rates in curve_of(config, data).items():
            measured.setdefault(label, []).append(rates)
    print_table({label: np.mean(its, axis=0) for label, its in measured.items()}, arguments)


def curve_of(config: TrainingConfig, data: StudyData) -> dict[str, Float64Array]:
    """Measured rates at each of `SHOWN`, by label."""
    training_set = make_training_set(data.features, data.labels, data.counts)
    network = train(training_set, config, device=torch.device("cpu"))
    assert network.level is not None
    table = network.level.table_of(training_set.classes)
    assert table is not None
    assert table.rates == RATES
    nulls: list[list[Float64Array]] = [[] for _ in training_set.classes]
    for video in data.truth:
        scores = score(network, training_set.classes, data.features[video.name])
        margins = scores.scores.astype(np.float64) - scores.background[:, None]
        for number, label in enumerate(training_set.classes):
            if label not in video.labels:
                nulls[number].append(margins[:, number])
    levels = {rate: table.shifts(rate) for rate in SHOWN}
    return {
        label: np.array([(np.concatenate(null) > levels[rate][number]).mean() for rate in SHOWN])
        for number, (label, null) in enumerate(zip(training_set.classes, nulls, strict=True))
        if null
    }


def print_table(curves: Mapping[str, Float64Array], arguments: argparse.Namespace) -> None:
    """A line a class, then their mean; percent."""
    rows = [["asked for", *(f"{rate:.0%}" for rate in SHOWN)]]
    rows += [[label, *(f"{100 * value:.1f}" for value in its)] for label, its in curves.items()]
    mean = np.mean(list(curves.values()), axis=0)
    rows.append(["mean", *(f"{100 * value:.1f}" for value in mean)])
    if arguments.markdown:
        rows.insert(1, ["---"] * len(rows[0]))
        print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    else:
        print("\n".join("".join(cell.rjust(14) for cell in row) for row in rows))


if __name__ == "__main__":
    main()
