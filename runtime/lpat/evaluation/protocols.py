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


def rules_in_words(options: ProtocolOptions) -> tuple[tuple[str, str], ...]:
    """Each rule and what it says, for people who compare figures."""
    rate = options.snippets_per_second
    return (
        ("tIoU", f"must {'exceed' if options.strict else 'reach'} the threshold"),
        ("matching", _MATCHERS[options.matcher]),
        ("precision", "interpolated at all points" if options.interpolated else "not interpolated"),
        ("ambiguous intervals", _AMBIGUOUS_RULES[options.ambiguous]),
        ("ground truth", f"rounded to {rate:g} snippets per second" if rate else "not rounded"),
        (
            "class without detections",
            "average precision 0" if options.empty_class == "zero" else "left out of the mean",
        ),
    )


_MATCHERS: Mapping[Matcher, str] = {
    "best_truth": "each detection, best first, takes the free ground truth of largest tIoU",
    "best_detection": "each ground truth takes the free detection of largest tIoU",
    "first_truth": "each detection, best first, takes the first free ground truth that suffices",
}
_AMBIGUOUS_RULES: Mapping[AmbiguousRule, str] = {
    "none": "not heeded",
    "drop_unmatched": "detections there that take no ground truth are left out",
    "drop_all": "detections there are left out",
}
