import os
from dataclasses import replace

import pytest

from lpat.backbones.files import read_backbones
from lpat.backbones.search import APPEARANCE, Backbones, user_folder
from lpat.backbones.spec import backbone_spec, streams_of, wanted_by
from lpat.errors import BackboneError
from lpat.types import FeatureSpec


@pytest.fixture
def no_backbones(monkeypatch, tmp_path):
    """Nothing by variable, and an empty user folder."""
    monkeypatch.delenv("LPAT_BACKBONES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    user_folder().mkdir(parents=True)


@pytest.fixture
def rgb(make_backbone, tmp_path):
    return make_backbone(tmp_path / "rgb.onnx", "rgb", name="eye")


@pytest.fixture
def flow(make_backbone, tmp_path):
    return make_backbone(tmp_path / "flow.onnx", "flow", name="ear", dimension=5)


@pytest.fixture
def spec(rgb, flow):
    return backbone_spec([*read_backbones(flow), *read_backbones(rgb)])


def test_a_spec_has_rgb_first_whatever_the_order_given(spec, rgb, flow):
    assert spec == backbone_spec([*read_backbones(rgb), *read_backbones(flow)])
    assert [one.name for one in wanted_by(spec)] == ["eye", "ear"]
    assert (spec.dimension, spec.snippet_frames, spec.stride) == (11, 4, 4)


def test_given_files_are_found_in_any_order(no_backbones, spec, rgb, flow):
    found = Backbones((flow, rgb)).find(spec)
    assert [backbone.metadata.name for backbone in found] == ["eye", "ear"]
    assert [backbone.path for backbone in found] == [rgb, flow]


def test_sent_files_are_found(no_backbones, spec, rgb, flow):
    found = Backbones(contents=(flow.read_bytes(), rgb.read_bytes())).find(spec)
    assert [backbone.metadata.stream for backbone in found] == ["rgb", "flow"]


@pytest.mark.parametrize("place", ["folder", "variable of files", "variable of a folder", "user"])
def test_they_are_found_in_each_place(no_backbones, monkeypatch, tmp_path, spec, rgb, flow, place):
    if place == "folder":
        assert len(Backbones((tmp_path,)).find(spec)) == 2
        return
    if place == "user":
        for path in (rgb, flow):
            path.rename(user_folder() / path.name)
    else:
        value = f"{rgb}{os.pathsep}{flow}" if place == "variable of files" else str(tmp_path)
        monkeypatch.setenv("LPAT_BACKBONES", value)
    assert len(Backbones().find(spec)) == 2


def test_what_is_missing_is_named_with_the_places(no_backbones, spec, rgb):
    with pytest.raises(
        BackboneError, match=r"backbone ear \(flow, SHA-256 .*wasn't found in .*lpat"
    ):
        Backbones((rgb,)).find(spec)


def test_one_that_can_be_made_comes_with_the_line_that_makes_it(
    no_backbones, make_backbone, tmp_path
):
    eye = make_backbone(tmp_path / "eye.onnx", name=APPEARANCE)
    spec = backbone_spec(read_backbones(eye))
    eye.unlink()
    with pytest.raises(BackboneError, match="lpat-backbone convert efficientnet-lite0 makes it"):
        Backbones().find(spec)


def test_a_wrong_one_is_refused_by_name(no_backbones, spec, rgb, flow, make_backbone, tmp_path):
    other = make_backbone(tmp_path / "other.onnx", "rgb", name="nose", seed=1)
    with pytest.raises(
        BackboneError, match=r"other.onnx: expected eye \(rgb.*ear \(flow.*not nose \(rgb"
    ):
        Backbones((rgb, flow, other)).find(spec)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fps": 10.0}, "same fps, not 25.0 of eye .* and 10.0 of tiny"),
        ({"frames": 8}, "same frames, not 4 of eye .* and 8 of tiny"),
    ],
)
def test_streams_that_see_other_frames_are_refused(make_backbone, tmp_path, rgb, changes, message):
    other = make_backbone(tmp_path / "other.onnx", "flow", **changes)
    with pytest.raises(BackboneError, match=message):
        streams_of([*read_backbones(rgb), *read_backbones(other)])


def test_two_of_one_stream_are_refused(make_backbone, tmp_path, rgb):
    other = make_backbone(tmp_path / "other.onnx", "rgb", seed=1)
    with pytest.raises(BackboneError, match="one backbone of each stream"):
        streams_of([*read_backbones(rgb), *read_backbones(other)])


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"rgb": "0" * 64},
        {"rgb": "0" * 63, "rgb_name": "eye"},
        {"rgb": "0" * 64, "rgb_name": "eye", "extra": 1},
        {"rgb": "0" * 64, "rgb_name": 7},
    ],
)
def test_a_spec_that_names_no_backbones_is_refused(parameters):
    with pytest.raises(BackboneError, match="names and SHA-256"):
        wanted_by(FeatureSpec("backbone", 1, parameters, 6))


def test_features_of_another_version_are_not_made_and_it_is_said_what_to_do(no_backbones, spec):
    older = replace(spec, version=1)
    with pytest.raises(BackboneError, match=r"version 2 where version 1 was .* train and export"):
        Backbones().find(older)
    assert wanted_by(older) == wanted_by(spec)  # so that what is stored of it can still be used


def test_what_is_found_is_searched_for_once(no_backbones, spec, rgb, flow, tmp_path):
    found = Backbones((tmp_path,), batch=2).found_for(spec)
    assert found == Backbones((rgb, flow), batch=2)


def test_features_that_need_no_backbone_refuse_one(no_backbones, rgb):
    motion = FeatureSpec("motion", 1, {}, 6)
    with pytest.raises(BackboneError, match=r"rgb\.onnx: expected no backbone, as motion features"):
        Backbones((rgb,)).found_for(motion)
    assert Backbones((rgb,), for_others=True).found_for(motion).paths == ()


def test_files_for_others_are_passed_over(no_backbones, spec, rgb, flow, make_backbone, tmp_path):
    other = make_backbone(tmp_path / "other.onnx", "rgb", name="nose", seed=1)
    found = Backbones((other, rgb, flow), for_others=True).find(spec)
    assert [backbone.path for backbone in found] == [rgb, flow]


def test_contents_stand_for_files_elsewhere(no_backbones, spec, rgb, flow):
    sent = Backbones((flow, rgb), device="cpu").by_contents()
    assert (sent.paths, sent.device, len(sent.contents)) == ((), "cpu", 2)
    flow.unlink()
    rgb.unlink()
    assert len(sent.find(spec)) == 2
    assert sent.found_for(spec) == sent
