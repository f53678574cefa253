import json

import pytest

from lpat.backbones.metadata import BackboneMetadata, metadata_from_json
from lpat.errors import BackboneError

METADATA = BackboneMetadata("i3d", "flow", 1024, mean=(127.5, 128.0), deviation=(127.5, 64.0))


def test_metadata_comes_back_from_its_text():
    assert metadata_from_json(METADATA.to_json()) == METADATA


def test_a_clips_shape_follows():
    assert METADATA.clip_shape == (2, 16, 224, 224)


def test_what_has_a_default_may_be_left_out():
    text = '{"schema": 1, "name": "mine", "stream": "rgb", "dimension": 8}'
    assert metadata_from_json(text) == BackboneMetadata("mine", "rgb", 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "metadata of schema 2; this lpat reads 1"),
        ({"stream": "sound"}, "stream: expected one of rgb, flow, not 'sound'"),
        ({"stream": None}, "stream: expected str, not 'None'"),
        ({"dimension": 0}, "dimension must be positive and at most 65536, not 0"),
        ({"dimension": 1.5}, "dimension: expected int, not '1.5'"),
        ({"dimension": True}, "dimension: expected int, not 'True'"),
        ({"frames": 10**9}, "frames must be positive and at most 1024"),
        ({"sampling": 0}, "sampling must be positive and at most 256, not 0"),
        ({"sampling": 2.0}, "sampling: expected int, not '2.0'"),
        ({"sampling": 2}, "sampling: expected 1 of a flow stream, not 2"),
        ({"fps": float("nan")}, "fps must be positive"),
        ({"crop": [512, 224]}, "crop: expected a height and a width of at most short_side 256"),
        ({"crop": [224]}, "crop: expected a height and a width"),
        ({"crop": "224"}, "crop: expected a list of numbers, not '224'"),
        ({"crops": "five"}, "crops: expected one of center, ten, not 'five'"),
        ({"mean": [1, 2, 3]}, "mean: expected one or 2 finite numbers"),
        ({"deviation": [0]}, "deviation must be positive"),
        ({"deviation": [float("inf")]}, "deviation: expected one or 2 finite numbers"),
        ({"flow": "farneback"}, "flow: expected one of tvl1, tvl1-opencv, dis"),
        ({"name": ""}, "expected a name of 1 to 200 characters"),
        ({"name": "a\nb"}, "expected a name of 1 to 200 characters"),
        ({"warps": 5}, "unknown field 'warps'"),
    ],
)
def test_broken_metadata_is_named(changes, message):
    text = json.dumps({**json.loads(METADATA.to_json()), **changes})
    with pytest.raises(BackboneError, match=message.replace("[", r"\[")):
        metadata_from_json(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "x" * 100_000])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(BackboneError, match="metadata"):
        metadata_from_json(text)


def test_a_name_is_needed():
    with pytest.raises(BackboneError, match="no name"):
        metadata_from_json('{"schema": 1, "stream": "rgb", "dimension": 8}')
