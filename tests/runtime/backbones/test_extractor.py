import numpy as np
import pytest

from lpat.backbones.backbone_file import read_backbones
from lpat.backbones.search import Backbones
from lpat.backbones.spec import backbone_spec
from lpat.extraction import extract_features


@pytest.fixture
def rgb(make_backbone, tmp_path):
    return make_backbone(tmp_path / "rgb.onnx", "rgb", means=True, mean=(0,), deviation=(1,))


@pytest.fixture
def flow(make_backbone, tmp_path):
    return make_backbone(tmp_path / "flow.onnx", "flow", means=True, mean=(0,), deviation=(1,))


def spec_of(*paths, stride=None):
    found = [backbone for path in paths for backbone in read_backbones(path)]
    return backbone_spec(found, stride)


def test_a_clip_holds_the_snippets_own_frames(write_video, rgb):
    video = write_video(pts=range(10), size=(64, 48))
    spec = spec_of(rgb)
    features = extract_features(video, spec, Backbones((rgb,))).features.load()
    luma = features.values.reshape(3, 3, 4).mean(axis=1)  # snippet, channel, frame
    shown = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 9, 9]]
    np.testing.assert_allclose(luma, 20 + 3 * np.array(shown), atol=1.5)
    assert features.spec == spec


def test_flow_goes_to_the_next_frame_and_stands_after_rgb(write_video, rgb, flow):
    random = np.random.default_rng(0)
    texture = random.integers(0, 255, (12, 40, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
    steps = [0, 2, 2, 2, 2, 2, 2, 2]  # pixels to the right of the frame's place before
    places = np.cumsum(steps)
    pictures = [texture[:, 60 - x : 124 - x].copy() for x in places]
    video = write_video(pts=range(8), pictures=pictures, options={"crf": "5"})
    spec = spec_of(rgb, flow)
    features = extract_features(video, spec, Backbones((flow, rgb))).features.load()
    along_x = features.values[:, 12:16]
    along_y = features.values[:, 16:20]
    scale = 16 / 48  # of the pictures, scaled to the backbones' short side
    np.testing.assert_allclose(along_x, 127.5 + 2 * scale * 255 / 40, atol=2)
    np.testing.assert_allclose(along_y, 127.5, atol=2)
    np.testing.assert_allclose(
        features.values[:, :12],
        extract_features(video, spec_of(rgb), Backbones((rgb,))).features.load().values,
    )
