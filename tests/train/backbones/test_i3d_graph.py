"""The graph computes I3D with fewer products: what plain sums give."""

import numpy as np
import onnx
import pytest
from tests.train.backbones.reference import features

from lpat.inference.sessions import Session, load_on_cpu
from lpat_train.backbones.i3d import random_state
from lpat_train.backbones.i3d_graph import State, i3d_graph

WIDTH = 1 / 8


@pytest.mark.parametrize("size", [64, 75])
@pytest.mark.parametrize("channels", [3, 2])
def test_features_are_those_of_plain_sums(channels: int, size: int) -> None:
    state = {name: weight.numpy() for name, weight in random_state(channels, WIDTH).items()}
    session = _session(state, size)
    clips = np.random.default_rng(size).uniform(-1, 1, (3, channels, 16, size, size))
    clips = clips.astype(np.float32)
    expected = features(state, clips)
    for batch in (1, 3):
        (found,) = session.run(["features"], {"clips": clips[:batch]})
        assert np.abs(found - expected[:batch]).max() < 1e-4 * np.abs(expected).max()


def test_clips_of_a_batch_dont_meet() -> None:
    state = {name: weight.numpy() for name, weight in random_state(2, WIDTH).items()}
    session = _session(state, 64)
    clips = np.random.default_rng(0).uniform(-1, 1, (3, 2, 16, 64, 64)).astype(np.float32)
    clips[1] *= 100
    (together,) = session.run(["features"], {"clips": clips})
    for number in range(3):
        (alone,) = session.run(["features"], {"clips": clips[number : number + 1]})
        np.testing.assert_allclose(together[number], alone[0], rtol=1e-5, atol=1e-6)


def test_a_published_size_has_2d_convolutions_of_whole_blocks() -> None:
    """Groups of fewer channels than a multiple of 16 are computed several times slower."""
    state = {name: np.zeros(weight.shape, np.float32) for name, weight in random_state(3).items()}
    model = i3d_graph(state)
    constants = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    groups = [
        (next(each.i for each in node.attribute if each.name == "group"), constants[node.input[1]])
        for node in model.graph.node
        if node.op_type == "Conv"
    ]
    assert len(groups) == 57 + 10  # the first unit's products are apart
    grouped = [(group, shape) for group, shape in groups if group > 1]
    assert [group for group, _ in grouped] == [10] * 5 + [6] * 10 + [4] * 4
    assert all(shape[1] % 16 == 0 and shape[0] // group % 16 == 0 for group, shape in grouped)
    assert model.opset_import[0].version == 18
    assert model.ir_version <= 10  # of ONNX Runtime 1.20
    onnx.checker.check_model(model, full_check=True)


def _session(state: State, size: int) -> Session:
    content = i3d_graph(state, size).SerializeToString()
    return Session(load_on_cpu(content), "CPUExecutionProvider")
