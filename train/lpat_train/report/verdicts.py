"""A plain verdict on each class, by what labels say. Axes: N video, C class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lpat.types import BoolArray
from lpat_train.report.label_checks import LabelChecks
from lpat_train.training.cross_fitting import HeldOut
from lpat_train.training.early_stopping import average_precision

Verdict = Literal["works", "doubtful", "not learned"]

FEWEST = 3
"""Videos of a class, at least, to learn it from and to judge it by."""

FEW = 6
"""Videos of a class below which a good figure may be luck."""

WORKING, LEARNED = 0.6, 0.2
"""How far the held-out average precision lies from chance (0) to perfect (1): what works has
reached the first, and what is below the second isn't learned."""

EXCESS = 2.0
"""Times the false alarms asked for that are too many."""

ALL_OVER = 0.9
"""Share of a class's videos above the level from which on it isn't found but everywhere."""

RULES = (
    f"Not learned: fewer than {FEWEST} videos show the class, or the held-out average precision "
    f"has come less than {LEARNED:.0%} of the way from chance to perfect.",
    f"Doubtful: less than {WORKING:.0%} of that way; or fewer than {FEW} videos; or every "
    "video shows the class; or each of its videos shows another class too, so that labels can't "
    f"tell the two apart; or more than {EXCESS:g} times the false alarms asked for; or "
    f"no more is found in its videos than in the others; or more than {ALL_OVER:.0%} "
    "of its videos' snippets are found.",
    "Works: none of these. It says that the labels are predicted, not that segments are right: "
    "that takes videos with times, and lpat-eval.",
)


@dataclass(frozen=True, eq=False)
class ClassReport:
    """A class, what held-out videos say of it (NaN where unknown), and the verdict."""

    label: str
    videos: int
    precision: float  # mean over the folds of the average precision of labels
    spread: float  # its standard deviation over the folds
    chance: float  # what a random order of the videos gives
    found: float  # share of the snippets of its videos above the level
    false_alarms: float  # share of those of the other videos
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def skill(self) -> float:
        """How far the precision lies from chance (0) to perfect (1)."""
        return skill_of(self.precision, self.chance)


def skill_of(precision: float, chance: float) -> float:
    """How far a precision lies from chance (0) to perfect (1); NaN where chance is perfect."""
    return (precision - chance) / (1 - chance) if chance < 1 else math.nan


def chance_of(videos: int, shown: int) -> float:
    """The average precision that a random order of videos has in the mean (Bestgen 2015)."""
    if shown == videos:
        return 1.0
    harmonic = float((1 / np.arange(1, videos + 1)).sum())
    return (harmonic + (shown - 1) / (videos - 1) * (videos - harmonic)) / videos


def class_report(
    number: int, labels: BoolArray, checks: LabelChecks, held_out: HeldOut | None
) -> ClassReport:
    """The report on a class, by its number, of videos with labels (N, C)."""
    label, shown = checks.classes[number], labels[:, number]
    precision = spread = chance = found = false_alarms = asked = math.nan
    if held_out is not None:
        precision, spread, chance = _precision(held_out, number, shown)
        found = _mean_above(held_out, number, shown)
        if held_out.false_alarms is not None:
            asked = held_out.false_alarms
            false_alarms = _mean_above(held_out, number, ~shown)
    verdict, reasons = "works", ()
    entry = ClassReport(
        label, int(shown.sum()), precision, spread, chance, found, false_alarms, verdict, reasons
    )
    if failed := _why_not_learned(entry):
        return replace(entry, verdict="not learned", reasons=(failed,))
    if doubts := tuple(_doubts(entry, checks, asked)):
        return replace(entry, verdict="doubtful", reasons=doubts)
    return entry


def _why_not_learned(entry: ClassReport) -> str | None:
    if entry.videos < FEWEST:
        return f"only {entry.videos} {'video shows' if entry.videos == 1 else 'videos show'} it"
    if entry.skill < LEARNED:
        return "held-out labels are predicted hardly better than by chance"
    return None


def _doubts(entry: ClassReport, checks: LabelChecks, asked: float) -> Iterator[str]:
    if entry.label in checks.everywhere:
        yield "every video shows it"
    elif math.isnan(entry.skill):
        yield "held-out videos don't tell"
    elif entry.skill < WORKING:
        yield "held-out labels are predicted badly"
    if entry.videos < FEW:
        yield f"{entry.videos} videos are few to judge by"
    if others := checks.always_with.get(entry.label):
        yield f"each of its videos shows {quoted(others)} too"
    if entry.false_alarms > EXCESS * asked:
        yield f"{entry.false_alarms / asked:.1f} times the false alarms asked for"
    if entry.found <= entry.false_alarms:
        yield "no more is found in its videos than in the others"
    elif entry.found > ALL_OVER:
        yield "nearly all of its videos lies above the level"


def _precision(held_out: HeldOut, number: int, shown: BoolArray) -> tuple[float, float, float]:
    """Mean and deviation of the folds' average precision, and chance's mean; NaN without any."""
    precisions, chances = [], []
    for fold in range(held_out.fold_count):
        its = held_out.folds == fold
        if shown[its].any() and not shown[its].all():
            precisions.append(average_precision(held_out.probabilities[its, number], shown[its]))
            chances.append(chance_of(int(its.sum()), int(shown[its].sum())))
    if not precisions:
        return math.nan, math.nan, math.nan
    return float(np.mean(precisions)), float(np.std(precisions)), float(np.mean(chances))


def _mean_above(held_out: HeldOut, number: int, videos: BoolArray) -> float:
    """Share of all snippets of some videos above the level of a class; NaN without any."""
    if not videos.any():
        return math.nan
    return float(np.average(held_out.above[videos, number], weights=held_out.snippets[videos]))


def quoted(labels: Sequence[str]) -> str:
    """Up to three labels, quoted."""
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(repr(label) for label in labels[:3]) + more
