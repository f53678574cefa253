from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.small_networks import write_mean_backbone
from lpat.backbones.files import read_backbones
from lpat.backbones.network import GPU_BATCH, load_networks
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError, DeviceError, UsageError
from lpat.inference import sessions
from lpat.inference.devices import CPU, CUDA, TENSORRT, Extent, SessionPlan, cuda_device_count
from lpat.inference.onnx_files import MODEL_KEY

no_gpu = pytest.mark.skipif(cuda_device_count() > 0, reason="there is a CUDA device")
needs_gpu = pytest.mark.skipif(cuda_device_count() == 0, reason="no CUDA device")


@pytest.fixture
def rgb(make_backbone, tmp_path):
    return make_backbone(tmp_path / "rgb.onnx", "rgb", name="eye")


def clips_for(backbone, count, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, *backbone.metadata.clip_shape)).astype(np.float32)


def loaded(*paths, **how):
    backbones = [backbone for path in paths for backbone in read_backbones(path)]
    return load_networks(backbones, Backbones(**how))


def changed(path: Path, change) -> Path:
    """The file with its graph changed."""
    model = onnx.load(str(path))
    change(model.graph)
    path.write_bytes(model.SerializeToString())
    return path


def write_bundle(path: Path, streams=("rgb", "flow")) -> Path:
    """A head of one output and backbones, whose features are the first six pixels of a clip."""
    channels = {"rgb": 3, "flow": 2}
    nodes = [helper.make_node("Identity", ["features"], ["scores"])]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", "T", 12])]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["B", "T", 12])]
    empty = [
        numpy_helper.from_array(np.array(value, np.int64), name)
        for name, value in {"row": [0, -1], "first": [0], "seventh": [6], "along": [1]}.items()
    ]
    properties = {MODEL_KEY: "{}"}
    for stream in streams:
        shape = (channels[stream], 4, 16, 16)
        inputs.append(helper.make_tensor_value_info(stream, TensorProto.FLOAT, ["N", *shape]))
        empty.append(numpy_helper.from_array(np.zeros((0, *shape), np.float32), stream))
        nodes += [
            helper.make_node("Flatten", [stream], [f"{stream}_row"]),
            helper.make_node(
                "Slice", [f"{stream}_row", "first", "seventh", "along"], [f"{stream}_features"]
            ),
        ]
        outputs.append(
            helper.make_tensor_value_info(f"{stream}_features", TensorProto.FLOAT, ["N", 6])
        )
        properties[f"lpat_backbone_{stream}"] = (
            f'{{"schema": 1, "name": "{stream}", "stream": "{stream}", "dimension": 6, '
            '"frames": 4, "short_side": 16, "crop": [16, 16]}'
        )
        properties[f"lpat_backbone_{stream}_sha256"] = ("ab" if stream == "rgb" else "cd") * 32
    model = helper.make_model(
        helper.make_graph(nodes, "bundle", inputs, outputs, empty),
        opset_imports=[helper.make_opsetid("", 18)],
    )
    model.ir_version = 9
    helper.set_model_props(model, properties)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_batch_is_run_in_parts_and_the_last_is_smaller(rgb):
    (one,), (three,) = loaded(rgb), loaded(rgb, batch=3)
    clips = clips_for(one.backbone, 7)
    sizes = []
    run = three.session.runtime.run

    class Counting:
        get_inputs = three.session.runtime.get_inputs

        def run(self, outputs, inputs, *options):
            sizes.append(len(inputs["clips"]))
            return run(outputs, inputs, *options)

    three.session = sessions.Session(Counting(), CPU)  # type: ignore[arg-type]
    np.testing.assert_allclose(three.features(clips), one.features(clips), rtol=1e-5, atol=1e-6)
    assert sizes == [3, 3, 1]
    assert one.batch == 1


def test_a_network_of_a_fixed_batch_is_fed_whole_ones(rgb):
    (free,) = loaded(rgb)
    clips = clips_for(free.backbone, 6)
    expected = free.features(clips)

    def fix(graph):
        for entry in (*graph.input, *graph.output):
            entry.type.tensor_type.shape.dim[0].dim_value = 4

    (fixed,) = loaded(changed(rgb, fix), batch=2)
    assert fixed.batch == 4
    np.testing.assert_allclose(fixed.features(clips), expected, rtol=1e-5, atol=1e-6)


def test_features_that_are_not_finite_are_refused_by_name(make_backbone, tmp_path, rgb):
    metadata = read_backbones(rgb)[0].metadata
    weights = np.full((12, 6), np.nan, np.float32)
    path = write_mean_backbone(
        tmp_path / "nan.onnx", weights, metadata.clip_shape, metadata.to_json()
    )
    (network,) = loaded(path)
    with pytest.raises(BackboneError, match=r"nan.onnx: eye \(rgb, SHA-256 .*that are not finite$"):
        network.features(clips_for(network.backbone, 1))


def test_features_of_another_shape_are_refused_by_name(rgb):
    def narrow(graph):
        (node,) = (node for node in graph.node if node.op_type == "MatMul")
        node.output[0] = "narrow"
        some = np.array([True, False, True, False, False, False])
        graph.initializer.append(numpy_helper.from_array(some, "some"))
        graph.node.append(helper.make_node("Compress", ["narrow", "some"], ["features"], axis=1))
        graph.output[0].type.tensor_type.shape.dim[1].dim_param = "D"

    (network,) = loaded(changed(rgb, narrow))
    with pytest.raises(
        BackboneError, match=r"rgb.onnx: eye .* expected features \(1, 6\), not \(1, 2\)$"
    ):
        network.features(clips_for(network.backbone, 1))


def test_a_network_that_fails_is_named(rgb):
    def break_it(graph):
        (row,) = (entry for entry in graph.initializer if entry.name == "row")
        row.CopyFrom(numpy_helper.from_array(np.array([5, 12]), "row"))

    (network,) = loaded(changed(rgb, break_it))
    with pytest.raises(
        BackboneError, match=r"^.*rgb.onnx: eye \(rgb, .*\): the model can't be computed: .*$"
    ):
        network.features(clips_for(network.backbone, 1))


def test_a_bundles_backbones_share_a_session(tmp_path):
    bundle = write_bundle(tmp_path / "bundle.onnx")
    rgb, flow = loaded(bundle)
    assert rgb.session is flow.session
    for network in (rgb, flow):
        clips = clips_for(network.backbone, 3)
        np.testing.assert_array_equal(network.features(clips), clips.reshape(3, -1)[:, :6])


def test_a_session_is_tried_with_the_smallest_of_all_its_inputs(tmp_path):
    """The provider asked for stands in for a GPU's, whichever machine this is."""
    content = write_bundle(tmp_path / "bundle.onnx").read_bytes()
    extents = {
        "rgb": Extent((1, 3, 4, 16, 16), (8, 3, 4, 16, 16), (8, 3, 4, 16, 16)),
        "features": Extent.fixed((1, 1, 12)),
    }
    outputs = ["rgb_features"]
    session = sessions._gpu_session(content, SessionPlan(CPU), {CPU: {}}, extents, outputs)
    assert session.get_providers() == [CPU]
    wrong = {**extents, "rgb": Extent.fixed((1, 3, 4, 16, 15))}
    with pytest.raises(DeviceError, match="invalid dimensions"):
        sessions._gpu_session(content, SessionPlan(CPU), {CPU: {}}, wrong, outputs)


@no_gpu
def test_a_gpu_that_is_not_there_is_refused(rgb):
    with pytest.raises(DeviceError, match="no CUDA device was found"):
        loaded(rgb, device="cuda")
    with pytest.raises(DeviceError, match="--require-gpu: no CUDA device was found"):
        loaded(rgb, require_gpu=True)
    with pytest.raises(UsageError, match="expected a device other than cpu"):
        loaded(rgb, device="cpu", require_gpu=True)
    (network,) = loaded(rgb)
    assert (network.session.provider, network.session.note) == (CPU, None)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
@pytest.mark.parametrize("kind", ["alone", "bundled"])
def test_a_gpu_gives_the_features_of_the_cpu(rgb, tmp_path, device, kind):
    if device == "tensorrt":
        pytest.importorskip("tensorrt_libs", reason="TensorRT isn't installed")
    path = rgb if kind == "alone" else write_bundle(tmp_path / "bundle.onnx")
    on_gpu = loaded(path, device=device, require_gpu=True)
    for network, on_cpu in zip(on_gpu, loaded(path, device="cpu"), strict=True):
        assert network.session.provider == (CUDA if device == "cuda" else TENSORRT)
        assert network.session.note is None
        assert network.batch == GPU_BATCH
        clips = clips_for(network.backbone, 11)
        np.testing.assert_allclose(network.features(clips), on_cpu.features(clips), atol=1e-4)
