"""lpat-backbone as a user meets it, on small networks."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from benchmarks.video.random_i3d import random_state
from lpat.backbones.files import read_backbones
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.spec import backbone_spec
from lpat.errors import BackboneError, LpatError, MissingPackageError, OutputError, UsageError
from lpat.inference.onnx_files import BACKBONE_KEY
from lpat_train.backbones import i3d_export
from lpat_train.cli import launch
from lpat_train.cli.backbone import command
from lpat_train.errors import CheckpointError

RANDOM = np.random.default_rng(0)


def invoke(*arguments: object) -> Result:
    """The command in this process; it returns its exit code and raises its errors."""
    return CliRunner().invoke(
        command, [*map(str, arguments)], standalone_mode=False, catch_exceptions=False
    )


def write_network(
    path: Path,
    shape: tuple[int | str, ...],
    *,
    channels: int = 3,
    dimension: int = 5,
    pooled: bool = True,
    opset: int = 18,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """A convolution of 1 x 1 over images or clips; `pooled` leaves features (N, D)."""
    spatial = list(range(2, len(shape)))
    weights = RANDOM.normal(size=(dimension, channels, *(1 for _ in spatial))).astype(np.float32)
    nodes = [helper.make_node("Conv", ["values", "weights"], ["maps"])]
    constants = {"weights": weights if kind == TensorProto.FLOAT else weights.astype(np.float16)}
    if pooled and opset < 18:
        nodes.append(
            helper.make_node("ReduceMean", ["maps"], ["features"], axes=spatial, keepdims=0)
        )
    elif pooled:
        constants["axes"] = np.array(spatial)
        nodes.append(helper.make_node("ReduceMean", ["maps", "axes"], ["features"], keepdims=0))
    else:
        nodes.append(helper.make_node("Identity", ["maps"], ["features"]))
    after = [shape[0], dimension, *(() if pooled else shape[2:])]
    graph = helper.make_graph(
        nodes, "network",
        [helper.make_tensor_value_info("values", kind, shape)],
        [helper.make_tensor_value_info("features", kind, after)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


def features_of(path: Path, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (features,) = session.run(None, {session.get_inputs()[0].name: values})
    return np.asarray(features)


@pytest.mark.parametrize("opset", [13, 18, 21])
@pytest.mark.parametrize("pooled", [True, False])
def test_an_image_network_is_run_on_every_frame_and_averaged(tmp_path, opset, pooled) -> None:
    source = write_network(tmp_path / "net.onnx", ("N", 3, 8, 8), opset=opset, pooled=pooled)
    output = tmp_path / "backbone.onnx"
    told = invoke("convert", source, output, "--frames", 6, "--name", "mine")
    assert "backbone   mine (rgb" in told.output
    (backbone,) = read_backbones(output)
    assert backbone.metadata == BackboneMetadata(
        "mine", "rgb", 5, frames=6, short_side=9, crop=(8, 8)
    )
    clips = RANDOM.normal(size=(2, 3, 6, 8, 8)).astype(np.float32)
    frames = [features_of(source, clips[:, :, number]) for number in range(6)]
    expected = np.mean(frames, axis=0).reshape(2, 5, -1).mean(axis=2)
    np.testing.assert_allclose(features_of(output, clips), expected, atol=1e-6)


@pytest.mark.parametrize("pooled", [True, False])
def test_a_clip_network_gets_what_it_must_be_fed(tmp_path, pooled) -> None:
    shape = ("batch", 2, 4, 8, 10)
    source = write_network(tmp_path / "net.onnx", shape, channels=2, pooled=pooled)
    output = tmp_path / "backbone.onnx"
    settings = ("--flow", "dis", "--bound", 12, "--mean", "128,127", "--deviation", "60",
                "--fps", 12.5, "--short-side", 16, "--crops", "ten")  # fmt: skip
    invoke("convert", source, output, *settings)
    (backbone,) = read_backbones(output)
    assert backbone.batch is None
    assert backbone.metadata == BackboneMetadata(
        "net", "flow", 5, frames=4, fps=12.5, short_side=16, crop=(8, 10), crops="ten",
        mean=(128, 127), deviation=(60,), flow="dis", bound=12,
    )  # fmt: skip
    clips = RANDOM.normal(size=(3, 2, 4, 8, 10)).astype(np.float32)
    expected = features_of(source, clips).reshape(3, 5, -1).mean(axis=2)
    np.testing.assert_allclose(features_of(output, clips), expected, atol=1e-6)
    assert invoke("check", output).output.count("\n") == 7


def test_sizes_that_a_network_leaves_open_are_those_that_are_said(tmp_path) -> None:
    source = write_network(tmp_path / "net.onnx", ("N", 3, "H", "W"))
    invoke("convert", source, tmp_path / "a.onnx")
    invoke("convert", source, tmp_path / "b.onnx", "--crop", "32x48", "--colour", "bgr")
    found = [read_backbones(tmp_path / name)[0].metadata for name in ("a.onnx", "b.onnx")]
    assert [its.clip_shape for its in found] == [(3, 16, 224, 224), (3, 16, 32, 48)]
    assert [(its.short_side, its.colour) for its in found] == [(256, "rgb"), (55, "bgr")]


def test_weights_beside_a_network_are_taken_in(tmp_path) -> None:
    source = write_network(tmp_path / "net.onnx", ("N", 3, 8, 8))
    expected = features_of(source, np.ones((1, 3, 8, 8), np.float32))
    onnx.save(
        onnx.load(source), source, save_as_external_data=True, location="weights", size_threshold=0
    )
    invoke("convert", source, tmp_path / "backbone.onnx")
    (tmp_path / "weights").unlink()
    found = features_of(tmp_path / "backbone.onnx", np.ones((1, 3, 16, 8, 8), np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(BackboneError, match=r"net\.onnx: expected an ONNX network \(.*weights"):
        invoke("convert", source, tmp_path / "again.onnx")


NET = {"shape": ("N", 3, 8, 8)}


@pytest.mark.parametrize(
    ("network", "more", "kind", "message"),
    [
        ({"shape": ("N", 3)}, (), BackboneError, r"net\.onnx: .* not of an input of 2 axes"),
        ({"shape": (1, 3, 8, 8)}, (), BackboneError, "any number of images, not of 1: export"),
        (
            {"shape": ("N", 20, 8, 8), "channels": 20},
            (),
            BackboneError,
            r"3 channels \(rgb\) or 2 \(flow\), not of 20",
        ),
        (NET, ("--stream", "flow"), BackboneError, r"of 2 channels \(flow\), not of 3"),
        (NET, ("--crop", "9x8"), BackboneError, r"takes \(3, 8, 8\), expected \(3, 9, 8\)"),
        (NET, ("--short-side", "7"), BackboneError, "at most short_side 7"),
        (NET, ("--mean", "1,2"), BackboneError, "mean: expected one or 3 finite numbers"),
        (NET, ("--deviation", "0"), BackboneError, "deviation must be positive"),
        (
            {"shape": ("N", 3, 4, 8, 8)},
            ("--frames", "8"),
            BackboneError,
            r"takes \(3, 4, 8, 8\), expected \(3, 8, 8, 8\) \(C, T, H, W\)",
        ),
        ({**NET, "kind": TensorProto.FLOAT16}, (), BackboneError, "of float32, not float16"),
    ],
)
def test_a_network_that_cannot_be_a_backbone_is_refused(
    tmp_path, network, more, kind, message
) -> None:
    if network["shape"] == ("N", 3):
        source = write_flat(tmp_path / "net.onnx")
    else:
        source = write_network(tmp_path / "net.onnx", **network)
    with pytest.raises(kind, match=message):
        invoke("convert", source, tmp_path / "out.onnx", *more)
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def write_flat(path: Path) -> Path:
    node = helper.make_node("Relu", ["values"], ["features"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3])
              for name in ("values", "features")]  # fmt: skip
    model = helper.make_model(
        helper.make_graph([node], "flat", values[:1], values[1:]),
        opset_imports=[helper.make_opsetid("", 18)],
    )
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


def test_a_network_that_gives_no_numbers_is_refused(tmp_path) -> None:
    source = write_network(tmp_path / "net.onnx", ("N", 3, 8, 8))
    model = onnx.load(source)
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(np.full((5, 3, 1, 1), np.nan, np.float32), "weights")
    )
    source.write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match=r"net\.onnx: .* features that are not finite"):
        invoke("convert", source, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("convert", "none.onnx", "out.onnx"), LpatError, "none.onnx: no such file"),
        (("convert", "junk.onnx", "o.onnx"), BackboneError, "junk.onnx: expected an ONNX network"),
        (("convert", "junk.onnx", "out.bin"), OutputError, r"out\.bin: .* ends in \.onnx"),
        (("convert", "junk.pt", "out.onnx"), CheckpointError, "junk.pt: expected weights"),
        (
            ("convert", "junk.pt", "out.onnx", "--frames", "8"),
            UsageError,
            "--frames: expected an ONNX network; I3D's own is known",
        ),
        (("check", "bare.onnx"), BackboneError, "bare.onnx: expected a backbone; it has no"),
        (("check", "model.onnx"), BackboneError, "model.onnx: expected a backbone, or a model"),
        (("inspect", "bare.onnx"), BackboneError, "bare.onnx: expected a backbone; it has no"),
    ],
)  # fmt: skip
def test_bad_files_are_named(
    tmp_path, monkeypatch, make_model, make_backbone, arguments, kind, message
) -> None:
    monkeypatch.chdir(tmp_path)
    write_network(Path("bare.onnx"), ("N", 3, 4, 8, 8))
    Path("junk.onnx").write_bytes(b"junk")
    Path("junk.pt").write_bytes(b"junk")
    spec = backbone_spec(read_backbones(make_backbone(tmp_path / "rgb.onnx")))
    make_model(tmp_path / "model.onnx", spec)
    with pytest.raises(kind, match=message):
        invoke(*arguments)


def test_inspecting_tells_all_files_as_json(tmp_path, make_model, make_backbone) -> None:
    rgb = make_backbone(tmp_path / "rgb.onnx")
    model = make_model(tmp_path / "model.onnx", backbone_spec(read_backbones(rgb)))
    told = json.loads(invoke("inspect", rgb, model, "--json", "--backbone", tmp_path).output)
    assert [its["kind"] for its in told] == ["backbone", "model"]
    assert told[1]["needs"][0]["found"] == str(rgb)


def test_inspecting_and_checking_load_neither_torch_nor_onnx(tmp_path, make_backbone) -> None:
    rgb = make_backbone(tmp_path / "rgb.onnx")
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from lpat_train.cli.backbone import command\n"
        "for name in ('inspect', 'check'):\n"
        f"    result = CliRunner().invoke(command, [name, {str(rgb)!r}])\n"
        "    assert result.exit_code == 0, result.output\n"
        "print({'torch', 'onnx', 'onnxscript'} & set(sys.modules))"
    )
    told = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert told.strip() == "set()"


def test_what_converting_lacks_is_told_in_a_line(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"needs onnx: pip install 'torch"):
        invoke("convert", "net.onnx", "out.onnx")


@pytest.mark.slow
def test_a_checkpoint_of_i3d_becomes_a_backbone_that_pytorch_agrees_with(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(i3d_export, "_BATCHES", (1,))  # several clips are test_i3d_export's
    state = random_state(2)
    save_file(state, tmp_path / "flow_i3d.safetensors")
    output = tmp_path / "flow.onnx"
    invoke("convert", tmp_path / "flow_i3d.safetensors", output, "--flow", "tvl1-opencv")
    (backbone,) = read_backbones(output)
    assert backbone.metadata == BackboneMetadata("flow_i3d", "flow", 1024, flow="tvl1-opencv")
    told = invoke("check", output, "--reference", tmp_path / "flow_i3d.safetensors")
    assert "reference: PyTorch differs by at most" in told.output
    state["Conv3d_1a_7x7.bn.weight"] *= 2
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(BackboneError, match=r"flow\.onnx: differs from .*other\.safetensors by"):
        invoke("check", output, "--reference", tmp_path / "other.safetensors")


def test_metadata_lies_in_the_file(tmp_path) -> None:
    source = write_network(tmp_path / "net.onnx", ("N", 3, 8, 8))
    invoke("convert", source, tmp_path / "out.onnx")
    texts = {entry.key: entry.value for entry in onnx.load(tmp_path / "out.onnx").metadata_props}
    assert json.loads(texts[BACKBONE_KEY])["schema"] == 1
