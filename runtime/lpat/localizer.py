"""Runs an exported model: features in, scores and detections out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lpat.devices import device_of
from lpat.errors import ModelError
from lpat.extraction import FeatureCache, default_cache, load_features
from lpat.feature_halves import halves_look_exchanged
from lpat.inputs import Input
from lpat.model_file import KEY, ModelMetadata, metadata_from_json
from lpat.segments import detect
from lpat.sessions import cpu_session, place
from lpat.types import Detections, Features, Scores

if TYPE_CHECKING:
    import onnxruntime

_OUTPUTS = ("scores", "background", "probabilities")
_LARGEST_FILE = 2 << 30


class Localizer:
    """A model file, checked and loaded on a device: `auto`, `cpu`, `cuda[:N]` or `tensorrt[:N]`.

    `provider` is ONNX Runtime's name of what computes it; `provider_note` says why `auto` didn't
    take a GPU that is there.

    Raises:
        ModelError: the file can't be read or isn't a model of lpat.
        DeviceError: the device was asked for by name, or a GPU is required, and can't be used.
    """

    def __init__(
        self, path: str | Path, device: str = "auto", *, require_gpu: bool = False
    ) -> None:
        self.path = Path(path)
        content = _content_of(self.path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        try:
            on_cpu = cpu_session(content)
            self.metadata = _metadata_of(on_cpu)
        except ModelError as error:
            raise ModelError(f"{self.path}: {error}") from error
        self.session = place(
            content,
            on_cpu,
            self.metadata,
            device_of(device),
            require_gpu=require_gpu,
            engines=default_cache().folder / "engines" / self.sha256[:24],
        )
        self.provider = self.session.provider
        self.provider_note = self.session.note

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in the order of the scores."""
        return self.metadata.classes

    def score(self, features: Features) -> Scores:
        """Scores of one video's features.

        Raises:
            ModelError: features of another spec than the model was trained on, or whose halves
                fit those only when exchanged; or scores that are not finite.
        """
        if differences := self.metadata.features.differences(features.spec):
            raise ModelError(f"{self.path}: features with {'; '.join(differences)}")
        statistics = self.metadata.statistics
        if statistics and halves_look_exchanged(features.values.mean(axis=0), statistics):
            raise ModelError(
                f"{self.path}: features with their halves exchanged: expected RGB and flow in the "
                "order of the training features, not the other way round"
            )
        outputs = self.session.run(list(_OUTPUTS), {"features": features.values[None]})
        scores, background, probabilities = (np.asarray(output)[0] for output in outputs)
        if not all(np.isfinite(values).all() for values in (scores, background, probabilities)):
            raise ModelError(f"{self.path}: the model gives scores that are not finite")
        return Scores(self.classes, scores, background, probabilities, features.edges)

    def detect(
        self, source: str | Path | Features, cache: FeatureCache | None = None
    ) -> Detections:
        """Detections in a video, a feature file, or features, best first.

        Raises:
            VideoError, FeatureError: the source can't be read.
            ModelError: it doesn't fit the model.
        """
        if not isinstance(source, Features):
            path = Path(source)
            source = load_features(Input(path.stem, path), self.metadata.features, cache).features
        return detect(self.score(source), self.metadata.post_processing)


def _content_of(path: Path) -> bytes:
    """The file, whole: a model is one file, so nothing beside it is ever opened."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ModelError(f"{path}: expected a model file below 2 GiB")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file") from error
    except OSError as error:
        raise ModelError(f"{path}: can't be read ({error.strerror})") from error
    if not content:
        raise ModelError(f"{path}: expected an ONNX model, but it is empty (0 bytes)")
    return content


def _metadata_of(session: onnxruntime.InferenceSession) -> ModelMetadata:
    text = session.get_modelmeta().custom_metadata_map.get(KEY)
    if text is None:
        raise ModelError(f"expected a model exported by lpat; it has no {KEY!r} metadata")
    metadata = metadata_from_json(text)
    inputs = {entry.name: list(entry.shape) for entry in session.get_inputs()}
    outputs = {entry.name: list(entry.shape) for entry in session.get_outputs()}
    dimension, classes = metadata.features.dimension, len(metadata.classes)
    fits = (
        set(inputs) == {"features"}
        and len(inputs["features"]) == 3
        and inputs["features"][2] == dimension
        and set(outputs) == set(_OUTPUTS)
        and (outputs["scores"][-1], outputs["probabilities"][-1]) == (classes, classes + 1)
    )
    if not fits:
        raise ModelError(
            f"expected input features (B, T, {dimension}) and outputs "
            f"{', '.join(_OUTPUTS)} of {classes} classes, not {inputs} and {outputs}"
        )
    return metadata
