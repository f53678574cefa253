"""One checked ONNX file from a checkpoint, or none."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from tests.train.backbones.conftest import SIZE, WIDTH

from benchmarks.video.random_i3d import random_state
from lpat.errors import OutputError
from lpat.inference.onnx_files import BACKBONE_KEY
from lpat.inference.sessions import Session, load_on_cpu
from lpat_train.backbones import i3d_export
from lpat_train.backbones.i3d_checkpoint import read_checkpoint
from lpat_train.backbones.i3d_export import TOLERANCE, convert_i3d
from lpat_train.errors import ExportError


def test_a_checkpoint_becomes_one_file_with_its_metadata(checkpoint: Path) -> None:
    output = checkpoint.with_name("rgb.onnx")
    difference = convert_i3d(
        read_checkpoint(checkpoint, WIDTH), output, '{"name": "i3d"}', width=WIDTH, size=SIZE
    )
    assert 0 < difference <= TOLERANCE
    model = onnx.load(output)
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        BACKBONE_KEY: '{"name": "i3d"}'
    }
    (clips,) = model.graph.input
    assert [each.dim_param or each.dim_value for each in clips.type.tensor_type.shape.dim] == [
        "N", 3, 16, SIZE, SIZE,
    ]  # fmt: skip
    session = Session(load_on_cpu(output.read_bytes()), "CPUExecutionProvider")
    (features,) = session.run(["features"], {"clips": np.zeros((1, 3, 16, SIZE, SIZE), "f4")})
    assert features.shape == (1, 128)


def test_a_graph_that_computes_something_else_is_not_written(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {name: weight.numpy() for name, weight in random_state(3, WIDTH, seed=1).items()}
    graph = i3d_export.i3d_graph
    monkeypatch.setattr(i3d_export, "i3d_graph", lambda _, size: graph(other, size))
    output = checkpoint.with_name("rgb.onnx")
    with pytest.raises(ExportError, match=r"differ by .* more than 0\.0001; nothing was written"):
        convert_i3d(read_checkpoint(checkpoint, WIDTH), output, "{}", width=WIDTH, size=SIZE)
    assert [path.name for path in checkpoint.parent.iterdir()] == [checkpoint.name]


def test_features_that_are_no_numbers_are_not_written(checkpoint: Path) -> None:
    state = torch.load(checkpoint, weights_only=True)
    state["Mixed_5c.b0.bn.weight"].fill_(3e38)
    torch.save(state, checkpoint)
    with pytest.raises(ExportError, match=r"differ by (nan|inf)"):
        convert_i3d(
            read_checkpoint(checkpoint, WIDTH),
            checkpoint.with_name("m.onnx"),
            "{}",
            width=WIDTH,
            size=SIZE,
        )


def test_another_kind_of_name_is_refused(checkpoint: Path) -> None:
    with pytest.raises(OutputError, match=r"rgb.pb: expected a name that ends in .onnx"):
        convert_i3d(
            read_checkpoint(checkpoint, WIDTH),
            checkpoint.with_name("rgb.pb"),
            "{}",
            width=WIDTH,
            size=SIZE,
        )


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "size"), [(3, 224), (2, SIZE)])
def test_published_sizes_agree_with_torch(channels: int, size: int, tmp_path: Path) -> None:
    """Those of the weights, and once of the clips, which take most of the time."""
    checkpoint, output = tmp_path / "full.pt", tmp_path / "full.onnx"
    torch.save(random_state(channels), checkpoint)
    assert convert_i3d(read_checkpoint(checkpoint), output, "{}", size=size) < TOLERANCE / 10
