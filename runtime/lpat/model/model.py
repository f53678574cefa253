"""A model file, checked and loaded: scores of features, of long videos window by window."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lpat.backbones.files import Backbone, bundled_outputs
from lpat.backbones.search import BACKBONES, Backbones
from lpat.errors import ModelError, UsageError
from lpat.features.files import StoredFeatures
from lpat.features.statistics import halves_look_exchanged
from lpat.files.folders import cache_folder
from lpat.inference.devices import device_of, extents_of_head
from lpat.inference.onnx_files import DAMAGED, MODEL_KEY, NOT_TEXT, Digests, digests_of, read_onnx
from lpat.inference.sessions import bundle_session, load_on_cpu, load_on_device
from lpat.model.metadata import ModelMetadata, metadata_from_json
from lpat.segments.detect import detect
from lpat.segments.level import leveled
from lpat.segments.sensitivity import Choice, Sensitivity
from lpat.types import (
    Detections,
    Features,
    Float32Array,
    Float64Array,
    PredictedEnds,
    Scores,
)

if TYPE_CHECKING:
    import onnxruntime

WINDOW = 8192
"""Snippets that are scored at once: 44 minutes at the default stride."""

CONTEXT = 64
"""Snippets that a window sees beyond its own, on each side; networks here look a few far."""

OUTPUTS = ("scores", "background", "probabilities")
"""What every model file gives, in order."""

END_OUTPUTS = ("chances", "distances")
ROUNDING = 1e-3
"""How far chances and distances may lie out of their bounds."""
"""Of a model that tells ends: see `PredictedEnds`."""


class Model:
    """A model file, checked and loaded on a device: `auto`, `cpu`, `cuda[:N]` or `tensorrt[:N]`.

    `provider` is ONNX Runtime's name of what computes it; `provider_note` says why `auto` didn't
    take a GPU that is there.

    `false_alarms` is the rate at which the level begins, and `min_score` the lowest score of a
    detection: of all classes, or by class, {"jump": 0.1, None: 0.03}, where None is all others.
    Without, they are the model's own.

    `content` is the file's where the path is another machine's. `backbones` says where those are
    found that make the model's features, if any do; a bundled model's are in itself.

    Raises:
        ModelError: the file can't be read, isn't a model of lpat, or is damaged.
        UsageError: no such rate, score or class, or a model whose level isn't calibrated.
        DeviceError: the device was asked for by name, or a GPU is required, and can't be used.
    """

    def __init__(
        self,
        path: str | Path,
        device: str = "auto",
        *,
        require_gpu: bool = False,
        false_alarms: Choice = None,
        min_score: Choice = None,
        content: bytes | None = None,
        backbones: Backbones = BACKBONES,
    ) -> None:
        self.path = Path(path)
        self._given = {
            "device": device,
            "require_gpu": require_gpu,
            "false_alarms": false_alarms,
            "min_score": min_score,
            "content": content,
            "backbones": backbones,
        }
        sent = content is not None
        content = read_onnx(self.path) if content is None else content
        digests = digests_of(content)
        self.sha256 = digests.sha256
        try:
            on_cpu = _loaded(content, digests)
            self.metadata = _metadata_of(on_cpu)
            digests.check(on_cpu.get_modelmeta().custom_metadata_map)
            self._outputs = _outputs_of(on_cpu)
            bundled = bool(bundled_outputs(on_cpu))
            self.sensitivity = self._chosen(Sensitivity.of(false_alarms, min_score))
            if bundled:
                del on_cpu  # before the next, as it is large
                on_cpu = bundle_session(content, self.sha256, backbones.threads)
        except UnicodeDecodeError as error:  # of ONNX Runtime, for names and metadata
            reason = DAMAGED if digests.are_off else NOT_TEXT
            raise ModelError(f"{self.path}: {reason}") from error
        except ModelError as error:
            raise ModelError(f"{self.path}: {error}") from error
        self.session = load_on_device(
            content,
            on_cpu,
            extents_of_head(self.metadata.features.dimension),
            device_of(device),
            outputs=self._outputs,
            precision=self.metadata.precision,
            require_gpu=require_gpu,
            engines=cache_folder() / "engines" / self.sha256[:24],
        )
        if bundled:
            if sent:
                backbones = replace(backbones, contents=(content, *backbones.contents))
            else:
                backbones = replace(backbones, paths=(self.path, *backbones.paths))
        self.backbones = replace(backbones, device=device, require_gpu=require_gpu)
        self.provider = self.session.provider
        self.provider_note = self.session.note

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[object, ...]]:
        """By path and options: another process loads the file itself, on a device of its own."""
        given = dict(self._given)
        backbones = self._given["backbones"]
        if isinstance(backbones, Backbones):  # their places, not what was read of them
            paths = tuple(Path(os.path.abspath(path)) for path in backbones.paths)  # noqa: PTH100
            given["backbones"] = replace(backbones, paths=paths)
        path = self.path if given["content"] else Path(os.path.abspath(self.path))  # noqa: PTH100
        return _loaded_again, (type(self), path, given, self.sha256)

    def find_backbones(self) -> tuple[Backbone, ...]:
        """The backbones that the model needs, if any, found once and before a video is read.

        Raises:
            BackboneError: one isn't found, or one was given that the model doesn't take.
        """
        self.backbones = self.backbones.found_for(self.metadata.features)
        return self.backbones.given

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in the order of the scores."""
        return self.metadata.classes

    @property
    def false_alarms(self) -> float | None:
        """The rate at which the level of classes begins; None where it is as it was trained."""
        return self.sensitivity.false_alarms

    @property
    def rates(self) -> Float64Array | None:
        """The rate (C,) of each class; None where all are as they were trained."""
        level = self.metadata.level
        return None if level is None else self.sensitivity.rates(self.classes, level)

    def _chosen(self, asked: Sensitivity) -> Sensitivity:
        level = self.metadata.level
        if asked.moves_level and level is None:
            raise UsageError(
                f"{self.path}: false alarms: expected a model whose level is calibrated; this "
                "one's is as it was learned: train with --false-alarms above 0"
            )
        return asked.over(self.metadata.sensitivity).checked(self.classes, level)

    def score(self, features: Features | StoredFeatures) -> Scores:
        """Scores of one video's features, measured from the level: see `lpat.segments.level`.

        Raises as `learned_scores` does.
        """
        scores = self.learned_scores(features)
        level = self.metadata.level
        return scores if level is None else leveled(scores, level, self.rates)

    def detections(self, scores: Scores) -> Detections:
        """What such scores show, best first."""
        return self.sensitivity.kept(detect(scores, self.metadata.post_processing))

    def learned_scores(self, features: Features | StoredFeatures) -> Scores:
        """Scores of one video's features, as the file gives them.

        A long video is scored in `windows`; of its windows' probabilities, the highest of each
        class counts, as a video shows what any part of it shows. Of features in a file only a
        window's are in memory.

        Raises:
            ModelError: features of another spec than the model was trained on, or whose halves
                fit those only when exchanged; or scores that are not finite.
            FeatureError: the file of the features can no longer be read.
        """
        if differences := self.metadata.features.differences(features.spec):
            raise ModelError(f"{self.path}: features with {'; '.join(differences)}")
        count = len(features)
        scores = np.empty((count, len(self.classes)), np.float32)
        background = np.empty(count, np.float32)
        probabilities = np.full(len(self.classes) + 1, -np.inf, np.float32)
        parts: list[list[Float32Array]] = []  # of each window, chances and distances, if any
        total = np.zeros(features.spec.dimension)
        for window in windows(count):
            rows, own = features.rows(window.first, window.last), slice(window.start, window.stop)
            outputs = self.session.run(list(self._outputs), {"features": rows[None]})
            window_scores, thresholds, shown, *ends = (np.asarray(output)[0] for output in outputs)
            parts.append([its[window.kept] for its in ends])
            scores[own], background[own] = window_scores[window.kept], thresholds[window.kept]
            probabilities = np.maximum(probabilities, shown)
            total += rows[window.kept].sum(axis=0, dtype=np.float64)
        statistics = self.metadata.statistics
        if statistics and halves_look_exchanged(total / count, statistics):
            raise ModelError(
                f"{self.path}: features with their halves exchanged: expected RGB and flow in the "
                "order of the training features, not the other way round"
            )
        told = [np.concatenate(its) for its in zip(*parts, strict=True)]
        if told and (told[0].shape, told[1].shape) != (scores.shape, (count, 2)):
            raise ModelError(
                f"{self.path}: expected chances {scores.shape} and distances {(count, 2)}, "
                f"not {told[0].shape} and {told[1].shape}"
            )
        if not all(np.isfinite(its).all() for its in (scores, background, probabilities, *told)):
            raise ModelError(f"{self.path}: the model gives scores that are not finite")
        ends = self._ends_of(*told) if told else None
        return Scores(self.classes, scores, background, probabilities, features.edges, ends)

    def _ends_of(self, chances: Float32Array, distances: Float32Array) -> PredictedEnds:
        """Within their bounds, of which a device's rounding may have led them out."""
        bounds = {"chances": (chances, 1.0), "distances": (distances, np.inf)}
        for name, (values, most) in bounds.items():
            lowest, highest = values.min(initial=0), values.max(initial=0)
            if lowest < -ROUNDING or highest > most + ROUNDING:
                worst = lowest if lowest < -ROUNDING else highest
                raise ModelError(
                    f"{self.path}: expected {name} of 0 {'to 1' if most == 1 else 'or more'}, but "
                    f"the model gives {worst:.3g}"
                )
        return PredictedEnds(chances.clip(0, 1), distances.clip(min=0))


def _loaded_again(kind: type[Model], path: Path, given: Mapping[str, Any], sha256: str) -> Model:
    """The model of a file, as it was when another process loaded it.

    Raises as `Model` does, and `ModelError` where the file is another one by now.
    """
    model = kind(path, **given)
    if model.sha256 != sha256:
        raise ModelError(
            f"{path}: expected the model as it was sent, but the file has changed since"
        )
    return model


def _loaded(content: bytes, digests: Digests) -> onnxruntime.InferenceSession:
    try:
        return load_on_cpu(content)
    except ModelError as error:
        if digests.are_off:  # which says more than what became of it
            raise ModelError(DAMAGED) from error
        raise


def _outputs_of(session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    """Names of the outputs that are read of a model."""
    told = {entry.name for entry in session.get_outputs()}
    return (*OUTPUTS, *END_OUTPUTS) if told.issuperset(END_OUTPUTS) else OUTPUTS


def _metadata_of(session: onnxruntime.InferenceSession) -> ModelMetadata:
    text = session.get_modelmeta().custom_metadata_map.get(MODEL_KEY)
    if text is None:
        raise ModelError(f"expected a model exported by lpat; it has no {MODEL_KEY!r} metadata")
    metadata = metadata_from_json(text)
    inputs = {entry.name: list(entry.shape) for entry in session.get_inputs()}
    outputs = {entry.name: list(entry.shape) for entry in session.get_outputs()}
    dimension, classes = metadata.features.dimension, len(metadata.classes)
    sizes = {"scores": classes, "probabilities": classes + 1, "chances": classes, "distances": 2}
    fits = (
        set(inputs) == {"features"}
        and len(inputs["features"]) == 3
        and inputs["features"][2] == dimension
        and set(outputs) == {*_outputs_of(session), *bundled_outputs(session)}
        and all(outputs[name][-1:] == [size] for name, size in sizes.items() if name in outputs)
    )
    if not fits:
        raise ModelError(
            f"expected input features (B, T, {dimension}) and outputs "
            f"{', '.join(OUTPUTS)}, with or without {' and '.join(END_OUTPUTS)}, of {classes} "
            f"classes, not {inputs} and {outputs}"
        )
    return metadata


@dataclass(frozen=True)
class Window:
    """Snippets `start` to before `stop`, read from `first` to before `last` to be scored."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def kept(self) -> slice:
        """The window's own snippets among those read for it."""
        return slice(self.start - self.first, self.stop - self.first)


def windows(count: int) -> list[Window]:
    """Windows that divide `count` snippets in order, evenly, as few as possible.

    Each has at most `WINDOW` of its own; up to that many make one, without context.
    """
    parts = -(-count // WINDOW)
    edges = [part * count // parts for part in range(parts)] + [count]
    return [
        Window(start, stop, max(start - CONTEXT, 0), min(stop + CONTEXT, count))
        for start, stop in pairwise(edges)
    ]
