"""What reviewed videos and marked moments bring, by how many there are.

    python -m benchmarks.studies.reviewed --data gestures --seeds 3

Of the training videos some are reviewed: all of their instances are known. Which, is `random`, or
the `uncertain` first: those of which a network that knows labels alone gives some label a
probability nearest to 1/2. `moments` has one random moment of each instance of random videos.
Mean mAP of the judged videos, by the model's own post-processing and by the one threshold.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.studies.data import StudyData, load_data
from benchmarks.studies.measures import CPU, precisions, scores_of
from benchmarks.studies.study import add_data_options, data_options
from lpat.annotations.reading import Moment, VideoAnnotation
from lpat.errors import LpatError
from lpat.files.json_files import write_json
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import make_training_set
from lpat_train.network.base import Network
from lpat_train.training.loop import train

COUNTS = (3, 10, 30, 1000)
"""Videos, of which there may be fewer."""

Row = Mapping[str, float]


def measure(
    data: StudyData,
    config: TrainingConfig,
    videos: Sequence[VideoAnnotation],
    *,
    moments: bool,
) -> tuple[Row, Network]:
    """Mean mAP of a network for which some videos are reviewed, or their moments marked."""
    reviewed = {} if moments else {video.name: video for video in videos}
    marked = {video.name: moments_of(video, config.seed) for video in videos} if moments else {}
    training_set = make_training_set(data.features, data.labels, data.counts, reviewed, marked)
    if reviewed:
        config = replace(config, proposals="levels+ends")
    network = train(training_set, config, device=CPU)
    scores = scores_of(network, training_set, data)
    own = config.post_processing()
    found = precisions("own", scores, data, own)
    found |= precisions("predicted", scores, data, replace(own, proposals="runs"))
    return {name: found[name] for name in ("map_own", "map_predicted")}, network


def moments_of(video: VideoAnnotation, seed: int) -> tuple[Moment, ...]:
    """A moment inside each instance, in its middle four fifths, where a key might be pressed."""
    random = np.random.default_rng((seed, len(video.segments)))
    places = random.uniform(0.1, 0.9, len(video.segments))
    times = video.segments[:, 0] + places * (video.segments[:, 1] - video.segments[:, 0])
    return tuple(
        Moment(label, float(time)) for label, time in zip(video.segment_labels, times, strict=True)
    )


def by_uncertainty(data: StudyData, network: Network, classes: tuple[str, ...]) -> list[int]:
    """Numbers of the training videos, the most uncertain first."""
    known = make_training_set(data.features, data.labels, data.counts)
    scores = scores_of(network, known, replace(data, truth=data.taught))
    doubt = [np.abs(scores[v.name].probabilities[: len(classes)] - 0.5).min() for v in data.taught]
    return np.argsort(doubt, kind="stable").tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add_data_options(parser)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to this, exclusive")
    parser.add_argument(
        "--output", type=Path, default=None, help="JSON of what is done, and goes on"
    )
    arguments = parser.parse_args()
    output: Path | None = arguments.output
    rows: dict[str, Row] = {}
    if output is not None and output.exists():
        rows = json.loads(output.read_text("utf-8"))
    try:
        for seed in range(arguments.seeds):
            data = load_data(arguments.data, seed, data_options(arguments))
            _measure_all(data, seed, 160 if arguments.data == "simulation" else 320, rows, output)
    except LpatError as error:
        sys.exit(f"reviewed: {error}")
    print("\n".join(table(rows)))


def _measure_all(
    data: StudyData, seed: int, longest: int, rows: dict[str, Row], output: Path | None
) -> None:
    config = TrainingConfig(seed=seed, clip_snippets=longest)
    classes = make_training_set(data.features, data.labels, data.counts).classes
    none, network = measure(data, config, (), moments=False)
    orders = {
        "random": np.random.default_rng(seed).permutation(len(data.taught)).tolist(),
        "uncertain": by_uncertainty(data, network, classes),
    }
    orders["moments"] = orders["random"]
    _note(rows, f"none 0 {seed}", none, output)
    for way, order in orders.items():
        for most in COUNTS:
            count = min(most, len(order))
            key = f"{way} {count} {seed}"
            if key in rows or (count == len(order) and way == "uncertain"):
                continue
            chosen = [data.taught[number] for number in order[:count]]
            _note(rows, key, measure(data, config, chosen, moments=way == "moments")[0], output)


def _note(rows: dict[str, Row], key: str, row: Row, output: Path | None) -> None:
    rows[key] = row
    said = ", ".join(f"{name} {value:.1%}" for name, value in row.items())
    print(f"{key}: {said}", file=sys.stderr, flush=True)
    if output is not None:
        write_json(output, rows)


def table(rows: Mapping[str, Row]) -> list[str]:
    """Mean and standard deviation over seeds of each way and count, in percent."""
    groups: dict[str, list[Row]] = {}
    for key, row in rows.items():
        groups.setdefault(key.rpartition(" ")[0], []).append(row)
    lines = ["| reviewed | own | predicted |", "| --- | --- | --- |"]
    for key, its in groups.items():
        cells = []
        for name in ("map_own", "map_predicted"):
            values = [100 * row[name] for row in its]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            cells.append(f"{statistics.mean(values):.1f} +- {spread:.1f}")
        lines.append(f"| {key} | {cells[0]} | {cells[1]} |")
    return lines


if __name__ == "__main__":
    main()
