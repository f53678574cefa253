"""Runs an exported model: videos or features in, scores and detections out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from lpat.engine import local_engine
from lpat.errors import LpatError
from lpat.features.cache import FeatureCache
from lpat.features.extraction import load_features
from lpat.features.files import StoredFeatures
from lpat.inputs import Input, find_inputs, live_input, one_input
from lpat.live import LiveDetector, detect_in_stream, live_features
from lpat.model.copies import write_copy
from lpat.model.model import Model
from lpat.parallel.processes import available_cores
from lpat.types import Detection, Detections, Features, Float32Array, Scores

Source = str | Path | Features | StoredFeatures | Float32Array
"""What a model can be run on: a video or a feature file, features, or an array of them (T, D)."""


_SHOWN = 8
"""Classes that the text of a localizer names."""


class Localizer(Model):
    """A model file, checked and loaded on a device: `auto`, `cpu`, `cuda[:N]` or `tensorrt[:N]`.

    `provider` is ONNX Runtime's name of what computes it; `provider_note` says why `auto` didn't
    take a GPU that is there.

    `false_alarms` is the rate at which the level begins, and `min_score` the lowest score of a
    detection: of all classes, or by class, {"jump": 0.1, None: 0.03}, where None is all others.
    Without, they are the model's own.

    `content` is the file's where the path is another machine's. `backbones` says where those are
    found that make the model's features, if any do; a bundled model's are in itself.

    Raises:
        ModelError: the file can't be read or isn't a model of lpat.
        UsageError: no such rate, score or class, or a model whose level isn't calibrated.
        DeviceError: the device was asked for by name, or a GPU is required, and can't be used.
    """

    def __repr__(self) -> str:
        shown = ", ".join(self.classes[:_SHOWN])
        more = f", {len(self.classes) - _SHOWN} more" if len(self.classes) > _SHOWN else ""
        device = self.provider.removesuffix("ExecutionProvider")
        return (
            f"Localizer({self.path.name!r}, {len(self.classes)} classes: {shown}{more}; {device})"
        )

    def scores(self, source: Source, cache: FeatureCache | None = None) -> Scores:
        """Scores of a video, a feature file, features, or an array of them (T, D).

        Raises:
            UsageError: it is a folder of several.
            VideoError, FeatureError: the source can't be read.
            ModelError: it doesn't fit the model.
        """
        return self.score(self._features_of(source, cache))

    def detect(self, source: Source, cache: FeatureCache | None = None) -> Detections:
        """Detections in what `scores` takes, best first; it raises the same."""
        return self.detections(self.scores(source, cache))

    def detect_many(
        self,
        sources: str | Path | Sequence[str | Path],
        *,
        jobs: int | None = None,
        cache: FeatureCache | None = None,
        on_error: Callable[[Input, LpatError], None] | None = None,
    ) -> Iterator[tuple[Input, Detections]]:
        """Detections in videos, feature files and folders of them, as each is done, in any order.

        Up to `jobs` processes, by default one per core, read videos. A program that starts them
        must be importable: what it does goes under `if __name__ == "__main__":`.

        Raises:
            LpatError: an input can't be read; with `on_error`, that is told instead.
        """
        found = find_inputs([sources] if isinstance(sources, str | Path) else sources)
        for source, analysis in local_engine(self, cache, jobs or available_cores())(found):
            if not isinstance(analysis, LpatError):
                yield source, analysis.detections
            elif on_error is None:
                raise analysis
            else:
                on_error(source, analysis)

    def stream(
        self, source: str | Path | Iterable[Float32Array], timeout: float = 0.0
    ) -> Iterator[Detection]:
        """Detections in a video, or in features (D,) as they come, each as soon as it has ended.

        A file is read on while it grows, and ends when it hasn't for `timeout` seconds; a URL or
        `-`, standard input, when it does; a camera, `camera:0`, when it is unplugged.
        docs/live.md says how detections may differ from those of `detect`.

        Raises:
            VideoError: the video can't be read.
            ModelError: the features don't fit, or the model's threshold needs the whole video.
        """
        detector = LiveDetector(self)
        if not isinstance(source, str | Path):
            yield from detect_in_stream(detector, source)
            return
        address = live_input(source).path
        with live_features(address, self.metadata.features, timeout, self.backbones) as features:
            yield from detect_in_stream(detector, features.rows, features.video)

    def save_copy(self, path: str | Path) -> None:
        """Write a copy of the model's file that finds as much as this one does without being told.

        Nothing but its metadata differs.

        Raises:
            ModelError: the model's file is gone, or broken by now.
            UsageError: `path` is the model itself.
            OutputError: it can't be written, or doesn't end in `.onnx`.
        """
        write_copy(self.path, Path(path), self.sensitivity)

    def _features_of(self, source: Source, cache: FeatureCache | None) -> Features | StoredFeatures:
        if isinstance(source, Features | StoredFeatures):
            return source
        spec = self.metadata.features
        if isinstance(source, np.ndarray):
            duration = len(source) * spec.snippet_seconds
            return Features(np.asarray(source, np.float32), spec, duration)
        return load_features(one_input(source), spec, cache, self.backbones).features
