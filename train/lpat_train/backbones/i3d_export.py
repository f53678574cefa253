"""One ONNX file from a published I3D checkpoint, compared with PyTorch before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor

from lpat.backbones.checking import TOLERANCE as CHECKED_TOLERANCE
from lpat.backbones.checking import random_clips, relative_difference
from lpat.backbones.files import Backbone
from lpat.backbones.network import load_networks
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError, OutputError
from lpat.files.atomic import atomic_path
from lpat.inference.onnx_files import BACKBONE_KEY
from lpat.inference.sessions import load_on_cpu
from lpat.types import Float32Array
from lpat_train.backbones.i3d import FRAMES, I3D, SIZE, network_of
from lpat_train.backbones.i3d_checkpoint import read_checkpoint, stream_of
from lpat_train.backbones.i3d_graph import i3d_graph
from lpat_train.errors import ExportError

TOLERANCE = 1e-4
"""The largest difference from PyTorch, in parts of the largest feature."""

_BATCHES = (1, 3)


def convert_i3d(
    state: Mapping[str, Tensor],
    output: Path,
    metadata: str,
    *,
    width: float = 1.0,
    size: int = SIZE,
) -> float:
    """Write the network of a checkpoint's weights as one ONNX file; how far it is from PyTorch,
    relatively.

    `metadata` is JSON that goes with it. The file takes `clips` (N, C, 16, size, size), scaled to
    [-1, 1], and gives `features` (N, D). `width` is the network's, 1 for all that is published.

    Raises:
        OutputError: `output` can't be written.
        ExportError: features differ by more than `TOLERANCE`.
    """
    if output.suffix.lower() != ".onnx":
        raise OutputError(f"{output}: expected a name that ends in .onnx")
    network = network_of(state, width)
    model = i3d_graph({name: weight.numpy() for name, weight in state.items()}, size)
    onnx.helper.set_model_props(model, {BACKBONE_KEY: metadata})
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    difference = largest_difference(network, content, size)
    if not difference <= TOLERANCE:
        raise ExportError(
            f"{output}: PyTorch and ONNX Runtime differ by {difference:.2g} of the largest "
            f"feature, more than {TOLERANCE:g}; nothing was written"
        )
    with atomic_path(output) as temporary:
        temporary.write_bytes(content)
    return difference


def largest_difference(network: I3D, content: bytes, size: int = SIZE) -> float:
    """Largest difference of any feature of random clips, in parts of the largest feature."""
    session = load_on_cpu(content)
    differences = []
    for clips in _random_clips(network.Conv3d_1a_7x7.conv3d.in_channels, size):
        with torch.inference_mode():
            expected = network(torch.from_numpy(clips)).numpy()
        (features,) = session.run(["features"], {"clips": clips})
        differences.append(relative_difference(np.asarray(features), expected))
    return float(np.max(differences))  # which is NaN where one of them is


def _random_clips(channels: int, size: int) -> Iterator[Float32Array]:
    for batch in _BATCHES:
        generator = np.random.default_rng(batch)
        shape = (batch, channels, FRAMES, size, size)
        yield generator.uniform(-1, 1, shape).astype(np.float32)


def compare(backbones: Sequence[Backbone], checkpoint: Path, width: float = 1.0) -> float:
    """The largest difference of features from PyTorch's, in parts of the largest one.

    Of several backbones it is the one of the checkpoint's stream that is compared. `width` is the
    network's, 1 for all that is published.

    Raises:
        CheckpointError: not weights of I3D.
        BackboneError: none of that stream, or features differ by more than `CHECKED_TOLERANCE`.
    """
    state = read_checkpoint(checkpoint, width)
    stream = stream_of(state)
    backbone = next((one for one in backbones if one.metadata.stream == stream), None)
    if backbone is None:
        raise BackboneError(f"{checkpoint}: expected weights of {backbones[0].title}, not {stream}")
    reference = network_of(state, width)
    clips = random_clips(backbone.metadata, 1)
    with torch.inference_mode():
        expected = reference(torch.from_numpy(clips)).numpy()
    (network,) = load_networks([backbone], Backbones(device="cpu"))
    found = network.features(clips)
    if found.shape != expected.shape:
        raise BackboneError(
            f"{backbone.path}: expected features {expected.shape}, as of {checkpoint}, "
            f"not {found.shape}"
        )
    difference = relative_difference(found, expected)
    if not difference <= CHECKED_TOLERANCE:
        raise BackboneError(
            f"{backbone.path}: differs from {checkpoint} by {difference:.2g} of the largest "
            f"feature, more than {CHECKED_TOLERANCE:g}"
        )
    return difference
