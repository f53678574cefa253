"""Makes the report of a training run: folds are trained, judged, and written into its folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import torch

from lpat.errors import LpatError
from lpat.files.atomic import write_text
from lpat.files.json_files import write_json
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.methods import METHODS
from lpat_train.report.label_checks import check_labels
from lpat_train.report.pages import report_page
from lpat_train.report.training_report import TrainingReport, judge_training
from lpat_train.training.cross_fitting import cross_fit, folds_of, same_features
from lpat_train.training.step_bar import step_bar

PAGE = "report.html"
DOCUMENT = "report.json"


def make_report(
    training_set: TrainingSet,
    config: TrainingConfig,
    unreadable: Mapping[str, str],
    *,
    folds: int,
    device: torch.device,
) -> TrainingReport:
    """The report of a training set, which `config` has learned from.

    Each of so many `folds` is predicted by a quick network; of fewer than two, or where a network
    can't be trained, labels alone are reported on. `unreadable` says why videos are left out.
    """
    if not METHODS[config.method].learns_absence:
        training_set = training_set.labelled()
    labels = training_set.label_matrix > 0
    same = same_features(training_set.videos)
    checks = check_labels(training_set, same, unreadable)
    names = [video.name for video in training_set.videos]
    number = min(folds, int(same.max()) + 1)
    if number < 2:
        note = "labels alone, as nothing was cross-fitted"
        return judge_training(names, labels, checks, None, note=note)
    start = time.perf_counter()
    held_out, note = None, ""
    try:
        chosen = folds_of(labels, same, number, config.seed)
        with step_bar("report") as tell:
            held_out = cross_fit(training_set, config, chosen, device, tell)
    except LpatError as error:  # the run itself is there, whatever becomes of its report
        note = f"labels alone, as cross-fitting failed: {error}"
    seconds = time.perf_counter() - start
    return judge_training(names, labels, checks, held_out, note=note, seconds=seconds)


def write_report(folder: Path, report: TrainingReport) -> Path:
    """Write `report.html` and `report.json` into a run's folder; the page's path."""
    write_json(folder / DOCUMENT, report.to_dict())
    write_text(folder / PAGE, report_page(f"Training run {folder.resolve().name}", report))
    return folder / PAGE
