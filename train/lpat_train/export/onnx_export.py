"""One ONNX file from a trained network, compared with it before anyone relies on it."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch

from lpat.annotations.reading import VideoAnnotation
from lpat.errors import OutputError, UsageError
from lpat.features.extractors import OWN
from lpat.features.statistics import WIDEST, Statistics
from lpat.files.atomic import atomic_path
from lpat.files.kinds import but_it_is
from lpat.inference.onnx_files import MODEL_KEY, UNSEALED, sealed
from lpat.model.metadata import ModelMetadata
from lpat.model.model import Model
from lpat.types import Features, FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.errors import ExportError
from lpat_train.export.graph_rewrites import lean, without_traces
from lpat_train.export.quantization import in_float16, in_int8
from lpat_train.export.quantization_cost import Cost, Videos, cost_of
from lpat_train.network.base import ExportModule, Network
from lpat_train.training.checkpoint import Run

COMPARED_LENGTHS = (1, 2, 17, 320, 2000)
TOLERANCE = 1e-4
LARGEST_DEVIATIONS = {"float16": 0.02, "int8": 0.2}
"""How far scores may be off, in their standard deviations, before a reduced file is garbage."""


def export(network: Network, metadata: ModelMetadata, path: Path) -> float:
    """Write a network and its metadata as one ONNX file; the largest difference found in it.

    Torch and ONNX Runtime are compared on random features of `COMPARED_LENGTHS` snippets before
    the file takes its place, so a file that is there has passed. Where the features come from
    files of others, their statistics go with it.

    Raises:
        OutputError: `path` can't be written.
        ExportError: an output differs by more than `TOLERANCE`.
    """
    check_name(path)
    module = ExportModule(network).eval().cpu()
    model = onnx_graph(module, metadata.features.dimension)
    return _write_compared(module, model, _with_statistics(network, metadata), path)


def export_reduced(
    network: Network,
    metadata: ModelMetadata,
    path: Path,
    videos: Videos | None,
    truth: Sequence[VideoAnnotation] | None = None,
) -> Cost:
    """Write a network with hidden layers of `metadata.precision`; what that costs on the videos.

    Int8 is calibrated on them. Float16 needs none, and is compared on random features then.

    Raises:
        OutputError: `path` can't be written.
        UsageError: no videos, for int8.
        ExportError: float32 already isn't what torch computes, or the cost is beyond
            `LARGEST_DEVIATIONS`; nothing was written.
    """
    check_name(path)
    if metadata.precision == "int8" and videos is None:
        raise UsageError("int8: expected videos to calibrate on, but there are none")
    if videos is None:
        videos = partial(_random_videos, network, metadata.features)
    module = ExportModule(network).eval().cpu()
    model = onnx_graph(module, metadata.features.dimension)
    metadata = _with_statistics(network, metadata)
    with tempfile.TemporaryDirectory(prefix="lpat-") as folder, atomic_path(path) as temporary:
        full = Path(folder) / "float32.onnx"
        _write_compared(module, model, replace(metadata, precision="float32"), full)
        standardised_apart = lean(model, fold=False)  # as raw features may have any range
        if metadata.precision == "float16":
            reduced = in_float16(standardised_apart)
        else:
            reduced = in_int8(standardised_apart, (features for _, features in videos()))
        _write(reduced, metadata, temporary)
        cost = cost_of(Model(temporary, "cpu"), Model(full, "cpu"), videos, truth)
        highest = LARGEST_DEVIATIONS[metadata.precision]
        if not cost.deviation <= highest:
            raise ExportError(
                f"{path}: {metadata.precision} is off by {cost.deviation:.1%} of the scores' "
                f"deviation, more than {highest:.0%}; nothing was written"
            )
    return cost


def check_name(path: Path) -> None:
    """Raises OutputError unless a path is named as ONNX files are."""
    if path.suffix.lower() != ".onnx":
        raise OutputError(f"{path}: expected a name that ends in .onnx{but_it_is(path)}")


def _with_statistics(network: Network, metadata: ModelMetadata) -> ModelMetadata:
    level = None if network.level is None else network.level.table_of(metadata.classes)
    return replace(metadata, statistics=statistics_of(network, metadata.features), level=level)


def _write_compared(
    module: ExportModule, model: onnx.ModelProto, metadata: ModelMetadata, path: Path
) -> float:
    """Write a graph of float32, made lean; the largest difference from torch."""
    with atomic_path(path) as temporary:
        _write(lean(model, fold=True), metadata, temporary)
        difference = largest_difference(module, Model(temporary, "cpu"))
        if not difference <= TOLERANCE:
            raise ExportError(
                f"{path}: torch and ONNX Runtime differ by {difference:.2g}, "
                f"more than {TOLERANCE:g}; nothing was written"
            )
    return difference


def _write(model: onnx.ModelProto, metadata: ModelMetadata, path: Path) -> None:
    model = without_traces(model)
    model.doc_string = "Weakly supervised temporal action localization with a predicted threshold"
    onnx.helper.set_model_props(model, {MODEL_KEY: metadata.to_json(), **UNSEALED})
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(sealed(model.SerializeToString()))


def _random_videos(network: Network, spec: FeatureSpec) -> Iterator[tuple[str, Features]]:
    for length in COMPARED_LENGTHS:
        yield str(length), random_features(network, spec, length)


def metadata_of(run: Run) -> ModelMetadata:
    """The metadata that goes into the file of a run's model."""
    training = {"videos": run.videos, "config": asdict(run.config)}
    return ModelMetadata(
        run.classes,
        run.spec,
        run.config.post_processing(),
        training,
        lookahead=lookahead_of(run.config),
    )


def lookahead_of(config: TrainingConfig) -> int:
    """Snippets after one that its scores depend on: context, TemConv and AutoLoc's convolution."""
    context = max((window for its in config.windows for window in its), default=1) // 2
    return context + config.temporal_convolution + 2 * (config.method == "autoloc")


def statistics_of(network: Network, spec: FeatureSpec) -> Statistics | None:
    """Mean and deviation of the training features, by which others' order of streams is judged.

    None for extractors of our own, whose features have one order only, for a network that
    standardises nothing, and for features too wide to say it of each dimension.
    """
    unknown = not network.mean.any() and (network.scale == 1).all()
    if spec.extractor in OWN or spec.dimension > WIDEST or unknown:
        return None
    mean, deviation = network.statistics
    return Statistics(_rounded(mean), _rounded(deviation))


def _rounded(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values.tolist())


def random_features(network: Network, spec: FeatureSpec, length: int) -> Features:
    """Random features such as the network was trained on."""
    noise = np.random.default_rng(length).standard_normal((length, spec.dimension))
    mean, deviation = (values.numpy() for values in network.statistics)
    values = mean + deviation * noise.astype(np.float32)
    return Features(values, spec, length * spec.snippet_seconds)


def largest_difference(module: ExportModule, exported: Model) -> float:
    """Largest absolute difference of any output on random features of `COMPARED_LENGTHS`."""
    largest = 0.0
    for length in COMPARED_LENGTHS:
        features = random_features(module.network, exported.metadata.features, length)
        with torch.no_grad():
            expected = module(torch.from_numpy(features.values)[None])
        result = exported.learned_scores(features)
        given = [result.scores, result.background, result.probabilities]
        if result.ends is not None:
            given += [result.ends.chances, result.ends.distances]
        for ours, theirs in zip(expected, given, strict=True):
            largest = max(largest, float(np.abs(ours[0].numpy() - theirs).max()))
    return largest


def onnx_graph(module: ExportModule, dimension: int) -> onnx.ModelProto:
    """The graph that torch makes of a module for features of a dimension, as an ONNX model."""
    example = torch.zeros(2, 8, dimension)
    axes = {0: torch.export.Dim("B"), 1: torch.export.Dim("T")}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            module,
            (example,),
            input_names=["features"],
            output_names=module.output_names,
            dynamic_shapes=(axes,),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ExportError("torch gave no ONNX program")
    return program.model_proto
