"""Detections while a video is still coming: each as soon as its segment has ended.

The threshold is the background that the model predicts for every snippet, so nothing here waits
for the rest of the video. docs/live.md says what differs from detection in a whole one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np

from lpat.backbones.search import BACKBONES, Backbones
from lpat.errors import FeatureError, ModelError
from lpat.features.extractors import extractor_of
from lpat.model.model import Model
from lpat.segments.detect import segment_scores, select_classes
from lpat.segments.level import shifted
from lpat.segments.runs import ClosedRuns, OpenRuns
from lpat.types import (
    Detection,
    Detections,
    Features,
    FeatureSpec,
    Float32Array,
    Float64Array,
    Int64Array,
    Scores,
)
from lpat.video.address import Address
from lpat.video.growing import GrowingFile, follow
from lpat.video.reader import Video
from lpat.video.resampling import resample

CONTEXT = 64
"""Snippets before one that its score is computed with."""

WINDOW = 512
"""Latest snippets whose probabilities select the classes: 164 s of the default features."""


class LiveDetector:
    """Takes a video's features snippet by snippet and gives the detections that end with each.

    Memory and the time for a snippet don't depend on how many there were. Runs above the level
    stand in for components and level sets, which need the whole video.

    Raises:
        ModelError: the model's threshold is made of the whole video's scores.
    """

    def __init__(self, model: Model, window: int = WINDOW) -> None:
        self._model = model
        self._options = model.metadata.post_processing
        if self._options.threshold != "predicted":
            raise ModelError(
                f"{model.path}: expected a model with a predicted threshold, not a "
                f"{self._options.threshold} one, which is made of the whole video's scores"
            )
        self._spec = model.metadata.features
        lookahead = model.metadata.lookahead
        self._lookahead = lookahead
        self._rows: deque[Float32Array] = deque(maxlen=max(window, CONTEXT + lookahead + 1))
        self._margins: deque[Float64Array] = deque(maxlen=window)  # of settled snippets, (C,)
        self._runs = OpenRuns(
            len(model.classes), self._options.boundary, self._options.minimum_snippets
        )
        self._pushed = 0
        self._settled = 0  # snippets whose scores are final

    @property
    def note(self) -> str | None:
        """What it does otherwise than the model asks for; None where it doesn't."""
        if self._options.proposals == "runs":
            return None
        return f"{self._options.proposals} need the whole video; runs stand in for them"

    def push(self, features: Float32Array) -> list[Detection]:
        """Detections, by class, that end before the last snippet whose score is final.

        Scores of the model's `lookahead` latest snippets aren't.

        `features` are the next snippet's, (D,).

        Raises:
            FeatureError: they aren't (D,), or not finite.
            ModelError: the model gives scores that are not finite.
        """
        features = np.asarray(features, np.float32)
        if features.shape != (self._spec.dimension,):
            raise FeatureError(
                f"a snippet's features must have shape ({self._spec.dimension},), "
                f"not {features.shape}"
            )
        if not np.isfinite(features).all():
            raise FeatureError(f"features of snippet {self._pushed} are not finite")
        self._rows.append(features.copy())
        self._pushed += 1
        return self._settle(self._pushed - self._lookahead)

    def finish(self, duration: float | None = None) -> list[Detection]:
        """Detections that the end of the video ends; it lasted `duration`, or whole snippets."""
        closed = self._settle(self._pushed, duration)
        return closed + self._detections(self._runs.finish())

    def ongoing(self) -> dict[str, float]:
        """Labels of the segments that haven't ended, of classes that are probable now, with starts.

        They are those of the snippets whose scores are final.
        """
        open_runs = self._runs.open
        if not open_runs:
            return {}
        selected = set(self._selected(self._scores_of_last(len(self._rows)).probabilities))
        return {
            self._model.classes[number]: start
            for number, start in open_runs.items()
            if number in selected
        }

    def _selected(self, probabilities: Float32Array) -> Int64Array:
        """Classes that are told, the probable ones: live scores don't say how probable one is."""
        selection = "mean" if self._options.class_weight else self._options.class_selection
        return select_classes(probabilities, selection)

    def _settle(self, stop: int, duration: float | None = None) -> list[Detection]:
        """Detections that end as the snippets before `stop` get their final scores."""
        if stop <= self._settled:
            return []
        count = self._pushed - self._settled  # the last rows are new
        scores = self._leveled(self._scores_of_last(CONTEXT + count), count, stop - self._settled)
        found = []
        for snippet in range(self._settled, stop):
            row = snippet - self._pushed  # from the end
            end = (snippet + 1) * self._spec.snippet_seconds
            closed = self._runs.step(
                scores.scores[row],
                float(scores.background[row]),
                end if duration is None else min(end, duration),
            )
            found += self._detections(closed)
        self._settled = stop
        return found

    def _detections(self, runs: ClosedRuns) -> list[Detection]:
        """Runs as detections, of classes that are probable now."""
        if len(runs) == 0:
            return []
        probabilities = self._scores_of_last(len(self._rows)).probabilities
        confidence = segment_scores(
            runs, probabilities.astype(np.float64), self._options.segment_score
        )
        selected = self._selected(probabilities)
        found = Detections(self._model.classes, runs.segments, runs.classes, confidence)
        return list(self._model.sensitivity.kept(found[np.isin(runs.classes, selected)]))

    def _leveled(self, scores: Scores, count: int, settled: int) -> Scores:
        """Scores measured from the level, which follows what has been seen of late.

        Of the last `count` snippets of `scores`, so many are `settled` now.
        """
        level = self._model.metadata.level
        if level is None:
            return scores
        margins = scores.scores.astype(np.float64) - scores.background[:, None]
        self._margins.extend(margins[len(margins) - count :][:settled])
        shown = select_classes(scores.probabilities)
        shift = level.following(np.array(self._margins), shown)
        return shifted(scores, level, self._model.rates, shift)

    def _scores_of_last(self, count: int) -> Scores:
        rows = np.stack(list(islice(self._rows, max(0, len(self._rows) - count), None)))
        return self._model.learned_scores(
            Features(rows, self._spec, len(rows) * self._spec.snippet_seconds)
        )


@dataclass(frozen=True, eq=False)
class LiveFeatures:
    """Features of a video as it comes: `rows` gives a vector (D,) per snippet, once."""

    video: Video
    rows: Iterator[Float32Array]
    stop: Callable[[], None]  # lets what a growing file holds be all; nothing to other sources


@contextmanager
def live_features(
    source: Address, spec: FeatureSpec, timeout: float, backbones: Backbones = BACKBONES
) -> Iterator[LiveFeatures]:
    """Features of a source as it comes; a file ends when it hasn't grown for `timeout` seconds.

    One thread decodes it, as several hold pictures back.

    Raises:
        VideoError: it can't be opened or, on iterating, holds no picture that can be decoded.
        FeatureError: no extractor makes features of this spec.
    """
    extractor = extractor_of(spec, replace(backbones, batch=1))  # none waits for others

    @contextmanager
    def features_of(video: Video, stop: Callable[[], None]) -> Iterator[LiveFeatures]:
        rows = cast("Generator[Float32Array]", extractor.extract(resample(video, spec.fps), spec))
        with video, closing(rows):
            yield LiveFeatures(video, rows, stop)

    if isinstance(source, Path):
        with GrowingFile(source, timeout) as file, features_of(follow(file), file.stop) as features:
            yield features
    else:
        video = Video.open(source, threads=1, live=True)
        with features_of(video, lambda: None) as features:
            yield features


def detect_in_stream(
    detector: LiveDetector, rows: Iterable[Float32Array], video: Video | None = None
) -> Iterator[Detection]:
    """Detections in a stream of snippets' features (D,), each as soon as it has ended.

    If they are read from a `video`, it says in the end how long that was.
    """
    for features in rows:
        yield from detector.push(features)
    yield from detector.finish(video.duration if video is not None else None)
