import hashlib

import pytest

from lpat.backbones.files import read_backbones
from lpat.backbones.search import Backbones, user_folder
from lpat.backbones.spec import backbone_spec
from lpat.errors import BackboneError
from lpat.features.extractors import default_spec
from lpat.model.inspection import inspect


@pytest.fixture(autouse=True)
def no_backbones(monkeypatch, tmp_path):
    """Nothing by variable, and an empty user folder."""
    monkeypatch.delenv("LPAT_BACKBONES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_backbone_tells_all_of_its_metadata(make_backbone, tmp_path):
    path = make_backbone(tmp_path / "flow.onnx", "flow", name="ear", crops="ten", bound=15.0)
    found = inspect(path, Backbones())
    assert found.kind == "backbone"
    document = found.document()
    assert document["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document["bytes"] == path.stat().st_size
    assert "needs" not in document
    (backbone,) = document["backbones"]
    assert (backbone["name"], backbone["stream"], backbone["batch"]) == ("ear", "flow", None)
    lines = "\n".join(found.lines())
    assert "(2, 4, 16, 16) (C, T, H, W), 25 frames a second" in lines
    assert "tvl1 flow within 15 pixels, ten crops of 16 x 16, minus 127.5, over 127.5" in lines


def test_a_model_tells_which_backbones_it_needs_and_where_they_are(
    make_backbone, make_model, tmp_path
):
    rgb = make_backbone(tmp_path / "rgb.onnx", "rgb", name="eye")
    flow = make_backbone(tmp_path / "flow.onnx", "flow", name="ear")
    spec = backbone_spec([*read_backbones(rgb), *read_backbones(flow)])
    model = make_model(tmp_path / "model.onnx", spec)
    found = inspect(model, Backbones((rgb,)))
    assert found.kind == "model"
    assert [need["found"] for need in found.document()["needs"]] == [str(rgb), None]
    lines = "\n".join(found.lines())
    assert f"eye (rgb, SHA-256 {read_backbones(rgb)[0].sha256[:12]}...), found in {rgb}" in lines
    assert "backbone ear (flow" in lines
    assert f"wasn't found in {user_folder()}" in lines


def test_a_model_of_built_in_features_needs_none(make_model, tmp_path):
    found = inspect(make_model(tmp_path / "model.onnx", default_spec()), Backbones())
    assert found.kind == "model"
    assert found.document()["needs"] == []
    assert "features   motion" in "\n".join(found.lines())


def test_what_is_neither_is_refused(tmp_path):
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(BackboneError, match=r"junk\.onnx: expected an ONNX model"):
        inspect(tmp_path / "junk.onnx", Backbones())
