"""The graph computes I3D with fewer products: what plain sums give."""

import numpy as np
import onnx
import pytest
from tests.train.backbones.reference import features

from benchmarks.video.random_i3d import random_state
from lpat.inference.sessions import Session, load_on_cpu
from lpat_train.backbones.i3d_graph import State, i3d_graph, transforms

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


@pytest.mark.parametrize(
    ("outputs", "taps"), [(1, 1), (1, 3), (2, 3), (4, 3), (8, 3), (4, 4), (8, 4), (5, 2)]
)
def test_fewer_products_give_the_filter(outputs: int, taps: int) -> None:
    random = np.random.default_rng(outputs + taps)
    kernel, values = random.standard_normal(taps), random.standard_normal(outputs + taps - 1)
    algorithm = transforms(outputs, taps)
    products = (algorithm.filter @ kernel) * (algorithm.inputs @ values)
    assert products.shape == (outputs + taps - 1,)
    expected = [kernel @ values[first : first + taps] for first in range(outputs)]
    np.testing.assert_allclose(algorithm.outputs @ products, expected, rtol=0, atol=1e-8)


def test_the_first_product_goes_into_every_output() -> None:
    assert (transforms(8, 3).outputs[:, 0] == 1).all()


def test_float32_keeps_most_of_its_digits() -> None:
    """The points decide how much is rounded: with 0, 1, -1, 2, -2, 3, ... it is 36 times more."""
    random = np.random.default_rng(0)
    kernels, values = random.standard_normal((64, 3)), random.standard_normal((500, 64, 10))
    algorithm = transforms(8, 3)
    inputs, filters = (
        (each @ matrix.T).astype(np.float32)
        for each, matrix in ((values, algorithm.inputs), (kernels, algorithm.filter))
    )
    found = (inputs * filters).sum(1) @ algorithm.outputs.T.astype(np.float32)
    expected = np.stack([(values[:, :, i : i + 3] * kernels).sum((1, 2)) for i in range(8)], 1)
    error = np.sqrt(np.square(found - expected).mean()) / expected.std()
    assert error < 1e-5
