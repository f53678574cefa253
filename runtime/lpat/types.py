"""The nouns of the data flow, each a frozen dataclass of arrays, checked once when made.

Axes everywhere: T snippet, D feature, C class, N segment. Times are seconds from the first frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lpat.errors import FeatureError, MissingPackageError, UsageError, install_advice

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Parameter = bool | int | float | str
"""What a feature extractor may be configured with: plain JSON scalars."""


@runtime_checkable
class LabelledSegments(Protocol):
    """Segments (N, 2) in seconds and the label of each, as `VideoAnnotation` has them."""

    @property
    def segments(self) -> Float64Array:
        """Start and end of each."""
        ...

    @property
    def segment_labels(self) -> tuple[str, ...]:
        """The label of each."""
        ...


Truth = LabelledSegments | Sequence[tuple[str, float, float]]
"""True actions: of an annotated video, or label, start and end in seconds of each."""

_SHOWN = 3
"""Detections that their text names."""

_HIGHEST = {"dimension": 1 << 20, "fps": 1000, "snippet_frames": 10_000, "stride": 10_000}
"""Specs come from files: what is beyond these is broken, or meant to exhaust the machine."""


@dataclass(frozen=True)
class FeatureSpec:
    """All that must agree between the features a model was trained on and those it is given.

    Snippet t stands for the time [t * stride / fps, (t + 1) * stride / fps). Its feature is
    computed from `snippet_frames` frames around the middle of that time, or at the video's start or
    end where these would lie beyond; with `stride == snippet_frames`, from exactly the frames in
    it but for the last snippet's.
    """

    extractor: str
    version: int
    parameters: Mapping[str, Parameter]
    dimension: int
    fps: float = 25.0
    snippet_frames: int = 16
    stride: int = 16

    def __post_init__(self) -> None:
        for name, highest in _HIGHEST.items():
            if not 0 < getattr(self, name) <= highest:
                raise FeatureError(
                    f"{name} must be positive and at most {highest}, not {getattr(self, name)}"
                )

    @property
    def snippet_seconds(self) -> float:
        """Time that one snippet stands for."""
        return self.stride / self.fps

    def edges(self, count: int, duration: float) -> Float64Array:
        """Borders (count + 1,) of the snippets' times; the last never lies past `duration`."""
        edges = np.arange(count + 1, dtype=np.float64) * self.snippet_seconds
        return np.minimum(edges, duration) if duration > 0 else edges

    def differs_in_version(self, made: int) -> str | None:
        """Why an extractor of version `made` makes no such features; None if it is theirs."""
        if made == self.version:
            return None
        return (
            f"this lpat's extractor {self.extractor!r} makes features of version {made} where "
            f"version {self.version} was expected: train and export again with this lpat, or use "
            "the lpat that the model was made with"
        )

    def differences(self, other: FeatureSpec) -> list[str]:
        """One phrase for each field in which `other` isn't what this one expects."""
        return [
            f"{name} {theirs} where {mine} was expected"
            for name in self.__dataclass_fields__
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        ]


@dataclass(frozen=True, eq=False)
class Features:
    """Features (T, D) of one video, and what they are."""

    values: Float32Array
    spec: FeatureSpec
    duration: float
    start: float | None = None  # when players show the video's first picture; None: unknown

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != self.spec.dimension:
            raise FeatureError(
                f"features must have shape (T, {self.spec.dimension}), not {self.values.shape}"
            )
        if len(self.values) == 0:
            raise FeatureError("features must have at least one snippet, not none")
        finite = np.isfinite(self.values).all(axis=1)
        if not finite.all():
            raise FeatureError(f"features of snippet {int(finite.argmin())} are not finite")
        if not (np.isfinite(self.duration) and self.duration > 0):
            raise FeatureError(f"duration must be positive, not {self.duration}")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def edges(self) -> Float64Array:
        """Borders (T + 1,) of the snippets' times in seconds."""
        return self.spec.edges(len(self.values), self.duration)

    def rows(self, start: int, stop: int) -> Float32Array:
        """Snippets from `start` to before `stop`."""
        return self.values[start:stop]

    def chunks(self) -> Iterator[Float32Array]:
        """All snippets in order: at once, as they are in memory."""
        yield self.values

    def load(self) -> Features:
        """These features, which are in memory already."""
        return self

    def __repr__(self) -> str:
        snippets, dimension = self.values.shape
        return (
            f"Features(T={snippets}, D={dimension}, {self.spec.extractor}, {self.duration:.2f} s)"
        )


@dataclass(frozen=True, eq=False)
class PredictedEnds:
    """Where each snippet says that the instance which it is in begins and ends.

    `chances` (T, C) that it is near the middle of an instance of a class are in [0, 1]. `distances`
    (T, 2) lead from the snippet's middle back to the start and on to the end, in snippets.
    """

    chances: Float32Array
    distances: Float32Array


@dataclass(frozen=True, eq=False)
class Scores:
    """What the model says of one video: class scores, the threshold, class probabilities."""

    classes: tuple[str, ...]
    scores: Float32Array  # (T, C)
    background: Float32Array  # (T,), the predicted threshold
    probabilities: Float32Array  # (C + 1,), the last is the background's
    edges: Float64Array  # (T + 1,) seconds
    ends: PredictedEnds | None = None  # of a model that has learned them

    def __post_init__(self) -> None:
        snippets, classes = len(self.edges) - 1, len(self.classes)
        expected = {
            "scores": (snippets, classes),
            "background": (snippets,),
            "probabilities": (classes + 1,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have shape {shape}, not {getattr(self, name).shape}")
        if self.ends is None:
            return
        for name, shape in {"chances": (snippets, classes), "distances": (snippets, 2)}.items():
            if (its := getattr(self.ends, name).shape) != shape:
                raise ValueError(f"{name} must have shape {shape}, not {its}")

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each snippet, by `start` and `end`: the background, then each class's score.

        Raises:
            MissingPackageError: pandas isn't installed.
        """
        pandas = _pandas()
        times = pandas.MultiIndex.from_arrays(
            [self.edges[:-1], self.edges[1:]], names=["start", "end"]
        )
        table = np.column_stack((self.background, self.scores))
        return pandas.DataFrame(table, index=times, columns=["background", *self.classes])

    def plot(
        self,
        detections: Detections | None = None,
        truth: Truth | None = None,
        *,
        axes: Axes | None = None,
    ) -> Axes:
        """The timeline: curves of the classes, the threshold, and segments; into `axes` if given.

        Shown are at most six classes: those of `truth`, of `detections`, and the most probable.

        Raises:
            MissingPackageError: matplotlib isn't installed.
        """
        return _in_report("plotting").plot_timeline(self, detections, truth, axes)

    def _repr_html_(self) -> str | None:
        """The timeline as notebooks show it."""
        return _in_report("notebook").scores_html(self)

    def __repr__(self) -> str:
        return f"Scores(T={len(self.background)}, C={len(self.classes)})"


@dataclass(frozen=True)
class Detection:
    """One segment of a video and what is seen in it."""

    label: str
    score: float
    start: float  # seconds
    end: float  # seconds; not part of it


@dataclass(frozen=True, eq=False)
class Detections:
    """Scored segments of one video, best first: arrays, and a sequence of `Detection`."""

    classes: tuple[str, ...]
    segments: Float64Array = field(default_factory=lambda: np.zeros((0, 2)))  # (N, 2) [start, end)
    labels: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))  # (N,) into classes
    scores: Float64Array = field(default_factory=lambda: np.zeros(0))  # (N,)

    def __post_init__(self) -> None:
        if self.segments.ndim != 2 or self.segments.shape[1] != 2:
            raise ValueError(f"segments must have shape (N, 2), not {self.segments.shape}")
        for name in ("labels", "scores"):
            if getattr(self, name).shape != (len(self.segments),):
                raise ValueError(
                    f"{name} must have shape ({len(self.segments)},), "
                    f"not {getattr(self, name).shape}"
                )

    @classmethod
    def of_all(cls, classes: tuple[str, ...], detections: Iterable[Detection]) -> Detections:
        """Detections of these classes as arrays, best first; of equal score, in their order."""
        ranked = sorted(detections, key=lambda detection: -detection.score)
        index = {label: number for number, label in enumerate(classes)}
        return cls(
            classes,
            np.array([(d.start, d.end) for d in ranked], np.float64).reshape(-1, 2),
            np.array([index[d.label] for d in ranked], np.int64),
            np.array([d.score for d in ranked], np.float64),
        )

    def __len__(self) -> int:
        return len(self.segments)

    def __iter__(self) -> Iterator[Detection]:
        for (start, end), label, score in zip(
            self.segments.tolist(), self.labels.tolist(), self.scores.tolist(), strict=True
        ):
            yield Detection(self.classes[label], score, start, end)

    @overload
    def __getitem__(self, which: int | np.integer) -> Detection: ...
    @overload
    def __getitem__(self, which: slice | BoolArray | Int64Array) -> Detections: ...
    def __getitem__(
        self, which: int | np.integer | slice | BoolArray | Int64Array
    ) -> Detection | Detections:
        """One detection by its number; some by a slice, a mask (N,) or numbers, as of an array."""
        if isinstance(which, int | np.integer):
            start, end = self.segments[which].tolist()
            return Detection(
                self.classes[self.labels[which]], float(self.scores[which]), start, end
            )
        return replace(
            self,
            segments=self.segments[which],
            labels=self.labels[which],
            scores=self.scores[which],
        )

    def of(self, label: str) -> Detections:
        """Detections of one label.

        Raises:
            UsageError: there is no such class.
        """
        if label not in self.classes:
            raise UsageError(f"expected one of {', '.join(self.classes)}, not {label!r}")
        return self[self.labels == self.classes.index(label)]

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each, best first: label, score, start, end.

        Raises:
            MissingPackageError: pandas isn't installed.
        """
        pandas = _pandas()
        return pandas.DataFrame(
            {
                "label": [self.classes[label] for label in self.labels],
                "score": self.scores,
                "start": self.segments[:, 0],
                "end": self.segments[:, 1],
            }
        )

    def plot(
        self,
        truth: Truth | None = None,
        *,
        scores: Scores | None = None,
        axes: Axes | None = None,
    ) -> Axes:
        """The segments over time, with those of `truth` and the curves of `scores` if given.

        Raises:
            MissingPackageError: matplotlib isn't installed.
        """
        return _in_report("plotting").plot_timeline(scores, self, truth, axes)

    def _repr_html_(self) -> str:
        """The segments over time as notebooks show them."""
        return _in_report("notebook").detections_html(self)

    def __repr__(self) -> str:
        shown = [f"{d.label} {d.start:.2f}-{d.end:.2f} s {d.score:.2f}" for d in self[:_SHOWN]]
        more = [f"{len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return f"Detections({len(self)}: {', '.join([*shown, *more])})" if shown else "Detections()"


def _pandas() -> Any:
    try:
        return import_module("pandas")
    except ImportError as error:
        raise MissingPackageError(
            f"to_dataframe needs pandas: {install_advice('dataframe')}"
        ) from error


def _in_report(module: str) -> Any:
    """A module of lpat.report, which is made of these types; loaded when something is shown."""
    return import_module(f"lpat.report.{module}")
