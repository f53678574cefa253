"""The one thing that would help a training set most."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lpat_train.report.label_checks import LabelChecks
from lpat_train.report.uncertain_videos import UncertainVideo
from lpat_train.report.verdicts import FEWEST, WORKING, ClassReport, quoted

Help = Literal["more", "absent", "apart", "features", "review", "same", "unreadable"]

SCANTY = 10
"""Videos of a class below which more of them are what helps it first."""

LEAST_LACK = 0.5
"""What a class counts at least that doesn't work; one that isn't learned at all counts 1."""

LOST = 0.1
"""Share of the videos that can't be read from which on this is what may matter most."""


@dataclass(frozen=True)
class _Known:
    classes: Sequence[ClassReport]  # that the advice is on, the fewest videos first
    checks: LabelChecks
    uncertain: Sequence[UncertainVideo]


def advice(
    checks: LabelChecks, classes: Sequence[ClassReport], uncertain: Sequence[UncertainVideo]
) -> str:
    """What helps most of what doesn't work; the worse a class is, the more it counts."""
    poor = sum(entry.skill < WORKING for entry in classes)
    can_review = bool(uncertain) and 2 * poor <= len(classes)
    weights: dict[Help, float] = {}
    helped: dict[Help, list[ClassReport]] = {}
    for entry in classes:
        if entry.verdict == "works":
            continue
        kind = _what_helps(entry, checks, can_review=can_review)
        lack = 1.0 if math.isnan(entry.skill) else min(max(1 - entry.skill, LEAST_LACK), 1.0)
        weights[kind] = weights.get(kind, 0.0) + lack
        helped.setdefault(kind, []).append(entry)
    if contradictory := sum(its.contradictory for its in checks.same):
        weights["same"] = LEAST_LACK * contradictory
    lost = len(checks.unreadable) / (checks.videos + len(checks.unreadable))
    if lost >= LOST:
        weights["unreadable"] = lost * len(classes)
    if not weights:
        return _next_step(uncertain)
    best = max(weights, key=weights.__getitem__)
    its = sorted(helped.get(best, []), key=lambda entry: entry.videos)
    return _WORDS[best](_Known(its, checks, uncertain))


def _what_helps(entry: ClassReport, checks: LabelChecks, *, can_review: bool) -> Help:
    if entry.label in checks.everywhere:
        return "absent"
    if entry.videos < FEWEST:
        return "more"
    if entry.label in checks.always_with:
        return "apart"
    if entry.videos < SCANTY:
        return "more"
    if not entry.skill >= WORKING:
        return "review" if can_review else "features"
    return "absent"


def _more(known: _Known) -> str:
    first = known.classes[0]
    return f"more videos of {_labels(known)}: {first.videos} show {first.label!r}"


def _absent(known: _Known) -> str:
    return f"videos without {_labels(known)}, like those that the model is to run on"


def _apart(known: _Known) -> str:
    label = known.classes[0].label
    others = quoted(known.checks.always_with[label])
    return (
        f"videos of {label!r} without {others}: as long as they always come together, labels "
        "can't tell them apart"
    )


def _features(_: _Known) -> str:
    return (
        "other features (--features, --backbone): there are videos enough, and these don't tell "
        "most classes apart"
    )


def _same(known: _Known) -> str:
    names = next(its.names for its in known.checks.same if its.contradictory)
    return f"look at the labels of {quoted(names)}: the same video with different labels"


def _unreadable(known: _Known) -> str:
    return f"mend or replace the {len(known.checks.unreadable)} videos that can't be read"


def _review(known: _Known) -> str:
    return _to_review(known.uncertain)


_WORDS: Mapping[Help, Callable[[_Known], str]] = {
    "more": _more,
    "absent": _absent,
    "apart": _apart,
    "features": _features,
    "same": _same,
    "unreadable": _unreadable,
    "review": _review,
}


def _to_review(videos: Sequence[UncertainVideo]) -> str:
    names = ", ".join(repr(video.name) for video in videos)
    return f"review the labels of the most uncertain videos: {names}"


def _next_step(uncertain: Sequence[UncertainVideo]) -> str:
    doubted = [video for video in uncertain if video.share >= 0.5]
    if doubted:
        return _to_review(doubted)
    return "a few videos with times: lpat-eval tells how good the segments are"


def _labels(known: _Known) -> str:
    return quoted([entry.label for entry in known.classes])
