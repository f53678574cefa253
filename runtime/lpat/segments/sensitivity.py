"""How much is found: the rate of false alarms and the lowest score, of all classes and of some.

Axes: C class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from lpat.errors import ModelError, UsageError
from lpat.segments.level import LevelTable
from lpat.types import Detections, Float64Array

Choice = float | Mapping[str | None, float] | None
"""A value for all classes, or values by class, of which that of None is for all others."""

_NAMED = 5  # classes that a message lists


@dataclass(frozen=True)
class Sensitivity:
    """What was chosen; the rest is the model's own level, and detections of any score.

    `class_false_alarms` and `class_min_scores` are by class, and count instead of the general ones.
    """

    false_alarms: float | None = None
    class_false_alarms: Mapping[str, float] = field(default_factory=dict[str, float])
    min_score: float | None = None
    class_min_scores: Mapping[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def of(cls, false_alarms: Choice = None, min_score: Choice = None) -> Sensitivity:
        """Of a choice for each."""
        rate, rates = _parts(false_alarms)
        score, scores = _parts(min_score)
        return cls(rate, rates, score, scores)

    @property
    def moves_level(self) -> bool:
        """Whether any class's level is moved."""
        return self.false_alarms is not None or bool(self.class_false_alarms)

    def over(self, other: Sensitivity) -> Sensitivity:
        """This where something is chosen, else what the other one chooses.

        A value for all classes takes the place of what was chosen for each.
        """
        rate, rates = self.false_alarms, self.class_false_alarms
        if rate is None:
            rate, rates = other.false_alarms, {**other.class_false_alarms, **rates}
        score, scores = self.min_score, self.class_min_scores
        if score is None:
            score, scores = other.min_score, {**other.class_min_scores, **scores}
        return Sensitivity(rate, rates, score, scores)

    def checked(self, classes: tuple[str, ...], table: LevelTable | None) -> Sensitivity:
        """The same, without what is the model's own or the general value anyway.

        Raises:
            UsageError: a class that isn't of the model, a rate that it doesn't know, or a score
                that isn't finite.
        """
        for what, named in (
            ("false alarms", self.class_false_alarms),
            ("min score", self.class_min_scores),
        ):
            if unknown := [label for label in named if label not in classes]:
                more = ", ..." if len(classes) > _NAMED else ""
                raise UsageError(
                    f"{what}: expected a class of the model ({', '.join(classes[:_NAMED])}{more}), "
                    f"not {unknown[0]!r}"
                )
        for score in (self.min_score, *self.class_min_scores.values()):
            if score is not None and not math.isfinite(score):
                raise UsageError(f"min score: expected a finite number, not {score}")
        rate, rates = self.false_alarms, dict(self.class_false_alarms)
        if self.moves_level:
            if table is None:
                raise UsageError(
                    "false alarms: expected a model whose level is calibrated; this one's is as it "
                    "was learned: train with --false-alarms above 0"
                )
            for its in (rate, *rates.values()):
                if its is not None:
                    table.shifts(its)  # refuses what it doesn't know
            rate = None if rate == table.false_alarms else rate
            general = table.false_alarms if rate is None else rate
            rates = {label: its for label, its in rates.items() if its != general}
        scores = {k: its for k, its in self.class_min_scores.items() if its != self.min_score}
        return Sensitivity(rate, rates, self.min_score, scores)

    def rates(self, classes: tuple[str, ...], table: LevelTable) -> Float64Array | None:
        """The rate (C,) of each class; None where all are the model's own."""
        if not self.moves_level:
            return None
        general = table.false_alarms if self.false_alarms is None else self.false_alarms
        return np.array([self.class_false_alarms.get(label, general) for label in classes])

    def kept(self, detections: Detections) -> Detections:
        """Those whose score is high enough."""
        if self.min_score is None and not self.class_min_scores:
            return detections
        general = -math.inf if self.min_score is None else self.min_score
        lowest = np.array([self.class_min_scores.get(its, general) for its in detections.classes])
        return detections[detections.scores >= lowest[detections.labels]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values of what was chosen."""
        values = {
            "false_alarms": self.false_alarms,
            "class_false_alarms": dict(self.class_false_alarms),
            "min_score": self.min_score,
            "class_min_scores": dict(self.class_min_scores),
        }
        return {name: value for name, value in values.items() if value not in (None, {})}

    def describe(self) -> str | None:
        """What was chosen in words; None where nothing was."""
        said = []
        for what, general, named in (
            ("false alarms", self.false_alarms, self.class_false_alarms),
            ("scores of at least", self.min_score, self.class_min_scores),
        ):
            parts = [] if general is None else [f"{general:g}"]
            parts += [f"{label!r} {value:g}" for label, value in named.items()]
            if parts:
                said.append(f"{what} {', '.join(parts)}")
        return "; ".join(said) or None


def _parts(choice: Choice) -> tuple[float | None, dict[str, float]]:
    if not isinstance(choice, Mapping):
        return choice, {}
    named = {label: float(value) for label, value in choice.items() if label is not None}
    return choice.get(None), named


def sensitivity_from_json(
    value: Any, classes: tuple[str, ...], table: LevelTable | None
) -> Sensitivity:
    """A sensitivity from what `to_json` gives.

    Raises:
        ModelError: it holds what no sensitivity does, or what the model doesn't know.
    """
    if not isinstance(value, Mapping):
        raise ModelError("broken metadata: expected an object sensitivity")
    entries = cast(Mapping[str, Any], value)
    if unknown := set(entries) - set(Sensitivity.__dataclass_fields__):
        raise ModelError(f"broken metadata: sensitivity: unknown {min(unknown)[:40]!r}")
    for name, its in entries.items():
        by_class = name.startswith("class_")
        numbers = list(its.values()) if by_class and isinstance(its, dict) else [its]
        if by_class != isinstance(its, dict) or not all(
            type(number) in (int, float) for number in numbers
        ):
            raise ModelError(f"broken metadata: sensitivity: expected numbers as {name}")
    try:
        return Sensitivity(**entries).checked(classes, table)
    except UsageError as error:
        raise ModelError(f"broken metadata: sensitivity: {error}") from error
