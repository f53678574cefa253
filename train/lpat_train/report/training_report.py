"""All that a training set and its cross-fitting say, as one value."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from lpat.types import BoolArray
from lpat_train.report.advice import advice
from lpat_train.report.label_checks import LabelChecks
from lpat_train.report.uncertain_videos import UncertainVideo, uncertain_videos
from lpat_train.report.verdicts import ClassReport, class_report
from lpat_train.training.cross_fitting import HeldOut


@dataclass(frozen=True, eq=False)
class TrainingReport:
    """All that is known of a training set and what it teaches."""

    checks: LabelChecks
    classes: tuple[ClassReport, ...]
    uncertain: tuple[UncertainVideo, ...]  # the most contradicted first
    advice: str
    folds: int  # 0: nothing was cross-fitted
    asked: float | None  # rate of false alarms; None: the level isn't calibrated
    note: str = ""  # why nothing was cross-fitted, or what else is worth knowing
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; None where something isn't known."""
        return {
            "schema": 1,
            "folds": self.folds,
            "seconds": round(self.seconds, 3),
            "note": self.note,
            "false_alarms_asked": self.asked,
            "advice": self.advice,
            "classes": [
                {name: _plain(value) for name, value in asdict(entry).items()}
                | {"skill": _plain(entry.skill)}
                for entry in self.classes
            ],
            "uncertain": [asdict(video) for video in self.uncertain],
            "checks": self.checks.to_dict(),
        }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def judge_training(
    names: list[str],
    labels: BoolArray,
    checks: LabelChecks,
    held_out: HeldOut | None,
    *,
    note: str = "",
    seconds: float = 0.0,
) -> TrainingReport:
    """The report of videos with labels (N, C); without `held_out`, of the labels alone."""
    classes = tuple(class_report(c, labels, checks, held_out) for c in range(len(checks.classes)))
    uncertain: tuple[UncertainVideo, ...] = ()
    if held_out is not None:
        uncertain = uncertain_videos(names, labels, checks.classes, held_out)
    return TrainingReport(
        checks=checks,
        classes=classes,
        uncertain=uncertain,
        advice=advice(checks, classes, uncertain),
        folds=0 if held_out is None else held_out.fold_count,
        asked=None if held_out is None else held_out.false_alarms,
        note=note,
        seconds=seconds,
    )
