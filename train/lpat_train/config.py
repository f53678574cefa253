"""What a training run can be told: one frozen dataclass. `presets` has its starting points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from lpat.errors import UsageError
from lpat.segments.level import RATES
from lpat.segments.post_processing import (
    Boundary,
    ClassSelection,
    PostProcessing,
    Proposals,
    SegmentScore,
    Suppression,
    Threshold,
)

MethodName = Literal[
    "lpat",
    "wtalc",
    "hide-and-seek",
    "untrimmednets",
    "stpn",
    "cmcs",
    "3c-net",
    "star",
    "autoloc",
]
BackgroundReading = Literal["once", "inside"]
NormReading = Literal["vector", "snippet"]
Precision = Literal["auto", "float32", "bfloat16"]
Heeds = Literal["auto", "motion", "both"]

WIDEST_WINDOW = 63
"""Snippets of a mean: what a window of a long video sees beyond its own, on each side, at least."""

Windows = tuple[int, ...]
"""Snippets that means run over, each odd and around its snippet; ascending."""


MOST = 1_000_000
"""Of what is counted: no training is as large, and computing with it can't overflow."""


def _option(
    default: Any,
    words: str,
    *methods: MethodName,
    positive: bool = False,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A field and its range; `methods` are those that have it, none means all."""
    metadata = {"help": words, "methods": methods}
    metadata |= {"positive": positive, "at_least": at_least, "at_most": at_most}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters; the defaults are the preset `lpat` (docs/training.md says why)."""

    seed: int = _option(
        0, "of weights, batches, windows and dropout", at_least=0, at_most=2**32 - 1
    )
    method: MethodName = _option(
        "lpat", "whose network and losses; a method brings defaults of its own"
    )
    steps: int = _option(300, "updates of the weights", positive=True, at_most=MOST)
    batch_size: int = _option(10, "videos in a batch", positive=True, at_most=MOST)
    learning_rate: float = _option(1e-3, "of Adam, constant (paper: 1e-4)", positive=True)
    weight_decay: float = _option(0.0, "of Adam", at_least=0)
    clip_snippets: int = _option(
        320,
        "longer videos are trained on random windows of this length",
        positive=True,
        at_most=MOST,
    )
    precision: Precision = _option(
        "auto", "of matrix products; auto: bfloat16 on CUDA made for it, else float32"
    )
    hold_out: float = _option(
        0.0,
        "share of the training videos whose labels judge the network; 0: none",
        at_least=0,
        at_most=0.9,
    )
    validate_every: int = _option(
        0,
        "steps from one validation to the next; 0: an epoch, but at least 50",
        at_least=0,
        at_most=MOST,
    )
    patience: int = _option(
        0,
        "validations without a better one on the held-out labels that end training; 0: any",
        at_least=0,
        at_most=MOST,
    )
    hidden: int = _option(
        256,
        "width of the feature transformation; 0: the features' own",
        at_least=0,
        at_most=65_536,
    )
    dropout: float = _option(0.7, "before the classifier", at_least=0, at_most=0.99)
    temporal_convolution: bool = _option(False, "the paper's +TemConv")
    context: str = _option(
        "1,3",
        "snippets whose mean stands beside a snippet's own features: 1 (none), 3, 3+7, or 1,3 "
        "for members to take in turn",
    )
    heeds: Heeds = _option(
        "auto",
        "of motion+appearance features: both parts, motion alone, or auto, whichever predicts "
        "held-out labels better",
    )
    components: int = _option(
        0,
        "principal components that a backbone's features are reduced to beside those of motion; "
        "0: all of them count",
        at_least=0,
    )
    standardize: bool = _option(True, "scale features by the training snippets' statistics")
    balance: float = _option(
        0.8,
        "lambda of Eq. 8: the share of L_clas; the rest is L_conf",
        "lpat",
        at_least=0,
        at_most=1.0,
    )
    background_weight: float = _option(
        -1.0, "w_b of Eq. 5; -1: one over the number of classes", "lpat"
    )
    background_reading: BackgroundReading = _option("once", "where w_b stands in Eq. 5", "lpat")
    norm_reading: NormReading = _option("vector", "what the norms of Eq. 7 run over", "lpat")
    top_k: float = _option(
        1.0, "weight of W-TALC's top-k loss; 0: none, as in the paper", "lpat", at_least=0
    )
    top_k_share: float = _option(
        0.125,
        "share of a video's snippets in that loss",
        "lpat",
        "wtalc",
        "3c-net",
        "autoloc",
        positive=True,
        at_most=1.0,
    )
    barrier: float = _option(
        0.1, "weight of the barrier on the mean gate; 0: none", "lpat", at_least=0
    )
    absence: float = _option(
        0.3,
        "weight of what keeps classes that a video doesn't show below the threshold",
        "lpat",
        at_least=0,
    )
    members: int = _option(
        2,
        "networks side by side in the one model, whose mean scores count",
        "lpat",
        positive=True,
        at_most=64,
    )
    self_training: float = _option(
        0.0, "weight of learning from the network's own segments; 0: none", "lpat", at_least=0
    )
    self_training_start: float = _option(
        0.5, "share of the steps after which it begins", "lpat", at_least=0, at_most=1.0
    )
    ends: float = _option(
        1.0,
        "steps of learning where instances end from its own detections, as a multiple of the "
        "steps; 0: none",
        "lpat",
        at_least=0,
        at_most=100,
    )
    marks: float = _option(
        1.0,
        "weight of what reviewed videos and marked moments teach, where there are any",
        "lpat",
        at_least=0,
    )
    casl: float = _option(
        0.0,
        "weight of W-TALC's co-activity similarity, on batches of pairs; 0: neither",
        "lpat",
        "wtalc",
        at_least=0,
    )
    hide: float = _option(
        0.5,
        "share of a video's chunks that training hides",
        "hide-and-seek",
        at_least=0,
        at_most=1.0,
    )
    chunks: int = _option(
        20,
        "equal parts of a video that hide one by one",
        "hide-and-seek",
        positive=True,
        at_most=MOST,
    )
    sparsity: float = _option(1e-4, "beta, weight of the attention's L1 norm", "stpn", at_least=0)
    branches: int = _option(4, "classifiers side by side", "cmcs", positive=True, at_most=64)
    diversity: float = _option(
        0.2, "weight of what keeps branches apart and alike strong", "cmcs", at_least=0
    )
    center: float = _option(
        1e-3, "weight of the distance to the classes' centres", "3c-net", at_least=0
    )
    count: float = _option(
        1.0, "weight of the counts' error, for videos whose counts are known", "3c-net", at_least=0
    )
    false_alarms: float = _option(
        0.03,
        "share of the snippets of videos without a class that may lie above its threshold, which "
        "is set by them; 0: the threshold stays where it was learned",
        at_least=0,
        at_most=0.5,
    )
    follow: float = _option(
        0.5,
        "share of a whole video's shift, seen by the classes it lacks, that its level follows",
        at_least=0,
        at_most=1.0,
    )
    threshold: Threshold = _option(
        "predicted",
        "what a segment lies above: the background, or a cut through the class's scores",
    )
    cut: float = _option(
        0.5,
        "of the manual threshold: how far it lies from the lowest score to the highest",
        at_least=0,
        at_most=1.0,
    )
    minimum_snippets: int = _option(1, "shorter segments are left out", positive=True, at_most=MOST)
    segment_score: SegmentScore = _option("margin", "what a detection's score is")
    boundary: Boundary = _option(
        "crossing", "where a segment ends: at a snippet's edge, or where score and background cross"
    )
    proposals: Proposals = _option(
        "levels",
        "what becomes a segment: runs above the background, the best components, the best runs "
        "above the background and levels around it, or beside these what its ends predict; the "
        "last is the default with --reviewed",
    )

    suppression: Suppression = _option(
        "soft",
        "of levels that overlap: a segment gives way to a better one, or its score decays",
    )
    minimum_score: float = _option(
        0.1, "those whose score has decayed below are left out", at_least=0, at_most=1000
    )
    class_selection: ClassSelection = _option(
        "all", "classes that are looked for: all, or those at least as probable as the mean"
    )
    class_weight: float = _option(
        0.25,
        "how much the class's probability in a video counts in a segment's score",
        at_least=0,
        at_most=10,
    )

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(kind) is not None and value not in get_args(kind):
                choices = ", ".join(get_args(kind))
                raise UsageError(f"{name}: expected one of {choices}, not {value!r}")
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(f"{name}: expected a finite number, not {value}")
        for entry in fields(self):
            _check_range(entry.name, getattr(self, entry.name), entry.metadata)
        windows_of(self.context, self.members)  # which raises where it can't be read
        if 0 < self.false_alarms < RATES[0]:
            raise UsageError(
                f"false_alarms: expected 0, or {RATES[0]:g} to {RATES[-1]:g}, "
                f"not {self.false_alarms}"
            )
        if self.patience and not self.hold_out:
            raise UsageError("patience: expected hold_out above 0 too, which says what is better")
        if self.casl and self.members > 1 and self.method == "lpat":
            raise UsageError(
                f"casl: expected a single member, not {self.members}, as hidden layers of "
                "different members can't be compared; set members to 1 and context to 3"
            )

    def post_processing(self) -> PostProcessing:
        """How the exported model makes segments."""
        return PostProcessing(
            boundary=self.boundary,
            minimum_snippets=self.minimum_snippets,
            segment_score=self.segment_score,
            threshold=self.threshold,
            cut=self.cut,
            proposals=self.proposals,
            suppression=self.suppression,
            minimum_score=self.minimum_score,
            class_selection=self.class_selection,
            class_weight=self.class_weight,
        )

    @property
    def windows(self) -> tuple[Windows, ...]:
        """Snippets that the means run over which each member sees."""
        return windows_of(self.context, self.members)

    @property
    def paired(self) -> bool:
        """Whether batches are to hold pairs of videos that share a class."""
        return self.casl > 0 and self.method in methods_with("casl")

    def teaches(self, step: int) -> bool:
        """Whether the network's own segments are taught in a step."""
        return (
            self.self_training > 0
            and self.method in methods_with("self_training")
            and step >= self.self_training_start * self.steps
        )

    @property
    def end_steps(self) -> int:
        """Steps of learning ends; 0: none."""
        return math.ceil(self.ends * self.steps) if self.method in methods_with("ends") else 0

    def background_weight_of(self, classes: int) -> float:
        """w_b of Eq. 5 for a number of classes."""
        return 1 / classes if self.background_weight < 0 else self.background_weight


def _check_range(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    lowest, highest = metadata["at_least"], metadata["at_most"]
    if metadata["positive"] and value <= 0:
        raise UsageError(f"{name}: expected more than 0, not {value}")
    if highest is not None and not (lowest or 0) <= value <= highest:
        raise UsageError(f"{name}: expected {lowest or 0} to {highest}, not {value}")
    if lowest is not None and value < lowest:
        raise UsageError(f"{name}: expected {lowest} or more, not {value}")


def methods_with(name: str) -> tuple[MethodName, ...]:
    """The methods that a field of the config means something to."""
    (methods,) = (
        entry.metadata["methods"] for entry in fields(TrainingConfig) if entry.name == name
    )
    return methods or get_args(MethodName)


def windows_of(text: str, members: int) -> tuple[Windows, ...]:
    """The windows that each member of a network sees: of "3", or of "1,3,3+7" in turn.

    1, the snippet alone, is always there and may be left out.

    Raises:
        UsageError: not such a text, a window that is even or too wide, or more parts than members.
    """
    parts = text.split(",")
    try:
        each = tuple(tuple(sorted({int(width) for width in part.split("+")})) for part in parts)
    except ValueError:
        each = ((0,),)
    if not all(0 < width <= WIDEST_WINDOW and width % 2 for windows in each for width in windows):
        raise UsageError(
            f"context: expected odd numbers of snippets up to {WIDEST_WINDOW} like 3, 3+7 or, of "
            f"members that differ, 1,3,3+7; not {text!r}"
        )
    if len(each) > members:
        raise UsageError(
            f"context: expected at most as many parts as members, {members}, "
            f"not {len(each)}: {text!r}"
        )
    each = tuple(tuple(width for width in windows if width > 1) for windows in each)
    return tuple(each[member % len(each)] for member in range(members))
