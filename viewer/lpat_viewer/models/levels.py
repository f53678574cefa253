"""Where "above" begins in a model's scores of the open video, and moving it without a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lpat.segments.detect import detect
from lpat.segments.level import LevelTable, shifted
from lpat.segments.post_processing import PostProcessing
from lpat.types import Detections, Scores


@dataclass(frozen=True, eq=False)
class Level:
    """A rate of false alarms, and all that its scores and detections are made of.

    `learned` are the scores measured from the model's own level, whose background follows the video
    already.
    """

    learned: Scores
    table: LevelTable
    options: PostProcessing
    rate: float

    @property
    def own(self) -> float:
        """The model's own rate."""
        return self.table.false_alarms

    @property
    def lowest(self) -> float:
        """The lowest rate that the model knows the margins of."""
        return self.table.rates[0]

    @property
    def highest(self) -> float:
        """The highest rate that the model knows the margins of."""
        return self.table.rates[-1]

    def at(self, rate: float) -> Level:
        """The level of another rate, or of the nearest that is known."""
        return replace(self, rate=min(max(rate, self.lowest), self.highest))

    def results(self) -> tuple[Scores, Detections]:
        """Scores measured from this level, and what they show."""
        scores = shifted(self.learned, self.table, self.rate, 0.0)
        return scores, detect(scores, self.options)
