"""A plain verdict on each class of an evaluation, and the one thing that would help most."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from lpat.evaluation.average_precision import Evaluation
from lpat.evaluation.error_analysis import (
    BADLY_LOCATED,
    FOUND,
    MISLABELLED,
    UNSEEN,
    Diagnosis,
)

Verdict = Literal["works", "doubtful", "not found"]

WORKING, FINDING = 0.5, 0.1
"""Average precisions: what works has reached the first, what is below the second isn't found."""

LEAST_GAIN = 0.01
"""Of mAP, which an advice must promise."""

MOST_LINES = 10  # of classes

_FATES = ((BADLY_LOCATED, "badly located"), (MISLABELLED, "mislabelled"), (UNSEEN, "unseen"))


@dataclass(frozen=True)
class ClassVerdict:
    """A class, and what became of its truths at a tIoU threshold."""

    label: str
    verdict: Verdict
    precision: float  # average precision, NaN where the protocol leaves the class out
    truths: int
    found: int
    missed_most: str  # what became of most of the others; empty where all were found

    @property
    def line(self) -> str:
        """The verdict and its reason in words."""
        said = f"{self.verdict}: {self.found} of {self.truths} truths found"
        if not np.isnan(self.precision):
            said = f"{said}, average precision {100 * self.precision:.1f} %"
        return f"{said}; the rest is mostly {self.missed_most}" if self.missed_most else said


@dataclass(frozen=True)
class Verdicts:
    """Verdicts on all classes, the worst first, at a tIoU threshold; and what would help most."""

    tiou: float
    classes: tuple[ClassVerdict, ...]
    advice: str

    def lines(self) -> list[str]:
        """For the terminal: the worst classes, how the others did, and the advice."""
        shown = self.classes[:MOST_LINES]
        width = max(len(entry.label) for entry in shown)
        lines = [f"verdicts at tIoU {self.tiou:g}"]
        lines += [f"  {entry.label:{width}}  {entry.line}" for entry in shown]
        if rest := self.classes[MOST_LINES:]:
            names: tuple[Verdict, ...] = ("not found", "doubtful", "works")
            counts = [(sum(entry.verdict == name for entry in rest), name) for name in names]
            words = ", ".join(f"{count} {name}" for count, name in counts if count)
            lines.append(f"  and {len(rest)} more classes: {words}")
        return [*lines, f"what would help most: {self.advice}"]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; None for the precision of a class that the protocol leaves out."""
        rows = [asdict(entry) for entry in self.classes]
        for row in rows:
            row["precision"] = None if np.isnan(row["precision"]) else row["precision"]
        return {"tiou": self.tiou, "classes": rows, "advice": self.advice}


def verdicts_of(evaluation: Evaluation, diagnosis: Diagnosis) -> Verdicts:
    """Verdicts by the average precision at the diagnosis's threshold, and by what was missed."""
    precisions = evaluation.matching.average_precisions(np.array([diagnosis.tiou]))[:, 0]
    rows = zip(diagnosis.classes, precisions.tolist(), diagnosis.fates_by_class, strict=True)
    entries = []
    for label, precision, fates in rows:
        (worst, words) = max(_FATES, key=lambda fate: fates[fate[0]])
        entries.append(
            ClassVerdict(
                label,
                _verdict(precision),
                precision,
                int(fates.sum()),
                int(fates[FOUND]),
                words if fates[worst] else "",
            )
        )
    ranked = sorted(entries, key=lambda entry: np.nan_to_num(entry.precision))
    return Verdicts(diagnosis.tiou, tuple(ranked), _advice(diagnosis, ranked[0].label))


def _verdict(precision: float) -> Verdict:
    if precision >= WORKING:
        return "works"
    return "doubtful" if precision >= FINDING else "not found"


def _advice(diagnosis: Diagnosis, worst: str) -> str:
    """What would gain most in mAP, were there no errors of a kind."""
    gains = dict(diagnosis.gains)
    gains["confusion"] += gains.pop("wrong_label")
    kind = max(gains, key=gains.__getitem__)
    if gains[kind] < LEAST_GAIN:
        return "nothing stands out: no kind of error costs a point of mAP"
    lost = f"{100 * gains[kind]:.1f} points of mAP"
    match kind:
        case "background":
            return (
                f"detections where nothing happens cost {lost}: fewer of them "
                "(lpat-detect --false-alarms, --min-score), or training videos without the classes"
            )
        case "localization":
            return f"detections with wrong ends cost {lost}: a smaller --stride in training"
        case "confusion":
            pairs = diagnosis.mislabelled_pairs()
            which = f", most of all {pairs[0][1]!r} for {pairs[0][0]!r}" if pairs else ""
            return (
                f"to take one class for another costs {lost}{which}: training videos that show one "
                "without the other"
            )
        case "double":
            return f"to find the same twice costs {lost}: more --minimum-snippets in training"
        case _:
            return (
                f"what nothing finds costs {lost}: more training videos of {worst!r} first, or "
                "more false alarms (lpat-detect --false-alarms)"
            )
