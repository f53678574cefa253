"""Searches for each method the learning rate, the steps and the threshold that serve it best.

    python -m benchmarks.studies.search --demo-folder demos --output search.json

Every method gets the same budget and the same data: parts of the training videos of each data set.
The setting is one for all data sets, that of the best mean of what the exported model would do; the
test videos aren't looked at. What has been measured is kept in the results file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

import torch

from benchmarks.studies.data import SHARED, DataName, DataOptions, HeldOut, StudyData, load_data
from benchmarks.studies.measures import CPU, precisions, scores_of
from lpat.files.json_files import write_json
from lpat.segments.post_processing import PostProcessing
from lpat_train.config import MethodName, TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.network.base import Network
from lpat_train.presets import PRESETS, changed
from lpat_train.training.loop import train

RATES = (3e-4, 1e-3, 3e-3)
STEPS = (300, 600)
CUTS = (0.3, 0.4, 0.5, 0.6, 0.7)
OWN = "own"
"""The threshold, or the score of a segment, that the method's defaults have."""
UNSCORED: tuple[MethodName, ...] = ("hide-and-seek", "untrimmednets", "stpn", "autoloc")
"""Methods whose papers don't fit any of our scores of a segment: each gets the better of two."""
LONGEST = 160
"""Snippets of a clip: longer are THUMOS'14's videos alone."""


@dataclass(frozen=True)
class Part:
    """Training videos that are judged, others of the same data being trained on."""

    data: DataName
    seed: int
    held_out: HeldOut

    def __str__(self) -> str:
        return f"{self.data} {self.seed}, {self.held_out}"

    def load(self, options: DataOptions) -> StudyData:
        """Its data."""
        return load_data(self.data, self.seed, replace(options, held_out=self.held_out))


PARTS = (
    Part("signals", 0, HeldOut(0, 3, 3)),
    Part("simulation", 100, HeldOut(0, 3)),
    Part("gestures", 0, HeldOut(0, 3, 14)),
    Part("demo", 100, HeldOut(0, 3)),
    Part("signals", 0, HeldOut(1, 3, 3)),
    Part("gestures", 0, HeldOut(2, 3, 14)),
)


@dataclass(frozen=True)
class Setting:
    """What is searched: two options of training, and two of segments, which need no training."""

    learning_rate: float
    steps: int
    threshold: str  # OWN, or the share of the way from a class's lowest score to its highest
    segment_score: Literal["own", "wtalc"]

    def __str__(self) -> str:
        score = "" if self.segment_score == OWN else f", {self.segment_score}"
        return f"{self.learning_rate:g}, {self.steps} steps, {self.threshold}{score}"

    def post_processing(self, config: TrainingConfig) -> PostProcessing:
        """How segments are made."""
        options = config.post_processing()
        if self.segment_score != OWN:
            options = replace(options, segment_score=self.segment_score)
        if self.threshold == OWN:
            return options
        return replace(options, threshold="manual", cut=float(self.threshold))


def settings(method: MethodName) -> Iterator[Setting]:
    """All that are searched."""
    for rate in RATES:
        for steps in STEPS:
            for threshold in (OWN, *map(str, CUTS)):
                yield Setting(rate, steps, threshold, "own")
                if method in UNSCORED:
                    yield Setting(rate, steps, threshold, "wtalc")


Found = dict[str, dict[str, dict[str, float]]]
"""Mean mAP by method, part and setting."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    peers = [name for name in get_args(MethodName) if name != "lpat"]
    parser.add_argument("--methods", nargs="+", choices=peers, default=peers)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of real data")
    parser.add_argument("--demo-folder", type=Path, help="where the demo's videos are rendered")
    parser.add_argument("--output", type=Path, default=Path("search.json"))
    parser.add_argument("--only-show", action="store_true", help="what has been found already")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path: Path = arguments.output
    found: Found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    options = DataOptions(shared=arguments.shared, demo_folder=arguments.demo_folder)
    if not arguments.only_show:
        for part in PARTS:
            search(part, options, arguments.methods, found, path)
    for method in arguments.methods:
        print("\n".join(_table(method, found.get(method, {}))), end="\n\n")


def search(
    part: Part, options: DataOptions, methods: Iterable[MethodName], found: Found, path: Path
) -> None:
    """Measure a part's settings that are missing, and keep them in the file."""
    data = None
    for method in methods:
        its = found.setdefault(method, {}).setdefault(str(part), {})
        for rate in RATES:
            wanted = {str(its) for its in settings(method) if its.learning_rate == rate}
            if wanted <= set(its):
                continue
            data = data or part.load(options)
            training_set = make_training_set(data.features, data.labels, data.counts)
            start = time.perf_counter()
            its |= measured(method, rate, training_set, data)
            write_json(path, found)
            seconds = time.perf_counter() - start
            print(f"{part}: {method}, {rate:g} ({seconds:.0f} s)", file=sys.stderr, flush=True)


def measured(
    method: MethodName, rate: float, training_set: TrainingSet, data: StudyData
) -> dict[str, float]:
    """Mean mAP by each setting of a learning rate.

    The network after fewer steps is that of a shorter training, so one training gives them all.
    """
    values: dict[str, float] = {}
    changes = {"method": method, "learning_rate": rate, "clip_snippets": LONGEST}
    config = changed(PRESETS["lpat"], changes, "search")

    def judge(steps: int, network: Network) -> None:
        scores = scores_of(network, training_set, data)
        for setting in settings(method):
            if (setting.learning_rate, setting.steps) == (rate, steps):
                options = setting.post_processing(config)
                values[str(setting)] = precisions("own", scores, data, options)["map_own"]

    train(
        training_set,
        replace(config, steps=max(STEPS), validate_every=min(STEPS)),
        device=CPU,
        on_validation=lambda steps, network, _: judge(steps, network),
    )
    return values


def means(parts: Mapping[str, Mapping[str, float]], setting: str) -> dict[str, float] | None:
    """Mean over the parts of each data set, and over the data sets; None where one is missing.

    Parts that have been begun count once all their settings are there.
    """
    by_data: dict[str, list[float]] = {}
    for part in PARTS:
        if str(part) not in parts:
            continue
        value = parts[str(part)].get(setting)
        if value is None:
            return None
        by_data.setdefault(part.data, []).append(value)
    each = {data: statistics.mean(its) for data, its in by_data.items()}
    return {**each, "mean": statistics.mean(each.values())}


def _table(method: MethodName, parts: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Settings and their means in percent, the best first."""
    rows = [(str(setting), means(parts, str(setting))) for setting in settings(method)]
    full = [(name, cast(dict[str, float], row)) for name, row in rows if row is not None]
    full.sort(key=lambda row: -row[1]["mean"])
    return [method] + [
        f"  {name:28}" + "".join(f"{data:>12} {100 * value:5.1f}" for data, value in row.items())
        for name, row in full
    ]


if __name__ == "__main__":
    main()
