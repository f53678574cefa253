"""One input from end to end: its features, scores and detections, and how that went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from lpat.errors import LpatError
from lpat.features.cache import FeatureCache
from lpat.features.extraction import Extraction, load_all_features
from lpat.features.progress import OnProgress
from lpat.inputs import Input
from lpat.model.model import Model
from lpat.types import Detections, Scores

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a model found in one input."""

    scores: Scores
    detections: Detections
    duration: float
    start: float | None = None  # when players show the first picture; None: unknown
    decode_failures: int = 0  # parts of the video that could not be decoded
    broken_off: str | None = None  # why reading ended before the video did
    from_cache: bool = False  # its features were there already
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Time that each step took: `features` (decoding included) and `score`."""
    provider: str | None = None  # where the network ran, if not in this process


Engine = Callable[[Sequence[Input]], Iterator[tuple[Input, Result | LpatError]]]
"""Works on all inputs, on this machine or on others: each comes, in any order, with its result or
with why there is none."""


def local_engine(
    model: Model,
    cache: FeatureCache | None,
    jobs: int,
    on_progress: OnProgress | None = None,
) -> Engine[Analysis]:
    """Videos are read by up to `jobs` processes; the network runs in this one meanwhile.

    With one job, `on_progress` is told how far the present video is.
    """

    def analyse(sources: Sequence[Input]) -> Iterator[tuple[Input, Analysis | LpatError]]:
        spec = model.metadata.features
        for source, extraction in load_all_features(
            sources, spec, cache, jobs, model.backbones, on_progress=on_progress
        ):
            if isinstance(extraction, LpatError):
                yield source, extraction
                continue
            try:
                analysis = analyse_extraction(model, extraction)
            except LpatError as error:
                yield source, error
                continue
            yield source, analysis

    return analyse


def analyse_extraction(model: Model, extraction: Extraction) -> Analysis:
    """What a model finds in a video whose features are there.

    Raises:
        ModelError: the features don't fit the model.
        FeatureError: the file of the features can no longer be read.
    """
    start = time.perf_counter()
    scores = model.score(extraction.features)
    detections = model.detections(scores)
    return Analysis(
        scores,
        detections,
        extraction.features.duration,
        extraction.features.start,
        extraction.decode_failures,
        extraction.broken_off,
        extraction.from_cache,
        {"features": extraction.seconds, "score": time.perf_counter() - start},
    )
