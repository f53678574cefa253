"""The rules by which evaluation protocols differ; docs/evaluation.md states the three in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from lpat.errors import UsageError

Protocol = Literal["activitynet", "thumos14", "wtalc"]
Matcher = Literal["best_truth", "best_detection", "first_truth"]
AmbiguousRule = Literal["none", "drop_unmatched", "drop_all"]
EmptyClass = Literal["zero", "skip"]

_CHOICES = {"matcher": Matcher, "ambiguous": AmbiguousRule, "empty_class": EmptyClass}


@dataclass(frozen=True)
class ProtocolOptions:
    """One protocol, rule by rule.

    `matcher`: each detection, best first, takes the free ground truth of largest tIoU
    ("best_truth") or the first of the list that is free and good enough ("first_truth"), or each
    ground truth, in list order, takes the free detection of largest tIoU ("best_detection").

    `ambiguous`: detections that overlap an ambiguous interval are judged like the others ("none"),
    left out of the ranking where they take no ground truth ("drop_unmatched"), or left out before
    anything is matched ("drop_all").

    `empty_class`: a class without detections has average precision 0 ("zero"), or is left out of
    the mean ("skip").

    Raises:
        UsageError: no such rule, or a grid that isn't positive and finite.
    """

    matcher: Matcher
    strict: bool  # whether a tIoU must exceed the threshold, or reach it
    interpolated: bool  # whether the precision at a recall is the best at that or beyond
    ambiguous: AmbiguousRule
    snippets_per_second: float | None  # grid to which ground truths are rounded; None: they aren't
    empty_class: EmptyClass = "zero"

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            if getattr(self, name) not in get_args(kind):
                choices = ", ".join(get_args(kind))
                raise UsageError(f"{name} must be one of {choices}, not {getattr(self, name)!r}")
        rate = self.snippets_per_second
        if rate is not None and not 0 < rate < float("inf"):
            raise UsageError(f"snippets_per_second must be positive and finite, not {rate:g}")


PROTOCOLS: Mapping[Protocol, ProtocolOptions] = MappingProxyType(
    {
        "activitynet": ProtocolOptions(
            matcher="best_truth",
            strict=False,
            interpolated=True,
            ambiguous="none",
            snippets_per_second=None,
        ),
        "thumos14": ProtocolOptions(
            matcher="best_detection",
            strict=True,
            interpolated=False,
            ambiguous="drop_unmatched",
            snippets_per_second=None,
        ),
        "wtalc": ProtocolOptions(
            matcher="first_truth",
            strict=False,
            interpolated=False,
            ambiguous="drop_all",
            snippets_per_second=25 / 16,
        ),
    }
)
