"""What the detector's job does in its thread: features of a video once, scores of every model."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpat.backbones.search import Backbones
from lpat.errors import BackboneError, FeatureError, LpatError
from lpat.features.cache import FeatureCache
from lpat.features.extraction import Extraction, ready_features
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.types import Features, FeatureSpec, Float32Array
from lpat_viewer.detection.extraction_process import ExtractedRows, Finished, extract_beside
from lpat_viewer.jobs import Progress
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.levels import Level

SHORTEST_PAUSE = 1.0
"""Seconds between two scorings of what has come so far, at least."""

PAUSE_FACTOR = 9.0
"""How many times as long as scoring took the pause after it is: so it takes a tenth of the time."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model file that is ready, and the name that its layers have."""

    name: str
    path: Path
    localizer: Localizer

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in the order of the scores."""
        return self.localizer.classes


@dataclass(frozen=True)
class State:
    """How far it is, from 0 to 1, and in words. Nobody may know how long a video is: then 0."""

    share: float
    text: str


@dataclass(frozen=True)
class Failure:
    """One line on what went wrong."""

    text: str


@dataclass(frozen=True)
class Remark:
    """One line on what the user should know of the video."""

    text: str


def detect_in(
    source: Input, models: Iterable[LoadedModel], cache: FeatureCache | None, progress: Progress
) -> None:
    """Tell a `Layer` of each model, growing where features must be extracted, and `State`s.

    Models that take the same features share one extraction. A `Failure` is told, and ends only
    the models that it concerns; a `Remark` ends nothing.
    """
    groups = models_by_spec(models)
    for number, (spec, group) in enumerate(groups):
        share = (number / len(groups), 1 / len(groups))
        _Group(source, spec, group, progress, share).detect(cache)


def models_by_spec(models: Iterable[LoadedModel]) -> list[tuple[FeatureSpec, list[LoadedModel]]]:
    """Models that take the same features, together."""
    groups: list[tuple[FeatureSpec, list[LoadedModel]]] = []
    for model in models:
        spec = model.localizer.metadata.features
        group = next((group for other, group in groups if other == spec), None)
        if group is None:
            groups.append((spec, [model]))
        else:
            group.append(model)
    return groups


class _Group:
    """Models that take the same features, at work on one video.

    `share` is where in the whole run their part begins, and how much of it that is.
    """

    def __init__(
        self,
        source: Input,
        spec: FeatureSpec,
        models: list[LoadedModel],
        progress: Progress,
        share: tuple[float, float],
    ) -> None:
        self._source, self._spec, self._models = source, spec, models
        self._progress, self._share = progress, share
        self._names = models[0].name if len(models) == 1 else f"{len(models)} models"

    def detect(self, cache: FeatureCache | None) -> None:
        """Load or extract the features, and score them."""
        try:
            features = self._features(cache)
            if features is not None:
                self._tell_state(1.0, "scoring")
                self._score(features, complete=True)
        except FeatureError as error:  # it doesn't know which model wants other features
            self._progress.tell(Failure(f"{self._names}: {error}"))
        except LpatError as error:
            self._progress.tell(Failure(str(error)))

    def _features(self, cache: FeatureCache | None) -> Features | None:
        """Features of the whole video; None when cancelled."""
        path, spec = self._source.file, self._spec
        ready = ready_features(self._source, spec, cache)
        if ready is not None:
            return ready.features.load()
        place = cache.path_of(path, spec) if cache is not None else None
        extraction = self._extract()
        if extraction is None:
            return None
        if extraction.decode_failures:
            count = extraction.decode_failures
            self._progress.tell(Remark(f"{path}: {count} parts could not be decoded"))
        if cache is not None and place is not None and extraction.is_whole:
            cache.put(place, extraction.features)
        return extraction.features.load()

    def _extract(self) -> Extraction | None:
        """Features of the whole video, with those so far scored now and then."""
        self._tell_state(0.0, "opening the video")
        growing = GrowingFeatures(self._spec)
        start = next_scoring = time.monotonic()
        parts = extract_beside(
            self._source.file, self._spec, lambda: self._progress.cancelled, self._backbones()
        )
        for part in parts:
            if isinstance(part, Finished):
                return Extraction(growing.features(part.duration), part.decode_failures)
            growing.append(part.values)
            now = time.monotonic()
            self._tell_state(*_how_far(part, now - start))
            if now >= next_scoring and self._models:
                self._score(growing.features(part.reached), complete=False)
                taken = time.monotonic() - now
                next_scoring = now + max(SHORTEST_PAUSE, PAUSE_FACTOR * taken)
        return None

    def _backbones(self) -> Backbones:
        """The backbones of the features, as one of the models has them in its file or finds them.

        Raises:
            BackboneError: none does.
        """
        for model in self._models:
            with suppress(BackboneError):
                return model.localizer.backbones.found_for(self._spec)
        return self._models[0].localizer.backbones.found_for(self._spec)  # which says what lacks

    def _score(self, features: Features, *, complete: bool) -> None:
        for model in tuple(self._models):
            if self._progress.cancelled:
                return
            try:
                level = Level.of(model.localizer, features)
                if level is not None:
                    scores, found = level.results()
                else:
                    scores = model.localizer.score(features)
                    found = model.localizer.detections(scores)
            except LpatError as error:
                self._models.remove(model)
                self._progress.tell(Failure(str(error)))
            else:
                self._progress.tell(Layer(model.name, found, scores, complete, level))

    def _tell_state(self, share: float, text: str) -> None:
        start, length = self._share
        self._progress.tell(State(start + length * share, f"{self._names}: {text}"))


def _how_far(part: ExtractedRows, elapsed: float) -> tuple[float, str]:
    share = min(part.reached / part.expected, 1.0) if part.expected else 0.0
    amount = f"{share:.0%}".replace("%", " %") if part.expected else f"{part.reached:.0f} s"
    return share, f"extracting features, {amount} ({part.reached / elapsed:.3g} x real time)"


class GrowingFeatures:
    """Rows of features so far. What was given out stays as it is."""

    def __init__(self, spec: FeatureSpec) -> None:
        self._spec = spec
        self._values = np.empty((256, spec.dimension), np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, rows: Float32Array) -> None:
        """Take rows (n, D); room is doubled, so that each is copied a few times at most."""
        count = self._count + len(rows)
        if count > len(self._values):
            values = np.empty((max(count, 2 * len(self._values)), self._spec.dimension), np.float32)
            values[: self._count] = self._values[: self._count]
            self._values = values
        self._values[self._count : count] = rows
        self._count = count

    def features(self, duration: float) -> Features:
        """All rows, without a copy, as the features of a video of `duration` seconds."""
        return Features(self._values[: self._count], self._spec, duration)
