"""How scores become detections: the options, and their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from lpat.errors import UsageError

Threshold = Literal["predicted", "manual"]
Proposals = Literal["runs", "components", "levels", "levels+ends"]
Boundary = Literal["snippet", "crossing"]
SegmentScore = Literal["probability", "wtalc", "margin", "contrast"]
ClassSelection = Literal["mean", "all"]
Suppression = Literal["hard", "soft"]

_CHOICES = {
    "threshold": get_args(Threshold),
    "proposals": get_args(Proposals),
    "boundary": get_args(Boundary),
    "segment_score": get_args(SegmentScore),
    "class_selection": get_args(ClassSelection),
    "suppression": get_args(Suppression),
}
_RANGES = {
    "lowest_level": (-1000.0, 0.0),
    "highest_level": (0.0, 1.0),
    "cut": (0.0, 1.0),
    "overlap": (0.0, 1.0),
    "sharpness": (0.001, 1000.0),
    "class_weight": (0.0, 10.0),
    "minimum_score": (0.0, 1000.0),
}
_MOST = {"minimum_snippets": 1_000_000, "levels": 64}


@dataclass(frozen=True)
class PostProcessing:
    """How scores become detections; the readings that LPAT's paper leaves open.

    Attributes:
        proposals: "runs", the maximal runs of snippets above the threshold; "components", of the
            connected stretches above any level at all, the best that don't overlap, judged by
            how their sigmoid(s - b) stands out of its surroundings; "levels", the runs above the
            threshold and above levels around it, the best of those that overlap (docs/core.md);
            "levels+ends", beside them what a model that has learned ends predicts by itself.
        boundary: segments end at snippet edges, or where score - threshold, linear between
            snippet centres, crosses zero; of a component, the middle of its levels; of a run
            above a level, that level.
        minimum_snippets: shorter segments are left out.
        segment_score: of a segment of class c with probability p, scores s and threshold b:
            "probability", p * mean sigmoid(s - b); "wtalc", max(s) + 0.7 p (W-TALC);
            "margin", mean (s - b); "contrast", mean s inside minus outside (AutoLoc), of a
            component, mean (s - b). "levels" are scored by peak and contrast, whatever it is:
            0.3 max(s - b) + 3 (mean gate inside - just outside).
        threshold: the model's background, or a cut between the extremes of each class's scores
            in the video.
        class_selection: classes at least as probable as the mean class, or all.
        cut: where that lies: min + cut (max - min); a half is W-TALC's (max + min) / 2.
        levels: how many, 1 to 64; as are those below, of "levels" only.
        lowest_level: the lowest, a margin s - b of at most 0.
        highest_level: the highest, as a share of the class's highest margin in the video.
        suppression: what becomes of those that overlap: "hard", a segment gives way to a better one
            of its class, or "soft", its score decays by the tIoU with each better one (Soft-NMS).
        overlap: tIoU above which a segment gives way.
        sharpness: the gate of the contrast is sigmoid(sharpness * (s - b)).
        minimum_score: those whose score has decayed below are left out.
        class_weight: of whatever proposals, how much the class's probability counts: a score above
            0 is multiplied by (p / p of the most probable class) to this power.

    Raises:
        UsageError: an option has no such value.
    """

    boundary: Boundary = "snippet"
    minimum_snippets: int = 1
    segment_score: SegmentScore = "probability"
    threshold: Threshold = "predicted"
    class_selection: ClassSelection = "mean"
    cut: float = 0.5
    proposals: Proposals = "runs"
    levels: int = 7
    lowest_level: float = -0.5
    highest_level: float = 0.8
    overlap: float = 0.5
    sharpness: float = 1.5
    suppression: Suppression = "hard"
    minimum_score: float = 0.0
    class_weight: float = 0.0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise UsageError(f"{name} must be one of {', '.join(choices)}, not {value!r:.80}")
        for name, most in _MOST.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise UsageError(
                    f"{name} must be a whole number from 1 to {most}, not {value!r:.40}"
                )
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not least <= value <= most:
                raise UsageError(
                    f"{name} must be a number from {least:g} to {most:g}, not {value!r:.40}"
                )


DEFAULT = PostProcessing()
