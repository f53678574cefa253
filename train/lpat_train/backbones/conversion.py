"""A backbone from any ONNX network of clips or of images, run before anyone relies on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError, EncodeError
from onnx import TensorProto, compose, external_data_helper, helper, numpy_helper

from lpat.backbones.checking import random_clips
from lpat.backbones.files import read_backbones
from lpat.backbones.metadata import CHANNELS, BackboneMetadata, Stream
from lpat.backbones.network import load_networks
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError, ModelError, OutputError
from lpat.files.atomic import atomic_path
from lpat.inference.onnx_files import BACKBONE_KEY, read_onnx
from lpat.inference.sessions import load_on_cpu

FRAMES, SIDE = 16, 224
"""What a network is fed where it takes any number of frames, or pictures of any size."""

MARGIN = 256 / 224
"""The shorter side of a frame, in parts of the longer side of the crop, as is usual."""

_PREFIX = "network/"
_CLIPS, _FEATURES = "clips", "features"


@dataclass(frozen=True, eq=False)
class _Source:
    """A network as it was found: its input of clips or images, and its only output."""

    model: onnx.ModelProto
    input: onnx.ValueInfoProto
    shape: tuple[int | None, ...]  # of the input; None is any
    output: onnx.ValueInfoProto

    @property
    def of_images(self) -> bool:
        return len(self.shape) == 4


def convert_network(source: Path, output: Path, given: Mapping[str, Any]) -> BackboneMetadata:
    """Write a network with its metadata as a backbone; that metadata.

    A network of clips (N, C, T, H, W) stays as it is. One of images (N, C, H, W) is run on every
    frame, and its features are averaged over the clip. Features of more axes (N, D, ...) are
    averaged over these. `given` are fields of the metadata; the network itself says what else can
    be known, such as its dimension.

    Raises:
        BackboneError: not a network of one input and one output, one of other clips or images, of
            a number of images that is fixed, or that gives no usable features.
        OutputError: `output` can't be written.
    """
    if output.suffix.lower() != ".onnx":
        raise OutputError(f"{output}: expected a name that ends in .onnx")
    try:
        network = _read(source)
        metadata = _metadata_of(network.shape, {"name": source.stem, **given})
        features = _shape_of_features(network, metadata)
        metadata = replace(metadata, dimension=features[1])
        model = _backbone_of(network, metadata, len(features))
        helper.set_model_props(model, {BACKBONE_KEY: metadata.to_json()})
        onnx.checker.check_model(model, full_check=True)
        content = model.SerializeToString()
    except EncodeError as error:
        raise BackboneError(f"{source}: expected a network below 2 GiB") from error
    except (ModelError, onnx.checker.ValidationError, BackboneError) as error:
        reason = str(error).splitlines()[0].removeprefix(f"{source}: ")
        raise BackboneError(f"{source}: {reason}") from error
    with atomic_path(output) as temporary:
        temporary.write_bytes(content)
        _try(source, temporary)
    return metadata


def _read(source: Path) -> _Source:
    """The network in a file, and in those beside it that have its weights."""
    content = read_onnx(source)
    try:
        model = onnx.load_from_string(content)
        external_data_helper.load_external_data_for_model(model, str(source.parent))
    except (DecodeError, onnx.checker.ValidationError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(f"expected an ONNX network ({reason[:120]})") from error
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    outputs = list(model.graph.output)
    if len(inputs) != 1 or len(outputs) != 1:
        raise BackboneError(
            f"expected a network of one input and one output, not of {len(inputs)} "
            f"and {len(outputs)}"
        )
    for value in (*inputs, *outputs):
        kind = value.type.tensor_type.elem_type
        if kind != TensorProto.FLOAT:
            name = TensorProto.DataType.Name(kind).lower()
            raise BackboneError(f"expected {value.name!r} to be of float32, not {name}")
    shape = tuple(
        axis.dim_value if axis.HasField("dim_value") else None
        for axis in inputs[0].type.tensor_type.shape.dim
    )
    if len(shape) not in (4, 5):
        raise BackboneError(
            "expected a network of clips (N, C, T, H, W) or images (N, C, H, W), "
            f"not of an input of {len(shape)} axes"
        )
    return _Source(model, inputs[0], shape, outputs[0])


def _metadata_of(shape: Sequence[int | None], given: Mapping[str, Any]) -> BackboneMetadata:
    """Metadata as given, and else as the network's input (N, C[, T], H, W) has it.

    The dimension isn't known yet.
    """
    channels, *frames = shape[1:-2]
    streams: dict[int | None, Stream] = {count: stream for stream, count in CHANNELS.items()}
    stream: Stream | None = given.get("stream") or streams.get(3 if channels is None else channels)
    if stream is None or channels not in (None, CHANNELS[stream]):
        expected = "3 channels (rgb) or 2 (flow)"
        if stream is not None:
            expected = f"{CHANNELS[stream]} channels ({stream})"
        raise BackboneError(f"expected a network of {expected}, not of {channels}")
    crop = given.get("crop") or (shape[-2] or SIDE, shape[-1] or SIDE)
    known = {
        "stream": stream,
        "frames": (frames and frames[0]) or FRAMES,
        "crop": crop,
        "short_side": round(MARGIN * max(crop)),
    }
    metadata = BackboneMetadata(**{**known, **given, "dimension": 1})
    expected = metadata.clip_shape if frames else (metadata.channels, *metadata.crop)
    pairs = zip(shape[1:], expected, strict=True)
    if any(length not in (None, its) for length, its in pairs):
        axes = "(C, T, H, W)" if frames else "(C, H, W)"
        raise BackboneError(f"takes {tuple(shape[1:])}, expected {expected} {axes} as is said")
    if not frames and shape[0] is not None:
        raise BackboneError(
            f"expected a network of any number of images, not of {shape[0]}: export it with a "
            "first axis that is dynamic"
        )
    return metadata


def _shape_of_features(network: _Source, metadata: BackboneMetadata) -> tuple[int, ...]:
    """(N, D, ...) of what the network gives."""
    size = metadata.clip_shape
    if network.of_images:
        size = (metadata.channels, *metadata.crop)
    session = load_on_cpu(network.model.SerializeToString())
    values = np.zeros((network.shape[0] or 1, *size), np.float32)
    try:
        (features,) = session.run(None, {network.input.name: values})
    except Exception as error:  # the kinds it raises share no base
        reason = str(error).splitlines()[0][-120:]
        raise BackboneError(f"the network can't be computed ({reason})") from error
    shape = np.asarray(features).shape
    if len(shape) < 2 or shape[0] != len(values):
        raise BackboneError(f"expected features (N, D), not {shape} of {len(values)} inputs")
    return shape


def _backbone_of(network: _Source, metadata: BackboneMetadata, axes: int) -> onnx.ModelProto:
    """The network with clips as its input, and features (N, D) as its output."""
    model = compose.add_prefix(network.model, _PREFIX)
    graph, opset = model.graph, opset_of(model)
    before: list[onnx.NodeProto] = []
    after: list[onnx.NodeProto] = []
    constants: dict[str, list[int]] = {}
    images, found = _PREFIX + network.input.name, _PREFIX + network.output.name

    def mean(value: str, result: str, axes: list[int]) -> onnx.NodeProto:
        if opset < 18:  # since then axes are an input
            return helper.make_node("ReduceMean", [value], [result], axes=axes, keepdims=0)
        constants[f"{result}_axes"] = axes
        return helper.make_node("ReduceMean", [value, f"{result}_axes"], [result], keepdims=0)

    if network.of_images:
        constants["image"] = [-1, metadata.channels, *metadata.crop]
        constants["clip"] = [-1, metadata.frames, metadata.dimension]
        before += [
            helper.make_node("Transpose", [_CLIPS], ["frames"], perm=[0, 2, 1, 3, 4]),
            helper.make_node("Reshape", ["frames", "image"], [images]),
        ]
    else:
        before.append(helper.make_node("Identity", [_CLIPS], [images]))
    if axes > 2:
        after.append(mean(found, "pooled", list(range(2, axes))))
        found = "pooled"
    if network.of_images:
        after += [
            helper.make_node("Reshape", [found, "clip"], ["features_of_frames"]),
            mean("features_of_frames", _FEATURES, [1]),
        ]
    else:
        after.append(helper.make_node("Identity", [found], [_FEATURES]))
    nodes = [*before, *graph.node, *after]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    batch = network.shape[0] or "N"
    graph.input.append(_value(_CLIPS, (batch, *metadata.clip_shape)))
    graph.output.append(_value(_FEATURES, (batch, metadata.dimension)))
    graph.initializer.extend(
        numpy_helper.from_array(np.array(values, np.int64), name)
        for name, values in constants.items()
    )
    model.ir_version = max(model.ir_version, 4)  # since then initializers need be no inputs
    return model


def _value(name: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def opset_of(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators that a model is of."""
    versions = (its.version for its in model.opset_import if its.domain in ("", "ai.onnx"))
    return max(versions, default=1)


def _try(source: Path, written: Path) -> None:
    """Run what was written on a few clips.

    Raises:
        BackboneError: it can't be computed, or gives features that aren't finite.
    """
    count = 2
    try:
        for network in load_networks(read_backbones(written), Backbones(device="cpu", batch=count)):
            network.features(random_clips(network.backbone.metadata, count))
    except BackboneError as error:
        raise BackboneError(f"{source}: {str(error).removeprefix(f'{written}: ')}") from error
