"""Why a detector is as good as it is: kinds of errors and what each costs, and what was missed.

After Alwassel et al., "Diagnosing Error in Temporal Action Detectors" (2018), whose code is DETAD.
docs/evaluation.md states the definitions, and where they differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lpat.core import best_overlaps, mean_over_classes
from lpat.errors import UsageError
from lpat.evaluation.matching import DROPPED, EventTable, Matching
from lpat.types import BoolArray, Float64Array, Int64Array

LENGTH_NAMES = ("XS", "S", "M", "L", "XL")


@dataclass(frozen=True, eq=False)
class LengthBins:
    """Five bins; each holds the lengths above the bound below it, up to its own.

    Raises:
        UsageError: the bounds aren't four finite, positive lengths in ascending order.
    """

    bounds: Float64Array  # (4,) seconds

    def __post_init__(self) -> None:
        bounds = self.bounds
        expected = bounds.shape == (len(LENGTH_NAMES) - 1,) and np.isfinite(bounds).all()
        if not (expected and (bounds >= 0).all() and (np.diff(bounds) >= 0).all()):
            raise UsageError(
                f"length bounds must be four ascending lengths in seconds, not {bounds.tolist()}"
            )

    def of(self, lengths: Float64Array) -> Int64Array:
        """The bin (N,) of each length."""
        return np.searchsorted(self.bounds, lengths, side="left")

    @property
    def intervals(self) -> tuple[str, ...]:
        """Each bin's lengths in words, such as "2.1-4.5 s"."""
        words = [f"{bound:.3g}" for bound in self.bounds]
        between = [f"{low}\N{EN DASH}{high} s" for low, high in pairwise(words)]
        return (f"up to {words[0]} s", *between, f"over {words[-1]} s")


def fifths(lengths: Float64Array) -> LengthBins:
    """Bins that each hold a fifth of the lengths (at least one), as nearly as equal ones allow."""
    return LengthBins(np.quantile(lengths, [0.2, 0.4, 0.6, 0.8]))


def length_bins(bounds: Sequence[float] | None, lengths: Float64Array) -> LengthBins:
    """Bins with the `bounds` given, or else fifths of the lengths."""
    return fifths(lengths) if bounds is None else LengthBins(np.array(bounds, np.float64))


LOWEST_TIOU = 0.1
"""A detection that overlaps every truth by less lies in the background."""

DEPTH = 10
"""Of each class with G truths, the best DEPTH x G detections are judged."""

KINDS = ("true", "double", "wrong_label", "localization", "confusion", "background")
TRUE, DOUBLE, WRONG_LABEL, LOCALIZATION, CONFUSION, BACKGROUND = range(len(KINDS))

FATES = ("found", "badly_located", "mislabelled", "unseen")
FOUND, BADLY_LOCATED, MISLABELLED, UNSEEN = range(len(FATES))


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Kinds of the detections judged and fates of the truths, at one tIoU threshold.

    Axes: C class, L length bin, and the kinds and fates in the order of `KINDS` and `FATES`.
    """

    tiou: float
    classes: tuple[str, ...]  # (C,)
    kinds_by_rank: Int64Array  # (DEPTH, kinds): of each class's G best, its next G, and so on
    kinds_by_class: Int64Array  # (C, kinds)
    kinds_by_length: Int64Array  # (L, kinds), by the length of the detection
    fates_by_class: Int64Array  # (C, fates)
    fates_by_length: Int64Array  # (L, fates), by the length of the truth
    lengths: LengthBins
    wrong_labels: Int64Array  # (C, C) wrong labels, by the class detected and the true one
    dropped: int  # detections that the protocol leaves out of the ranking
    beyond: int  # detections that rank below those judged
    mean_average_precision: float  # at the threshold, of all detections
    gains: Mapping[str, float]  # what mAP gains without each false kind, and without "missed"

    @property
    def kinds(self) -> Int64Array:
        """Detections judged, of each kind."""
        return self.kinds_by_class.sum(axis=0)

    @property
    def fates(self) -> Int64Array:
        """Truths of each fate."""
        return self.fates_by_class.sum(axis=0)

    def mislabelled_pairs(self) -> list[tuple[str, str, int]]:
        """Class detected, true class and count of the wrong labels, the most frequent first."""
        detected, true = np.nonzero(self.wrong_labels)
        counts = self.wrong_labels[detected, true]
        return [
            (self.classes[detected[i]], self.classes[true[i]], int(counts[i]))
            for i in np.argsort(-counts, kind="stable")
        ]

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain JSON values; precisions are fractions."""
        return {
            "tiou": self.tiou,
            "lowest_tiou": LOWEST_TIOU,
            "depth": DEPTH,
            "dropped": self.dropped,
            "beyond": self.beyond,
            "kinds": _named(KINDS, self.kinds),
            "kinds_by_rank": [_named(KINDS, row) for row in self.kinds_by_rank],
            "mAP": self.mean_average_precision,
            "gains": dict(self.gains),
            "truths": _named(FATES, self.fates),
            "by_class": {
                label: {"detections": _named(KINDS, kinds), "truths": _named(FATES, fates)}
                for label, kinds, fates in zip(
                    self.classes, self.kinds_by_class, self.fates_by_class, strict=True
                )
            },
            "length_bounds": self.lengths.bounds.tolist(),
            "by_length": {
                name: {"detections": _named(KINDS, kinds), "truths": _named(FATES, fates)}
                for name, kinds, fates in zip(
                    LENGTH_NAMES, self.kinds_by_length, self.fates_by_length, strict=True
                )
            },
            "wrong_labels": [
                {"detected": detected, "true": true, "count": count}
                for detected, true, count in self.mislabelled_pairs()
            ],
        }


def diagnose(
    matching: Matching, *, tiou: float = 0.5, length_bounds: Sequence[float] | None = None
) -> Diagnosis:
    """Kinds of errors at one threshold, what each costs, and what became of each truth.

    Which detections are true follows the protocol's own matching of all of them. Detections that it
    drops take no rank; of the others, each class's best `DEPTH` for each of its truths are judged.
    Instances are binned by length in fifths of the truths' lengths, or at four `length_bounds`.

    Raises:
        UsageError: the threshold isn't above `LOWEST_TIOU` and at most 1, or the bounds aren't four
            ascending lengths.
    """
    if not LOWEST_TIOU < tiou <= 1:
        raise UsageError(f"errors are told apart at a tIoU in ({LOWEST_TIOU:g}, 1], not {tiou:g}")
    detections, truths = matching.detections, matching.truths
    bins = length_bins(length_bounds, truths.lengths)
    matches = matching.matches(np.array([tiou]))[0]
    group = matching.ranks(matches) // matching.truth_counts[detections.classes]
    dropped = matches == DROPPED
    judged = ~dropped & (group < DEPTH)

    kinds, nearest = _kinds(matching, matches, tiou)
    fates = _fates(truths, detections.where(judged), np.unique(matches[matches >= 0]))
    gains, base = _gains(matching, np.where(judged, kinds, -1), fates == FOUND, tiou)
    kind, count = kinds[judged], len(matching.classes)
    wrong = judged & (kinds == WRONG_LABEL)
    return Diagnosis(
        tiou=tiou,
        classes=matching.classes,
        kinds_by_rank=_counts(group[judged], kind, DEPTH, len(KINDS)),
        kinds_by_class=_counts(detections.classes[judged], kind, count, len(KINDS)),
        kinds_by_length=_counts(
            bins.of(detections.lengths[judged]), kind, len(LENGTH_NAMES), len(KINDS)
        ),
        fates_by_class=_counts(truths.classes, fates, count, len(FATES)),
        fates_by_length=_counts(bins.of(truths.lengths), fates, len(LENGTH_NAMES), len(FATES)),
        lengths=bins,
        wrong_labels=_counts(
            detections.classes[wrong], truths.classes[nearest[wrong]], count, count
        ),
        dropped=int(dropped.sum()),
        beyond=int((~dropped & ~judged).sum()),
        mean_average_precision=base,
        gains=gains,
    )


def _kinds(matching: Matching, matches: Int64Array, tiou: float) -> tuple[Int64Array, Int64Array]:
    """Kind (N,) of each detection, and the truth that it overlaps most, -1 for none.

    That truth decides, as in DETAD. Of equal overlaps, one of the detection's own class counts.
    """
    detections, truths = matching.detections, matching.truths
    overlaps, nearest = _overlaps(detections, truths, matching.options.snippets_per_second)
    own = overlaps[:, 0] >= overlaps[:, 1]
    best = overlaps.max(axis=1)
    suffices = best > tiou if matching.options.strict else best >= tiou
    kinds = np.select(
        [matches >= 0, suffices & own, suffices, (best > 0) & own, best > 0],
        [TRUE, DOUBLE, WRONG_LABEL, LOCALIZATION, CONFUSION],
        BACKGROUND,
    )
    return kinds, np.where(own, nearest[:, 0], nearest[:, 1])


def _overlaps(
    events: EventTable, others: EventTable, snippets_per_second: float | None
) -> tuple[Float64Array, Int64Array]:
    """Largest tIoU (N, 2) of each event with others of its class and of another, and with which."""
    return best_overlaps(
        detection_videos=events.videos,
        detection_classes=events.classes,
        detection_segments=events.segments,
        truth_videos=others.videos,
        truth_classes=others.classes,
        truth_segments=others.segments,
        lowest_tiou=LOWEST_TIOU,
        snippets_per_second=snippets_per_second,
    )


def _fates(truths: EventTable, judged: EventTable, found: Int64Array) -> Int64Array:
    """What became of each truth (G,): `found` by a detection, or what overlaps it, if anything."""
    overlaps, _ = _overlaps(truths, judged, None)
    own, others = overlaps.T > 0
    fates = np.select([own, others], [BADLY_LOCATED, MISLABELLED], UNSEEN)
    fates[found] = FOUND
    return fates


def _gains(
    matching: Matching, kinds: Int64Array, found: BoolArray, tiou: float
) -> tuple[dict[str, float], float]:
    """What mAP at the threshold gains without the detections of each kind, and that mAP.

    For "missed", truths that nothing found are taken away; a class of which nothing was found keeps
    them, and its precision of 0.
    """
    thresholds = np.array([tiou])
    before = matching.average_precisions(thresholds)
    base = float(mean_over_classes(before)[0])

    def gain(truths: EventTable, detections: EventTable) -> float:
        after = matching.reduced(truths, detections).average_precisions(thresholds)
        after[np.isnan(before)] = np.nan  # who doesn't count before doesn't after
        return float(mean_over_classes(after)[0]) - base

    truths, detections = matching.truths, matching.detections
    gains = {
        KINDS[kind]: gain(truths, detections.where(kinds != kind))
        for kind in range(DOUBLE, len(KINDS))
    }
    some_found = np.bincount(truths.classes[found], minlength=len(matching.classes)) > 0
    gains["missed"] = gain(truths.where(found | ~some_found[truths.classes]), detections)
    return gains, base


def _counts(rows: Int64Array, columns: Int64Array, height: int, width: int) -> Int64Array:
    """How often each row stands beside each column: (height, width)."""
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def _named(names: Sequence[str], counts: Float64Array | Int64Array) -> dict[str, Any]:
    return dict(zip(names, counts.tolist(), strict=True))
