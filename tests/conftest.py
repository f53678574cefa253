"""What all tests share: the folder of real videos, where there is one, and a tiny model."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from lpat.model_file import KEY, ModelMetadata
from lpat.segments import PostProcessing
from lpat.types import FeatureSpec


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real videos and annotations that lies beside the project, or a skip."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: there is no folder ../shared/data beside the project")
    return folder


@pytest.fixture(scope="session")
def modules_loaded_by_help() -> Callable[[str], set[str]]:
    """A function that gives what is loaded once the command of a module has printed its help."""

    def loaded(module: str) -> set[str]:
        code = (
            "import sys; from click.testing import CliRunner\n"
            f"from {module} import command\n"
            "result = CliRunner().invoke(command, ['--help']); assert result.exit_code == 0\n"
            "print(*sys.modules)"
        )
        return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())

    return loaded


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    """A function that writes a tiny model: scores are weighted sums of a snippet's feature.

    With the default metadata it fits `spec`; `metadata` replaces the JSON text, None leaves it out.
    """

    def make(path: Path, spec: FeatureSpec, *, metadata: str | None = "", classes: int = 2) -> Path:
        random = np.random.default_rng(0)
        weights = random.normal(size=(spec.dimension, classes + 1)).astype(np.float32)
        nodes = [
            helper.make_node("MatMul", ["features", "weights"], ["raw"]),
            helper.make_node("Split", ["raw", "sizes"], ["scores", "column"], axis=2),
            helper.make_node("Squeeze", ["column", "axis"], ["background"]),
            helper.make_node("ReduceMean", ["raw", "times"], ["pooled"], keepdims=0),
            helper.make_node("Softmax", ["pooled"], ["probabilities"], axis=-1),
        ]
        constants = {
            "weights": weights,
            "sizes": np.array([classes, 1]),
            "axis": np.array([2]),
            "times": np.array([1]),
        }
        shapes = {
            "scores": ["B", "T", classes],
            "background": ["B", "T"],
            "probabilities": ["B", classes + 1],
        }
        graph = helper.make_graph(
            nodes,
            "tiny",
            [_value("features", ["B", "T", spec.dimension])],
            [_value(name, shape) for name, shape in shapes.items()],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        model.ir_version = 9
        if metadata == "":
            labels = tuple(f"class_{index}" for index in range(classes))
            metadata = ModelMetadata(labels, spec, PostProcessing()).to_json()
        if metadata is not None:
            helper.set_model_props(model, {KEY: metadata})
        path.write_bytes(model.SerializeToString())
        return path

    return make


def _value(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
