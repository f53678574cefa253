"""The backbone of EfficientNet-Lite0, from the weights that its package brings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
from torch import Tensor

from lpat.backbones.appearance import EXTRA, NAME, WEIGHTS
from lpat.backbones.checking import check
from lpat.backbones.files import read_backbones
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.search import Backbones
from lpat.errors import MissingPackageError, OutputError, install_advice
from lpat.files.atomic import atomic_path
from lpat.inference.onnx_files import BACKBONE_KEY
from lpat_train.backbones.efficientnet_lite import (
    DEVIATION,
    DIMENSION,
    MEAN,
    SIZE,
    State,
    efficientnet_graph,
    shapes,
)
from lpat_train.backbones.i3d_checkpoint import read_weights
from lpat_train.errors import CheckpointError

FRAMES, SAMPLING = 1, 16
"""Pictures of a snippet, and how far they are apart: the one in the middle of 16."""

METADATA = BackboneMetadata(
    name=NAME,
    stream="rgb",
    dimension=DIMENSION,
    frames=FRAMES,
    sampling=SAMPLING,
    fps=25.0,
    short_side=256,
    crop=(SIZE, SIZE),
    mean=(MEAN,),
    deviation=(DEVIATION,),
)
"""What it is fed: as it was trained, but for the scaling's filter."""


def convert_efficientnet(output: Path, weights: Path | None = None) -> None:
    """Write the backbone of `weights`, by default the package's; it is tried before it is there.

    The file is the same, byte by byte, wherever it is made.

    Raises:
        MissingPackageError: the package isn't installed.
        CheckpointError: the weights can't be read, or are another network's.
        BackboneError: the network doesn't do what a backbone must.
        OutputError: `output` can't be written.
    """
    if output.suffix.lower() != ".onnx":
        raise OutputError(f"{output}: expected a name that ends in .onnx")
    state = read_state(weights or weights_of_package())
    model = efficientnet_graph(state, FRAMES)
    onnx.helper.set_model_props(model, {BACKBONE_KEY: METADATA.to_json()})
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    with atomic_path(output) as temporary:
        temporary.write_bytes(content)
        for backbone in read_backbones(temporary):
            for _ in check(backbone, Backbones(device="cpu")):
                pass


def weights_of_package() -> Path:
    """The file of weights in the installed package, which isn't imported for it.

    Raises:
        MissingPackageError: it isn't installed, or without the file.
    """
    found = find_spec(WEIGHTS)
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in sorted((Path(folder) / "models").glob("*.pth")):
            return path
    raise MissingPackageError(f"{NAME} needs its weights: {install_advice(EXTRA)}")


def read_state(path: Path) -> State:
    """The network's weights in a file of PyTorch; those of its classifier are left out.

    Raises:
        CheckpointError: not such a file, another network, or a weight that can't be one.
    """
    content = read_weights(path)
    known = content if isinstance(content, Mapping) else {}
    state: dict[str, np.ndarray] = {}
    for name, shape in shapes().items():
        weight = known.get(name)
        if not isinstance(weight, Tensor) or tuple(weight.shape) != shape:
            raise CheckpointError(f"{path}: expected {NAME}'s {name}, of shape {shape}")
        state[name] = weight.float().numpy()
        bad = name.endswith("running_var") and (state[name] < 0).any()
        if bad or not np.isfinite(state[name]).all():
            raise CheckpointError(f"{path}: {name}: expected finite weights, and variances above 0")
    return state
