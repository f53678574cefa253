"""Published weights in any of their wrappings, and one clear line for anything else."""

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.train.backbones.conftest import WIDTH
from torch import Tensor

from benchmarks.video.random_i3d import random_state
from lpat_train.backbones.i3d import shapes
from lpat_train.backbones.i3d_checkpoint import read_checkpoint, stream_of
from lpat_train.errors import CheckpointError

FIRST = "Conv3d_1a_7x7.conv3d.weight"
LAST = "Mixed_5c.b3b.bn.running_var"


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def test_weights_come_without_the_classifier(checkpoint: Path) -> None:
    state = read_checkpoint(checkpoint, WIDTH)
    assert list(state) == list(shapes(3, WIDTH))
    for name, weight in random_state(3, WIDTH).items():
        assert torch.equal(state[name], weight)
    assert stream_of(state) == "rgb"


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: {"state_dict": state},
        lambda state: {"model_state_dict": state, "epoch": 3},
        lambda state: {f"module.{name}": weight for name, weight in state.items()},
        lambda state: {"state_dict": {f"module.{name}": each for name, each in state.items()}},
        lambda state: {name: weight.double() for name, weight in state.items()},
        lambda state: {**state, "Mixed_3b.b0.bn.num_batches_tracked": torch.tensor(7)},
        lambda state: {**state, "logits.conv3d.weight": torch.ones(400, 128, 1, 1, 1)},
    ],
)
def test_wrappings_come_off(
    wrapped: Callable[[dict[str, Tensor]], dict[str, Any]], tmp_path: Path
) -> None:
    expected = random_state(2, WIDTH)
    state = read_checkpoint(saved(tmp_path / "flow.pt", wrapped(expected)), WIDTH)
    assert stream_of(state) == "flow"
    for name, weight in expected.items():
        assert state[name].dtype == torch.float32
        assert torch.equal(state[name], weight)


def test_an_old_file_is_read(tmp_path: Path) -> None:
    """The published files are of PyTorch 0.3, before it wrote archives."""
    path = tmp_path / "old.pt"
    torch.save(random_state(2, WIDTH), path, _use_new_zipfile_serialization=False)
    assert stream_of(read_checkpoint(path, WIDTH)) == "flow"


def test_safetensors_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rgb.safetensors"
    save_file(random_state(3, WIDTH), path)
    assert stream_of(read_checkpoint(path, WIDTH)) == "rgb"


def without(name: str) -> dict[str, Tensor]:
    state = random_state(3, WIDTH)
    del state[name]
    return state


def changed(name: str, change: Callable[[Tensor], Any]) -> dict[str, Any]:
    state = random_state(3, WIDTH)
    return {**state, name: change(state[name])}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, f"expected the 285 weights of I3D, but 285 missing ({FIRST}, ...)"),
        (
            {"conv1.weight": torch.ones(2), "fc.bias": torch.ones(2)},
            f"but 285 missing ({FIRST}, ...) and 2 of another network (conv1.weight, ...)",
        ),
        (without(LAST), f"expected the 285 weights of I3D, but 1 missing ({LAST})"),
        (
            {**random_state(3, WIDTH), "extra.weight": torch.ones(1)},
            "expected the 285 weights of I3D, but 1 of another network (extra.weight)",
        ),
        (
            changed("Mixed_3b.b0.conv3d.weight", lambda weight: weight[:7]),
            "Mixed_3b.b0.conv3d.weight: expected shape (8, 24, 1, 1, 1), not (7, 24, 1, 1, 1)",
        ),
        (
            changed(FIRST, lambda weight: torch.cat([weight, weight[:, :1]], 1)),
            f"{FIRST}: expected 3 (rgb) or 2 (flow) input channels, not 4",
        ),
        (
            changed("Mixed_4b.b0.bn.bias", lambda bias: bias * float("nan")),
            "Mixed_4b.b0.bn.bias: expected finite weights, but some aren't",
        ),
        (
            changed("Mixed_4b.b0.bn.bias", lambda bias: bias.double() + 1e300),
            "Mixed_4b.b0.bn.bias: expected finite weights, but some aren't",
        ),
        (changed(LAST, torch.neg), f"{LAST}: expected variances, but some are below zero"),
        (
            changed(LAST, lambda weight: weight.long()),
            f"{LAST}: expected numbers with fractions, not torch.int64",
        ),
        (
            changed(LAST, lambda _: "a word"),
            f"{LAST}: expected an array of weights, not a value of type str",
        ),
        ([torch.ones(2)], "expected weights by name, not a value of type list"),
        (torch.ones(2), "expected weights by name, not a value of type Tensor"),
    ],
)
def test_weights_of_anything_else_are_refused(content: Any, message: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "some.pt", content)
    with pytest.raises(CheckpointError, match=f"{re.escape(message)}$") as failure:
        read_checkpoint(path, WIDTH)
    assert str(failure.value).startswith(f"{path}: ")


class Trap:
    """What runs something when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("sprung",)


@pytest.mark.parametrize("plain", [True, False])
def test_nothing_in_a_file_is_run(
    plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, content = tmp_path / "trap.pt", {FIRST: Trap()}
    if plain:
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path)
    with pytest.raises(CheckpointError, match=r"expected weights only, but it would run \w+.mkdir"):
        read_checkpoint(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pt", b"", "expected weights that PyTorch saved"),
        ("a.pt", b"not weights at all", "expected weights that PyTorch saved"),
        ("a.pt", b"PK\x03\x04 an archive", "expected weights that PyTorch saved"),
        ("a.safetensors", b"", "expected a file of safetensors"),
        ("a.safetensors", b"\xff" * 100, "expected a file of safetensors"),
        ("a.pt", None, "can't be read (No such file or directory)"),
        ("a.safetensors", None, "can't be read (No such file or directory"),
    ],
)
def test_files_of_something_else_are_refused(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=re.escape(f"{path}: {message}")) as failure:
        read_checkpoint(path)
    assert "\n" not in str(failure.value)


def test_a_file_that_was_cut_off_is_refused(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="expected weights that PyTorch saved"):
        read_checkpoint(checkpoint, WIDTH)
