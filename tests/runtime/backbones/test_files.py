import hashlib
import json

import numpy as np
import pytest

from benchmarks.small_networks import write_mean_backbone
from lpat.backbones.files import read_backbones
from lpat.backbones.metadata import BackboneMetadata
from lpat.errors import BackboneError

METADATA = BackboneMetadata("mine", "rgb", 6, frames=4, short_side=16, crop=(16, 16))
WEIGHTS = np.ones((12, 6), np.float32)


def test_a_backbone_says_what_it_is(make_backbone, tmp_path):
    path = make_backbone(tmp_path / "rgb.onnx", "rgb", name="mine")
    (backbone,) = read_backbones(path)
    assert backbone.metadata == METADATA
    assert backbone.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (backbone.input, backbone.output, backbone.batch) == ("clips", "features", None)
    assert backbone.title.startswith(f"mine (rgb, SHA-256 {backbone.sha256[:12]}")


def test_a_model_without_backbones_has_none(make_model, tmp_path):
    from lpat.features.extractors import default_spec

    path = make_model(tmp_path / "model.onnx", default_spec())
    assert read_backbones(path) == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "expected an ONNX model, but it is empty"),
        (b"nothing of the kind", "expected an ONNX model"),
    ],
)
def test_what_is_no_network_is_named(tmp_path, content, message):
    path = tmp_path / "broken.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BackboneError, match=rf"broken\.onnx: {message}"):
        read_backbones(path)


def test_a_network_without_metadata_is_refused(tmp_path):
    path = write_mean_backbone(tmp_path / "bare.onnx", WEIGHTS, METADATA.clip_shape, None)
    with pytest.raises(BackboneError, match=r"bare\.onnx: expected a backbone; it has no"):
        read_backbones(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 8}, r"expected clips \(N, 3, 8, 16, 16\) as input, not \(N, 3, 4, 16, 16\)"),
        ({"stream": "flow"}, r"expected clips \(N, 2, 4, 16, 16\) as input"),
        ({"dimension": 7}, r"expected features \(N, 7\) as output, not \(N, 6\)"),
        ({"frames": "four"}, "broken metadata: frames: expected int"),
    ],
)
def test_a_network_that_isnt_what_its_metadata_says_is_refused(tmp_path, changes, message):
    text = json.dumps({**json.loads(METADATA.to_json()), **changes})
    path = write_mean_backbone(tmp_path / "wrong.onnx", WEIGHTS, METADATA.clip_shape, text)
    with pytest.raises(BackboneError, match=rf"wrong\.onnx: {message}"):
        read_backbones(path)


def test_a_network_of_pictures_is_refused(tmp_path):
    from onnx import TensorProto, helper

    pictures = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["N", 3, 16, 16])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 768])
    node = helper.make_node("Flatten", ["pictures"], ["features"])
    model = helper.make_model(
        helper.make_graph([node], "flat", [pictures], [features]),
        opset_imports=[helper.make_opsetid("", 18)],
    )
    model.ir_version = 9
    helper.set_model_props(model, {"lpat_backbone": METADATA.to_json()})
    path = tmp_path / "pictures.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match=r"expected clips .* as input, not \(N, 3, 16, 16\)"):
        read_backbones(path)
