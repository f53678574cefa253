"""The backbone of appearance: what its graph computes, and what its package's weights see."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor
from torch.nn import functional

from lpat.backbones.appearance import NEEDED, WEIGHTS, appearance_file
from lpat.backbones.files import read_backbones
from lpat.backbones.search import Backbones
from lpat.cli import extract
from lpat.errors import MissingPackageError, OutputError, UsageError, install_advice
from lpat.features.extraction import extract_features
from lpat.features.extractors import spec_of
from lpat.features.files import read_features
from lpat.inference.sessions import Session, load_on_cpu
from lpat.types import Float32Array
from lpat_train.backbones.efficientnet_export import (
    convert_efficientnet,
    read_state,
    weights_of_package,
)
from lpat_train.backbones.efficientnet_lite import STAGES, State, efficientnet_graph, shapes
from lpat_train.backbones.i3d_checkpoint import read_weights
from lpat_train.cli import backbone
from lpat_train.errors import CheckpointError

installed = pytest.mark.skipif(
    find_spec(WEIGHTS) is None, reason="the packages of the extra appearance aren't installed"
)
SHA256 = "9ebdb8152c79a0acf61fbd31f4b83a8646be108d2bd2d76ab82613b24dba932e"
BARBELL = 422
"""ImageNet's number of it."""


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has no backbones."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("LPAT_BACKBONES", raising=False)


def random_state() -> State:
    """Weights of which no layer's values die out or grow."""
    random = np.random.default_rng(0)
    state = {}
    for name, shape in shapes().items():
        if len(shape) > 1:
            values = random.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        elif name.endswith("running_var"):
            values = random.uniform(0.5, 1.5, shape)
        else:
            values = random.normal(name.endswith("weight"), 0.1, shape)
        state[name] = values.astype(np.float32)
    return state


def in_torch(state: State, pictures: Tensor) -> Tensor:
    """Features (N, 1280) of pictures (N, 3, H, W), layer by layer, as the network is published."""

    def unit(values: Tensor, convolution: str, norm: str, stride: int = 1) -> Tensor:
        kernel = torch.from_numpy(state[f"{convolution}.weight"])
        groups = len(kernel) if kernel.shape[1] == 1 else 1
        side = kernel.shape[-1]
        missing = max(side - (values.shape[-1] % stride or stride), 0)
        before, after = missing // 2, missing - missing // 2  # TensorFlow's SAME
        values = functional.pad(values, (before, after, before, after))
        values = functional.conv2d(values, kernel, stride=stride, groups=groups)
        mean, variance, weight, bias = (
            torch.from_numpy(state[f"{norm}.{part}"])
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(values, mean, variance, weight, bias, eps=1e-3)

    values = functional.relu6(unit(pictures, "_conv_stem", "_bn0", 2))
    strides = [(s.stride if n == 0 else 1, s, n) for s in STAGES for n in range(s.blocks)]
    for number, (stride, stage, nth) in enumerate(strides):
        name, given = f"_blocks.{number}", values
        if stage.expansion > 1:
            values = functional.relu6(unit(values, f"{name}._expand_conv", f"{name}._bn0"))
        values = functional.relu6(unit(values, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        values = unit(values, f"{name}._project_conv", f"{name}._bn2")
        values = values + given if nth else values
    return functional.relu6(unit(values, "_conv_head", "_bn1")).mean(dim=(2, 3))


def features_of(model: bytes, clips: Float32Array) -> Float32Array:
    (features,) = Session(load_on_cpu(model), "CPUExecutionProvider").run(
        ["features"], {"clips": clips}
    )
    return np.asarray(features)


@pytest.mark.parametrize("frames", [1, 2])
def test_features_are_those_of_the_published_network(frames: int) -> None:
    state = random_state()
    clips = np.random.default_rng(1).uniform(-1, 1, (2, 3, frames, 224, 224)).astype(np.float32)
    pictures = torch.from_numpy(clips).transpose(1, 2).flatten(0, 1)
    expected = in_torch(state, pictures).unflatten(0, (2, frames)).mean(dim=1).numpy()
    found = features_of(efficientnet_graph(state, frames).SerializeToString(), clips)
    assert expected.std(axis=0).max() > 0.01  # features differ
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@installed
def test_the_file_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    """Models name it by this digest."""
    convert_efficientnet(tmp_path / "a.onnx")
    (made,) = read_backbones(tmp_path / "a.onnx")
    assert made.sha256 == SHA256
    assert made.metadata.snippet_frames == 16


@installed
def test_it_sees_a_barbell_where_one_is_lifted(shared_data: Path, tmp_path: Path) -> None:
    """Colours, levels and scaling are those that the weights were trained with."""
    path = tmp_path / "net.onnx"
    convert_efficientnet(path)
    backbones = Backbones((path,), device="cpu")
    video = shared_data / "clips" / "v_GGSY1Qvo990.mp4"
    features = extract_features(video, spec_of(backbones, 200), backbones).features.load().values
    weights: Mapping[str, Tensor] = read_weights(weights_of_package())
    logits = torch.from_numpy(features) @ weights["_fc.weight"].T + weights["_fc.bias"]
    seconds = (np.arange(len(features)) + 0.5) * 8
    lifting = (seconds > 5.8) & (seconds < 16.2)
    assert (logits.argmax(dim=1).numpy()[lifting] == BARBELL).all()


@installed
def test_it_is_made_at_its_first_use_and_found_from_then_on(
    tmp_path: Path, write_video, capsys: pytest.CaptureFixture[str]
) -> None:
    video, said = write_video(pts=range(30)), []
    for name in ("a", "b"):
        line = [str(video), "--features", "appearance", "--output", str(tmp_path / name)]
        extract.command.main([*line, "--no-cache", "--device", "cpu"], standalone_mode=False)
        said.append(capsys.readouterr().err)
    line = "making the backbone efficientnet-lite0 of its package's weights, once"
    assert said == [f"{line}: {appearance_file()}\n", ""]
    spec = read_features(tmp_path / "a" / "video.safetensors").spec
    assert (spec.dimension, spec.stride, spec.parameters["rgb"]) == (1280, 8, SHA256)


def test_without_its_package_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, write_video, tmp_path: Path
) -> None:
    hidden = WEIGHTS
    monkeypatch.setattr(
        "lpat.cli.options.find_spec", lambda name: None if name == hidden else find_spec(name)
    )
    line = [str(write_video()), "--features", "appearance", "--output", str(tmp_path / "out")]
    with pytest.raises(MissingPackageError) as caught:
        extract.command.main(line, standalone_mode=False)
    assert (
        str(caught.value) == f"appearance features need {WEIGHTS}: {install_advice('appearance')}"
    )
    monkeypatch.setattr("lpat_train.backbones.efficientnet_export.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="efficientnet-lite0 needs its weights: pip ins"):
        weights_of_package()
    assert NEEDED[0] == WEIGHTS


def test_features_and_a_backbone_contradict_each_other(write_video, make_backbone, tmp_path):
    eye = make_backbone(tmp_path / "eye.onnx")
    line = [str(write_video()), "--features", "motion", "--backbone", str(eye), "--output", "out"]
    with pytest.raises(UsageError, match="either --features or --backbone, not both"):
        extract.command.main(line, standalone_mode=False)


def saved(path: Path, state: Mapping[str, object]) -> Path:
    torch.save(state, path)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_conv_stem.weight": None}, "expected efficientnet-lite0's _conv_stem.weight, of shape"),
        ({"_bn0.bias": torch.zeros(3)}, r"_bn0.bias, of shape \(32,\)"),
        ({"_bn0.bias": torch.full((32,), torch.nan)}, "_bn0.bias: expected finite weights"),
        ({"_bn0.running_var": -torch.ones(32)}, "_bn0.running_var: expected finite weights"),
    ],
)
def test_other_weights_are_refused_by_name(
    tmp_path: Path, changes: dict[str, Tensor | None], message: str
) -> None:
    state = {name: torch.from_numpy(values) for name, values in random_state().items()}
    state |= {name: its for name, its in changes.items() if its is not None}
    state = {name: its for name, its in state.items() if changes.get(name, its) is not None}
    with pytest.raises(CheckpointError, match=message):
        read_state(saved(tmp_path / "weights.pth", state))


def test_what_would_run_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="expected weights"):
        read_state(saved(tmp_path / "weights.pth", {"_conv_stem.weight": Path("x")}))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["efficientnet-lite0", "--fps", "10"], "--fps: expected an ONNX network; efficientnet"),
        (["net.onnx"], "expected OUTPUT, the backbone's file, beside net.onnx"),
    ],
)
def test_convert_says_what_it_cannot_take(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        CliRunner().invoke(
            backbone.command, ["convert", *words], standalone_mode=False, catch_exceptions=False
        )


def test_a_file_that_is_no_onnx_file_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"ends in \.onnx"):
        convert_efficientnet(tmp_path / "net.pt")
