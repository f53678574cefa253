"""What a training run can be told: one frozen dataclass. `presets` has its starting points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from lpat.errors import UsageError
from lpat.segments.level import RATES
from lpat.segments.post_processing import (
    Boundary,
    PostProcessing,
    Proposals,
    SegmentScore,
    Threshold,
)
from lpat_train.context import windows_of

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

_POSITIVE = (
    "steps",
    "batch_size",
    "clip_snippets",
    "learning_rate",
    "top_k_share",
    "minimum_snippets",
    "chunks",
    "branches",
    "members",
)
_NOT_NEGATIVE = (
    "seed",
    "hidden",
    "top_k",
    "barrier",
    "absence",
    "self_training",
    "casl",
    "sparsity",
    "diversity",
    "center",
    "count",
    "weight_decay",
    "validate_every",
    "patience",
)
_HIGHEST = {
    "hold_out": 0.9,
    "dropout": 0.99,
    "balance": 1.0,
    "top_k_share": 1.0,
    "hide": 1.0,
    "self_training_start": 1.0,
    "false_alarms": 0.5,
    "cut": 1.0,
    "follow": 1.0,
}


def _option(default: Any, words: str, *methods: MethodName) -> Any:
    """A field; `methods` are those that have it, none means all."""
    return field(default=default, metadata={"help": words, "methods": methods})


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters; the defaults are the preset `lpat` (docs/training.md says why)."""

    seed: int = _option(0, "of weights, batches, windows and dropout")
    method: MethodName = _option(
        "lpat", "whose network and losses; a method brings defaults of its own"
    )
    steps: int = _option(300, "updates of the weights")
    batch_size: int = _option(10, "videos in a batch")
    learning_rate: float = _option(1e-3, "of Adam, constant (paper: 1e-4)")
    weight_decay: float = _option(0.0, "of Adam")
    clip_snippets: int = _option(320, "longer videos are trained on random windows of this length")
    precision: Precision = _option(
        "auto", "of matrix products; auto: bfloat16 on CUDA made for it, else float32"
    )
    hold_out: float = _option(
        0.0, "share of the training videos whose labels judge the network; 0: none"
    )
    validate_every: int = _option(
        0, "steps from one validation to the next; 0: an epoch, but at least 50"
    )
    patience: int = _option(
        0, "validations without a better one on the held-out labels that end training; 0: any"
    )
    hidden: int = _option(256, "width of the feature transformation; 0: the features' own")
    dropout: float = _option(0.7, "before the classifier")
    temporal_convolution: bool = _option(False, "the paper's +TemConv")
    context: str = _option(
        "1,3",
        "snippets whose mean stands beside a snippet's own features: 1 (none), 3, 3+7, or 1,3 "
        "for members to take in turn",
    )
    standardize: bool = _option(True, "scale features by the training snippets' statistics")
    balance: float = _option(
        0.8, "lambda of Eq. 8: the share of L_clas; the rest is L_conf", "lpat"
    )
    background_weight: float = _option(
        -1.0, "w_b of Eq. 5; -1: one over the number of classes", "lpat"
    )
    background_reading: BackgroundReading = _option("once", "where w_b stands in Eq. 5", "lpat")
    norm_reading: NormReading = _option("vector", "what the norms of Eq. 7 run over", "lpat")
    top_k: float = _option(1.0, "weight of W-TALC's top-k loss; 0: none, as in the paper", "lpat")
    top_k_share: float = _option(
        0.125, "share of a video's snippets in that loss", "lpat", "wtalc", "3c-net", "autoloc"
    )
    barrier: float = _option(0.1, "weight of the barrier on the mean gate; 0: none", "lpat")
    absence: float = _option(
        0.3, "weight of what keeps classes that a video doesn't show below the threshold", "lpat"
    )
    members: int = _option(
        2, "networks side by side in the one model, whose mean scores count", "lpat"
    )
    self_training: float = _option(
        0.0, "weight of learning from the network's own segments; 0: none", "lpat"
    )
    self_training_start: float = _option(0.5, "share of the steps after which it begins", "lpat")
    casl: float = _option(
        0.0,
        "weight of W-TALC's co-activity similarity, on batches of pairs; 0: neither",
        "lpat",
        "wtalc",
    )
    hide: float = _option(0.5, "share of a video's chunks that training hides", "hide-and-seek")
    chunks: int = _option(20, "equal parts of a video that hide one by one", "hide-and-seek")
    sparsity: float = _option(1e-4, "beta, weight of the attention's L1 norm", "stpn")
    branches: int = _option(4, "classifiers side by side", "cmcs")
    diversity: float = _option(0.2, "weight of what keeps branches apart and alike strong", "cmcs")
    center: float = _option(1e-3, "weight of the distance to the classes' centres", "3c-net")
    count: float = _option(
        1.0, "weight of the counts' error, for videos whose counts are known", "3c-net"
    )
    false_alarms: float = _option(
        0.03,
        "share of the snippets of videos without a class that may lie above its threshold, which "
        "is set by them; 0: the threshold stays where it was learned",
    )
    follow: float = _option(
        0.5, "share of a whole video's shift, seen by the classes it lacks, that its level follows"
    )
    threshold: Threshold = _option(
        "predicted",
        "what a segment lies above: the background, or a cut through the class's scores",
    )
    cut: float = _option(
        0.5, "of the manual threshold: how far it lies from the lowest score to the highest"
    )
    minimum_snippets: int = _option(1, "shorter segments are left out")
    segment_score: SegmentScore = _option("margin", "what a detection's score is")
    boundary: Boundary = _option(
        "crossing", "where a segment ends: at a snippet's edge, or where score and background cross"
    )
    proposals: Proposals = _option(
        "levels",
        "what becomes a segment: runs above the background, the best components, or the best runs "
        "above the background and levels around it",
    )

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(kind) is not None and value not in get_args(kind):
                choices = ", ".join(get_args(kind))
                raise UsageError(f"{name}: expected one of {choices}, not {value!r}")
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(f"{name}: expected a finite number, not {value}")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise UsageError(f"{name}: expected more than 0, not {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise UsageError(f"{name}: expected 0 or more, not {getattr(self, name)}")
        for name, highest in _HIGHEST.items():
            if not 0 <= getattr(self, name) <= highest:
                raise UsageError(f"{name}: expected 0 to {highest}, not {getattr(self, name)}")
        windows_of(self.context, self.members)
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
        )

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

    def background_weight_of(self, classes: int) -> float:
        """w_b of Eq. 5 for a number of classes."""
        return 1 / classes if self.background_weight < 0 else self.background_weight


def methods_with(name: str) -> tuple[MethodName, ...]:
    """The methods that a field of the config means something to."""
    (methods,) = (
        entry.metadata["methods"] for entry in fields(TrainingConfig) if entry.name == name
    )
    return methods or get_args(MethodName)
