import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from benchmarks.small_networks import write_mean_backbone
from lpat.backbones.checking import check, random_clips
from lpat.backbones.files import read_backbones
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError

METADATA = BackboneMetadata("mine", "rgb", 6, frames=4, short_side=16, crop=(16, 16))
ON_CPU = Backbones(device="cpu")


def checked(path):
    (backbone,) = read_backbones(path)
    return list(check(backbone, ON_CPU))


def with_nodes(path, nodes, constants=(), result="changed"):
    """A backbone whose features (N, D) are what `nodes` make of `features`, `clips` at hand."""
    model = onnx.load(path)
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in constants)
    model.graph.output[0].name = result
    path.write_bytes(model.SerializeToString())
    return path


def test_a_good_backbone_passes(make_backbone, tmp_path):
    lines = checked(make_backbone(tmp_path / "rgb.onnx"))
    assert [line.split(":")[0] for line in lines] == [
        "shape", "finite", "deterministic", "batch", "reaction", "time",
    ]  # fmt: skip
    assert lines[0] == "shape: (N, 3, 4, 16, 16) to (N, 6)"
    assert lines[-1].endswith("ms a clip, CPUExecutionProvider")


def test_a_fixed_batch_is_told(make_backbone, tmp_path):
    path = make_backbone(tmp_path / "rgb.onnx")
    model = onnx.load(path)
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = 2
    path.write_bytes(model.SerializeToString())
    assert "batch: fixed to 2" in checked(path)


def test_features_that_are_no_numbers_are_refused(tmp_path):
    weights = np.full((12, 6), np.nan, np.float32)
    path = tmp_path / "nan.onnx"
    write_mean_backbone(path, weights, METADATA.clip_shape, METADATA.to_json())
    with pytest.raises(BackboneError, match=r"nan\.onnx: mine .*features that are not finite"):
        checked(path)


def test_features_that_never_change_are_refused(make_backbone, tmp_path):
    path = with_nodes(
        make_backbone(tmp_path / "same.onnx"),
        [
            helper.make_node("Mul", ["features", "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "one"], ["changed"]),
        ],
        [("zero", np.float32(0)), ("one", np.float32(1))],
    )
    with pytest.raises(BackboneError, match=r"same\.onnx: .* gives the same features for any clip"):
        checked(path)


def test_features_that_depend_on_the_batch_are_refused(make_backbone, tmp_path):
    path = with_nodes(
        make_backbone(tmp_path / "leak.onnx"),
        [
            helper.make_node("ReduceMean", ["features", "first"], ["mean"], keepdims=1),
            helper.make_node("Add", ["features", "mean"], ["changed"]),
        ],
        [("first", np.array([0]))],
    )
    with pytest.raises(BackboneError, match=r"leak\.onnx: .* other features in a batch of 3"):
        checked(path)


def test_features_of_chance_are_refused(make_backbone, tmp_path):
    path = with_nodes(
        make_backbone(tmp_path / "chance.onnx"),
        [
            helper.make_node("RandomUniformLike", ["features"], ["noise"]),
            helper.make_node("Add", ["features", "noise"], ["changed"]),
        ],
    )
    with pytest.raises(BackboneError, match=r"chance\.onnx: .* for the same clip"):
        checked(path)


def test_random_clips_lie_where_normalised_levels_do():
    clips = random_clips(METADATA, 3)
    assert clips.shape == (3, 3, 4, 16, 16)
    assert -1 <= clips.min() < -0.9
    assert 0.9 < clips.max() <= 1
    assert clips[0].max() < 0
