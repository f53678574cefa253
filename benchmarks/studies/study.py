"""Trains the rows of an experiment with several seeds and tells what each is worth.

    python -m benchmarks.studies.study benchmarks/studies/experiments/methods.toml --data gestures

Training sees the features and labels of the training videos alone; the test videos' segments
judge it. What has been measured is kept in the results file, and a rerun does what is missing.
docs/study.md says what the data sets and the columns are.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from benchmarks.studies.data import (
    TIOUS,
    DataName,
    DataOptions,
    HeldOut,
    StudyData,
    data_name,
    load_data,
)
from benchmarks.studies.experiment import Experiment, read_experiment
from benchmarks.studies.measures import measure
from benchmarks.studies.results import Results, Run, code_version, format_table, format_tious
from lpat.errors import LpatError

RESULTS = Path("results.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("experiment", type=Path, help="TOML file of rows")
    add_data_options(parser)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 to this, exclusive")
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose name contains this")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate on training labels")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file that results grow in")
    parser.add_argument(
        "--any-code", action="store_true", help="take results of older versions of the code too"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    arguments = parser.parse_args()
    try:
        experiment = read_experiment(arguments.experiment).only(arguments.only)
        results = Results.open(arguments.output, any_code=arguments.any_code)
        rows = run_experiment(
            experiment,
            results,
            data=arguments.data,
            options=data_options(arguments),
            seeds=arguments.seeds,
            folds=arguments.folds,
            sessions=arguments.sessions,
        )
    except LpatError as error:
        sys.exit(f"benchmarks.studies.study: {error}")
    print(f"{experiment.title} ({arguments.data}, {arguments.seeds} seeds)\n")
    print(format_table(rows, markdown=arguments.markdown))
    print()
    print(format_tious(rows, TIOUS, markdown=arguments.markdown))


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """The options that `data_options` reads."""
    default = DataOptions()
    parser.add_argument("--data", choices=get_args(DataName), default="simulation")
    parser.add_argument("--difficulty", default=default.difficulty, help="of the simulation")
    parser.add_argument("--shared", type=Path, default=default.shared, help="folder of real data")
    parser.add_argument("--videos", type=Path, help="folder of videos instead of the gestures'")
    parser.add_argument("--annotations", type=Path, help="of those videos")
    parser.add_argument("--stride", type=int, default=default.stride, help="frames per snippet")
    parser.add_argument("--features", default=default.features, help="of videos, as in lpat-train")
    parser.add_argument(
        "--held-out", type=_part, metavar="K/N", help="judge part K of N of the training videos"
    )
    parser.add_argument(
        "--sessions", type=int, default=0, help="video i is of session i modulo this; 0: its own"
    )
    parser.add_argument("--demo-folder", type=Path, help="where the demo's videos are rendered")


def data_options(arguments: argparse.Namespace) -> DataOptions:
    """What `add_data_options` was told.

    Raises:
        UsageError: no such part of the training videos.
    """
    part = arguments.held_out
    return DataOptions(
        shared=arguments.shared,
        videos=arguments.videos,
        annotations=arguments.annotations,
        stride=arguments.stride,
        features=arguments.features,
        difficulty=arguments.difficulty,
        demo_folder=arguments.demo_folder,
        held_out=None if part is None else HeldOut(part[0], part[1], arguments.sessions),
    )


def _part(text: str) -> tuple[int, int]:
    """K and N of "K/N"."""
    part, _, parts = text.partition("/")
    return int(part), int(parts)


def run_experiment(
    experiment: Experiment,
    results: Results,
    *,
    data: DataName,
    options: DataOptions,
    seeds: int,
    folds: int = 0,
    sessions: int = 0,
) -> Mapping[str, list[Mapping[str, float]]]:
    """The measures of each row, by seed; those not among the results are made and added.

    A seed decides weights and batches, and the data where that is made up.
    """
    code = code_version()
    rows: dict[str, list[Mapping[str, float]]] = {name: [] for name in experiment.rows}
    for seed in range(seeds):
        loaded: StudyData | None = None
        for name, base in experiment.rows.items():
            config = replace(base, seed=seed)
            run = Run(config, data_name(data, seed, options), folds, sessions, code)
            values = results.get(run)
            if values is None:
                loaded = loaded or load_data(data, seed, options)
                start = time.perf_counter()
                values = measure(config, loaded, folds=folds, sessions=sessions)
                results.add(run, values)
                seconds = time.perf_counter() - start
                _say(f"{name}, seed {seed}: {_in_short(values)} ({seconds:.0f} s)")
            rows[name].append(values)
    return rows


def _in_short(values: Mapping[str, float]) -> str:
    return (
        f"own {values['map_own']:.1%}, predicted {values['map_predicted']:.1%}, "
        f"manual {values['map_manual']:.1%}, levels {values['map_levels']:.1%}, "
        f"found {values['found']:.0%} of {values['true']:.0%}"
    )


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
