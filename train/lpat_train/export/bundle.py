"""A model and the backbones of its features in one ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper, version_converter

from lpat.backbones.checking import relative_difference
from lpat.backbones.files import Backbone, bundled_keys, bundled_output, read_backbones
from lpat.backbones.network import load_networks
from lpat.backbones.search import Backbones
from lpat.files.atomic import atomic_path
from lpat.inference.onnx_files import LARGEST, UNSEALED, sealed
from lpat.model.model import Model
from lpat.types import Features
from lpat_train.backbones.conversion import opset_of
from lpat_train.errors import BundleError

TOLERANCE = 1e-5
"""The largest difference from the separate files, in parts of the largest value."""


def write_bundle(head: Path, backbones: Sequence[Backbone], path: Path) -> float:
    """Write a model and its backbones as one model file; the largest relative difference found.

    The head stays as it is: `features` in, its outputs out. Beside it, the backbone of a stream
    takes its clips by an input named like the stream, which may be left out: it is an initializer
    of no clips then, and the backbone doesn't run. Its output is named STREAM_features. The file
    is compared with the separate ones before it takes its place.

    Raises:
        BundleError: too large for a file, of versions of ONNX that can't be brought together, or
            it doesn't compute what the separate files do.
        OutputError: `path` can't be written.
    """
    size = head.stat().st_size + sum(backbone.path.stat().st_size for backbone in backbones)
    if size > LARGEST:
        raise BundleError(f"{path}: a bundle of {size / (1 << 30):.1f} GiB, expected below 2 GiB")
    model = bundle(onnx.load(head), backbones)
    with atomic_path(path) as temporary:
        temporary.write_bytes(sealed(model.SerializeToString()))
        difference = _largest_difference(head, backbones, temporary)
        if not difference <= TOLERANCE:
            raise BundleError(
                f"{path}: the bundle differs from the separate files by {difference:.2g} of the "
                f"largest value, more than {TOLERANCE:g}; nothing was written"
            )
    return difference


def bundle(head: onnx.ModelProto, backbones: Sequence[Backbone]) -> onnx.ModelProto:
    """One model of a head and the backbones beside it, still to be sealed.

    Raises:
        BundleError: they are of versions of ONNX that can't be brought together.
    """
    networks = [onnx.load_from_string(backbone.read()) for backbone in backbones]
    head, *networks = _of_one_opset([head, *networks], ["the model", *map(_title, backbones)])
    texts = {entry.key: entry.value for entry in head.metadata_props}
    opsets = {_domain(entry): entry.version for entry in head.opset_import}
    head.ir_version = max(network.ir_version for network in (head, *networks))
    for backbone, network in zip(backbones, networks, strict=True):
        for entry in network.opset_import:
            if opsets.setdefault(_domain(entry), entry.version) != entry.version:
                raise BundleError(
                    f"{backbone.path}: expected version {opsets[_domain(entry)]} of the operators "
                    f"{entry.domain}, not {entry.version}"
                )
        _put_beside(head, backbone, network)
        key, digest_key = bundled_keys(backbone.metadata.stream)
        texts |= {key: backbone.metadata.to_json(), digest_key: backbone.sha256}
    del head.opset_import[:]
    head.opset_import.extend(helper.make_opsetid(*entry) for entry in opsets.items())
    helper.set_model_props(head, texts | UNSEALED)
    onnx.checker.check_model(head, full_check=True)
    return head


def _title(backbone: Backbone) -> str:
    return str(backbone.path)


def _of_one_opset(
    models: Sequence[onnx.ModelProto], titles: Sequence[str]
) -> list[onnx.ModelProto]:
    """Models brought to the newest version of ONNX's own operators among them."""
    versions = [opset_of(model) for model in models]
    newest = max(versions)
    made = []
    for model, version, title in zip(models, versions, titles, strict=True):
        try:
            made.append(
                model if version == newest else version_converter.convert_version(model, newest)
            )
        except Exception as error:  # of several kinds, some of C++
            raise BundleError(
                f"{title}: expected a network of ONNX opset {newest}, not {version}, from which "
                f"it can't be brought there ({str(error).splitlines()[0][:80]})"
            ) from error
        made[-1].ir_version = max(made[-1].ir_version, model.ir_version)
    return made


def _domain(opset: onnx.OperatorSetIdProto) -> str:
    """Whose operators; none for ONNX's own."""
    return "" if opset.domain == "ai.onnx" else opset.domain


def _put_beside(head: onnx.ModelProto, backbone: Backbone, network: onnx.ModelProto) -> None:
    """Put a backbone's network into the head's graph, with an input that may be left out.

    ONNX Runtime runs all of a graph, whatever is asked for, so it is a branch that needs clips. A
    network of a fixed batch can't be given none: its default clips are zeros.
    """
    stream, metadata = backbone.metadata.stream, backbone.metadata
    output, prefix = bundled_output(stream), f"{stream}_backbone/"
    network = compose.add_prefix(network, prefix)
    graph, name = head.graph, prefix + backbone.input
    clips = next(value for value in network.graph.input if value.name == name)
    no_clips = np.zeros((backbone.batch or 0, *metadata.clip_shape), np.float32)
    no_features = np.zeros((0, metadata.dimension), np.float32)
    graph.input.append(_renamed(clips, stream))
    graph.output.append(_renamed(network.graph.output[0], output))
    graph.initializer.append(numpy_helper.from_array(no_clips, stream))
    network.graph.node.insert(0, helper.make_node("Identity", [stream], [name]))
    del network.graph.input[:]
    nothing = helper.make_graph(
        [], f"{prefix}nothing", [],
        [helper.make_tensor_value_info(f"{prefix}none", TensorProto.FLOAT, no_features.shape)],
        [numpy_helper.from_array(no_features, f"{prefix}none")],
    )  # fmt: skip
    count, there = f"{prefix}count", f"{prefix}there"
    graph.node.extend(
        [
            helper.make_node("Shape", [stream], [count], start=0, end=1),
            helper.make_node("Cast", [count], [there], to=TensorProto.BOOL),
            helper.make_node(
                "If", [there], [output], name=output,
                then_branch=network.graph, else_branch=nothing,
            ),
        ]
    )  # fmt: skip
    head.functions.extend(network.functions)


def _renamed(value: onnx.ValueInfoProto, name: str) -> onnx.ValueInfoProto:
    renamed = onnx.ValueInfoProto()
    renamed.CopyFrom(value)
    renamed.name = name
    return renamed


def _largest_difference(head: Path, backbones: Sequence[Backbone], path: Path) -> float:
    """How far a bundle's outputs are from those of the separate files, on random inputs."""
    alone, together = Model(head, "cpu"), Model(path, "cpu")
    spec, random = alone.metadata.features, np.random.default_rng(0)
    values = random.standard_normal((17, spec.dimension)).astype(np.float32)
    features = Features(values, spec, len(values) * spec.snippet_seconds)
    expected, found = alone.score(features), together.score(features)
    differences = [
        relative_difference(getattr(found, name), getattr(expected, name))
        for name in ("scores", "background", "probabilities")
    ]
    on_cpu = Backbones(device="cpu")
    networks = load_networks(backbones, on_cpu), load_networks(read_backbones(path), on_cpu)
    for network, bundled in zip(*networks, strict=True):
        shape = network.backbone.metadata.clip_shape
        clips = random.uniform(-1, 1, (1, *shape)).astype(np.float32)
        differences.append(relative_difference(bundled.features(clips), network.features(clips)))
    return float(np.max(differences))
