"""Where "above" begins in a model's scores of the open video, and moving it without a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lpat.localizer import Localizer
from lpat.segments.detect import detect
from lpat.segments.level import LevelTable, leveled, shifted
from lpat.segments.post_processing import PostProcessing
from lpat.segments.sensitivity import Sensitivity
from lpat.types import Detections, Features, Scores


@dataclass(frozen=True, eq=False)
class Level:
    """A rate of false alarms, and all that its scores and detections are made of.

    `learned` are the scores measured from the level as it was trained, whose background follows the
    video already. `saved` is what the model's file has chosen; its rate, or the trained one, is the
    model's own.
    """

    learned: Scores
    table: LevelTable
    options: PostProcessing
    rate: float
    saved: Sensitivity = field(default_factory=Sensitivity)

    @classmethod
    def of(cls, localizer: Localizer, features: Features) -> Level | None:
        """A model's own level in a video's features; None where it has none to move.

        Raises as `Localizer.score` does.
        """
        metadata = localizer.metadata
        if metadata.level is None:
            return None
        learned = leveled(localizer.learned_scores(features), metadata.level)
        saved = metadata.sensitivity
        own = metadata.level.false_alarms if saved.false_alarms is None else saved.false_alarms
        return cls(learned, metadata.level, metadata.post_processing, own, saved)

    @property
    def own(self) -> float:
        """The model's own rate."""
        saved = self.saved.false_alarms
        return self.table.false_alarms if saved is None else saved

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

    @property
    def sensitivity(self) -> Sensitivity:
        """What is chosen: the file's own, but that another rate is that of every class."""
        asked = Sensitivity() if self.rate == self.own else Sensitivity.of(self.rate)
        return asked.over(self.saved)

    def results(self) -> tuple[Scores, Detections]:
        """Scores measured from this level, and what they show."""
        chosen = self.sensitivity
        rates = chosen.rates(self.learned.classes, self.table)
        scores = shifted(self.learned, self.table, rates, 0.0)
        return scores, chosen.kept(detect(scores, self.options))
