"""One ONNX file from a trained network, compared with it before anyone relies on it."""

from __future__ import annotations

import logging
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import torch

from lpat.errors import LpatError, OutputError
from lpat.extraction import EXTRACTORS
from lpat.feature_halves import WIDEST, Statistics
from lpat.files import atomic_path
from lpat.localizer import Localizer as OnnxLocalizer
from lpat.model_file import KEY, ModelMetadata
from lpat.types import Features, FeatureSpec
from lpat_train.checkpoint import Run
from lpat_train.model import Localizer
from lpat_train.network import Network

COMPARED_LENGTHS = (1, 2, 17, 320, 2000)
TOLERANCE = 1e-4


class ExportError(LpatError, RuntimeError):
    """The exported model doesn't compute what the trained network does."""


def export(network: Network, metadata: ModelMetadata, path: Path) -> float:
    """Write a network and its metadata as one ONNX file; the largest difference found in it.

    Torch and ONNX Runtime are compared on random features of `COMPARED_LENGTHS` snippets before
    the file takes its place, so a file that is there has passed. Where the features come from
    files of others, their statistics go with it.

    Raises:
        OutputError: `path` can't be written.
        ExportError: an output differs by more than `TOLERANCE`.
    """
    if path.suffix.lower() != ".onnx":
        raise OutputError(f"{path}: expected a name that ends in .onnx")
    localizer = Localizer(network).eval().cpu()
    model = _onnx_model(localizer, metadata.features.dimension)
    metadata = replace(metadata, statistics=statistics_of(network, metadata.features))
    model.doc_string = "Weakly supervised temporal action localization with a predicted threshold"
    onnx.helper.set_model_props(model, {KEY: metadata.to_json()})
    onnx.checker.check_model(model, full_check=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
        difference = largest_difference(localizer, OnnxLocalizer(temporary, "cpu"))
        if not difference <= TOLERANCE:
            raise ExportError(
                f"{path}: torch and ONNX Runtime differ by {difference:.2g}, "
                f"more than {TOLERANCE:g}; nothing was written"
            )
    return difference


def metadata_of(run: Run) -> ModelMetadata:
    """What a run's model tells the runtime of itself."""
    training = {"videos": run.videos, "config": asdict(run.config)}
    return ModelMetadata(run.classes, run.spec, run.config.post_processing(), training)


def statistics_of(network: Network, spec: FeatureSpec) -> Statistics | None:
    """Mean and deviation of the training features, by which others' order of streams is judged.

    None for extractors of our own, whose features have one order only, for a network that
    standardises nothing, and for features too wide to say it of each dimension.
    """
    unknown = not network.mean.any() and (network.scale == 1).all()
    if spec.extractor in EXTRACTORS or spec.dimension > WIDEST or unknown:
        return None
    deviation = torch.where(network.scale > 0, 1 / network.scale, 0)
    return Statistics(_rounded(network.mean), _rounded(deviation))


def _rounded(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values.tolist())


def largest_difference(localizer: Localizer, exported: OnnxLocalizer) -> float:
    """Largest absolute difference of any output on random features of `COMPARED_LENGTHS`."""
    spec = exported.metadata.features
    random = np.random.default_rng(0)
    network = localizer.network
    deviation = torch.where(network.scale > 0, 1 / network.scale, 0).numpy()
    largest = 0.0
    for length in COMPARED_LENGTHS:
        noise = random.standard_normal((length, spec.dimension)).astype(np.float32)
        values = network.mean.numpy() + deviation * noise  # such as the network was trained on
        with torch.no_grad():
            expected = localizer(torch.from_numpy(values)[None])
        result = exported.score(Features(values, spec, length * spec.snippet_seconds))
        for ours, theirs in zip(
            expected, (result.scores, result.background, result.probabilities), strict=True
        ):
            largest = max(largest, float(np.abs(ours[0].numpy() - theirs).max()))
    return largest


def _onnx_model(localizer: Localizer, dimension: int) -> onnx.ModelProto:
    example = torch.zeros(2, 8, dimension)
    axes = {0: torch.export.Dim("B"), 1: torch.export.Dim("T")}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            localizer,
            (example,),
            input_names=["features"],
            output_names=["scores", "background", "probabilities"],
            dynamic_shapes=(axes,),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ExportError("torch gave no ONNX program")
    return program.model_proto
