"""A converted I3D against the checkpoint that it came from, in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lpat.backbones.checking import TOLERANCE, random_clips, relative_difference
from lpat.backbones.files import Backbone
from lpat.backbones.network import load_networks
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError
from lpat_train.backbones.i3d import network_of
from lpat_train.backbones.i3d_checkpoint import read_checkpoint, stream_of


def compare(backbones: Sequence[Backbone], checkpoint: Path, width: float = 1.0) -> float:
    """The largest difference of features from PyTorch's, in parts of the largest one.

    Of several backbones it is the one of the checkpoint's stream that is compared. `width` is the
    network's, 1 for all that is published.

    Raises:
        CheckpointError: not weights of I3D.
        BackboneError: none of that stream, or features differ by more than `TOLERANCE`.
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
    if not difference <= TOLERANCE:
        raise BackboneError(
            f"{backbone.path}: differs from {checkpoint} by {difference:.2g} of the largest "
            f"feature, more than {TOLERANCE:g}"
        )
    return difference
