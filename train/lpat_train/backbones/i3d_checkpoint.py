"""Published I3D weights, as files of PyTorch or safetensors hold them, checked one by one."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lpat_train.backbones.i3d import CHANNELS, shapes
from lpat_train.errors import CheckpointError

_FIRST = "Conv3d_1a_7x7.conv3d.weight"
_WRAPPERS = ("state_dict", "model_state_dict")
_PREFIX = "module."  # of a network that was trained by several GPUs
_UNUSED = re.compile(r"logits\..*|.*\.num_batches_tracked")
_REFUSED_GLOBAL = re.compile(r"GLOBAL (\S+)")


def read_checkpoint(path: Path, width: float = 1.0) -> dict[str, Tensor]:
    """Weights of I3D by name, float32; those of the classifier are left out.

    `width` is the network's, 1 for all that is published. A pickle is read as weights only:
    nothing in it is run.

    Raises:
        CheckpointError: not such a file, another network, or a weight that can't be one.
    """
    state = _without_prefix(_tensors(path, read_weights(path)))
    state = {name: weight for name, weight in state.items() if not _UNUSED.fullmatch(name)}
    channels = state[_FIRST].shape[1] if _FIRST in state and state[_FIRST].ndim == 5 else 3
    if channels not in CHANNELS.values():
        known = " or ".join(f"{count} ({stream})" for stream, count in CHANNELS.items())
        raise CheckpointError(f"{path}: {_FIRST}: expected {known} input channels, not {channels}")
    expected = shapes(channels, width)
    _check_names(path, state, expected)
    for name, shape in expected.items():
        _check_weight(path, name, state[name], shape)
    return {name: state[name].float().contiguous() for name in expected}


def stream_of(state: Mapping[str, Tensor]) -> str:
    """The stream that a network's weights are of: "rgb" or "flow"."""
    channels = state[_FIRST].shape[1]
    return next(stream for stream, count in CHANNELS.items() if count == channels)


def read_weights(path: Path) -> Any:
    """The content of a file of weights, of which nothing is run.

    Raises:
        CheckpointError: it can't be read, or holds more than weights.
    """
    try:
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read ({error.strerror or error})") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path}: expected a file of safetensors ({error})") from error
    except pickle.UnpicklingError as error:
        refused = _REFUSED_GLOBAL.search(str(error))
        if refused is None:
            raise CheckpointError(f"{path}: expected weights that PyTorch saved") from error
        raise CheckpointError(
            f"{path}: expected weights only, but it would run {refused[1]}"
        ) from error
    except Exception as error:  # whatever a broken file makes PyTorch raise
        raise CheckpointError(f"{path}: expected weights that PyTorch saved") from error


def _tensors(path: Path, content: Any) -> dict[str, Tensor]:
    """The state dict in a file's content, which may wrap it."""
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{path}: expected weights by name, not a value of type {type(content).__name__}"
        )
    for name, weight in content.items():
        if not isinstance(name, str) or not isinstance(weight, Tensor):
            raise CheckpointError(
                f"{path}: {str(name)[:80]}: expected an array of weights, "
                f"not a value of type {type(weight).__name__}"
            )
    return dict(content)


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    if all(name.startswith(_PREFIX) for name in state):
        return {name.removeprefix(_PREFIX): weight for name, weight in state.items()}
    return state


def _check_names(
    path: Path, state: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]
) -> None:
    missing = [name for name in expected if name not in state]
    others = [name for name in state if name not in expected]
    found = [
        f"{len(names)} {what} ({names[0][:80]}{', ...' if len(names) > 1 else ''})"
        for names, what in ((missing, "missing"), (others, "of another network"))
        if names
    ]
    if found:
        raise CheckpointError(
            f"{path}: expected the {len(expected)} weights of I3D, but {' and '.join(found)}"
        )


def _check_weight(path: Path, name: str, weight: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(weight.shape) != shape:
        raise CheckpointError(f"{path}: {name}: expected shape {shape}, not {tuple(weight.shape)}")
    if not weight.is_floating_point():
        raise CheckpointError(
            f"{path}: {name}: expected numbers with fractions, not {weight.dtype}"
        )
    if not weight.float().isfinite().all():
        raise CheckpointError(f"{path}: {name}: expected finite weights, but some aren't")
    if name.endswith("running_var") and (weight < 0).any():
        raise CheckpointError(f"{path}: {name}: expected variances, but some are below zero")
