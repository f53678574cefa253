"""Exports of reduced precision: what stays float32, what it costs, and when nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from tests.train.export.saturation import Product, int8_products
from tests.train.graphs import graph_of

from lpat.errors import AnnotationError, UsageError
from lpat.inference.onnx_files import digests_of
from lpat.localizer import Localizer as OnnxLocalizer
from lpat.model.metadata import ModelMetadata, Precision
from lpat.segments.post_processing import PostProcessing
from lpat.types import Detections, Features, FeatureSpec
from lpat_train.cli import export, train
from lpat_train.errors import ExportError
from lpat_train.export import onnx_export as exporting
from lpat_train.export.graph_rewrites import FARTHEST_MEAN, halves, hidden_products, lean
from lpat_train.export.onnx_export import export_reduced, largest_difference, random_features
from lpat_train.export.quantization import in_float16, in_int8
from lpat_train.export.quantization_cost import kept_detections
from lpat_train.network.base import ExportModule, Network
from lpat_train.presets import PRESETS, changed
from lpat_train.training.loop import make_network

SPEC = FeatureSpec("motion", 1, {}, 12)
CLASSES = ("a", "b")
CASES = {
    "lpat": {},
    "lpat-x": {"members": 4},
    "TemConv": {"temporal_convolution": True, "members": 1, "context": "1"},
    "wtalc": {"method": "wtalc"},
    "stpn": {"method": "stpn"},
}


def network_of(name: str, mean: float = 3.0) -> Network:
    config = replace(changed(PRESETS["lpat"], CASES[name], name), hidden=16)
    torch.manual_seed(0)
    network = make_network(config, SPEC.dimension, len(CLASSES))
    network.mean = torch.full((SPEC.dimension,), mean)
    network.scale = torch.linspace(0.5, 2, SPEC.dimension)
    return network


def metadata_of(precision: Precision = "float32") -> ModelMetadata:
    return ModelMetadata(CLASSES, SPEC, PostProcessing(), precision=precision)


def videos_of(network: Network) -> Iterator[tuple[str, Features]]:
    for length in (7, 40, 100):
        yield f"v{length}", random_features(network, SPEC, length)


def types_of(path: Path) -> dict[int, int]:
    counts: dict[int, int] = {}
    for tensor in onnx.load(path).graph.initializer:
        counts[tensor.data_type] = counts.get(tensor.data_type, 0) + int(np.prod(tensor.dims))
    return counts


@pytest.mark.parametrize("name", ["lpat", "lpat-x", "wtalc"])
def test_an_export_standardises_by_its_first_layers_weights(name: str, tmp_path: Path) -> None:
    network = network_of(name)
    exporting.export(network, metadata_of(), tmp_path / "model.onnx")
    graph = onnx.load(tmp_path / "model.onnx").graph
    (first,) = [node for node in graph.node if "features" in node.input and node.op_type != "Shape"]
    assert first.op_type == "MatMul"
    exported = OnnxLocalizer(tmp_path / "model.onnx", "cpu")
    assert largest_difference(ExportModule(network), exported) < 1e-5


def test_features_far_from_zero_are_standardised_first(tmp_path: Path) -> None:
    """Folded, what float32 keeps of such a feature would be lost in the product."""
    network = network_of("lpat", mean=2 * FARTHEST_MEAN)
    exporting.export(network, metadata_of(), tmp_path / "model.onnx")
    nodes = onnx.load(tmp_path / "model.onnx").graph.node
    (first,) = [node for node in nodes if "features" in node.input and node.op_type != "Shape"]
    assert first.op_type == "Sub"


def test_gates_too_small_for_float32_still_pool(tmp_path: Path) -> None:
    network = network_of("lpat")
    with torch.no_grad():
        network.get_parameter("classifier.bias")[-1] = 500.0  # the threshold, far above all scores
    exporting.export(network, metadata_of(), tmp_path / "model.onnx")
    exported = OnnxLocalizer(tmp_path / "model.onnx", "cpu")
    assert np.isfinite(exported.score(random_features(network, SPEC, 20)).probabilities).all()


@pytest.mark.parametrize("name", CASES)
def test_a_network_is_exported_in_float16_and_int8(name: str, tmp_path: Path) -> None:
    network = network_of(name)
    reductions: tuple[tuple[Precision, float, int], ...] = (
        ("float16", 0.02, onnx.TensorProto.FLOAT16),
        ("int8", 0.2, onnx.TensorProto.INT8),
    )
    for precision, allowed, kind in reductions:
        path = tmp_path / f"{precision}.onnx"
        cost = export_reduced(network, metadata_of(precision), path, lambda: videos_of(network))
        assert cost.deviation <= allowed
        assert (cost.videos, cost.snippets) == (3, 147)
        metadata = OnnxLocalizer(path, "cpu").metadata
        assert (metadata.precision, metadata.caution) == (precision, None)
        assert types_of(path)[kind] >= SPEC.dimension * 16  # the first layer
        digests = digests_of(path.read_bytes())
        assert digests.told == digests.own is not None
        opened = onnx.load(path)
        assert opened.ir_version <= 10  # of ONNX Runtime 1.20
        assert max(entry.version for entry in opened.opset_import if not entry.domain) <= 21


@pytest.mark.parametrize("name", CASES)
def test_no_sum_of_int8_saturates_on_any_processor(name: str) -> None:
    network = network_of(name)
    model = lean(graph_of(ExportModule(network).eval(), SPEC.dimension), fold=False)
    reduced = in_int8(model, (features for _, features in videos_of(network)))
    features = np.concatenate([features.values for _, features in videos_of(network)])
    products = list(int8_products(reduced, features))
    assert products
    for product in products:
        np.testing.assert_array_equal(product.saturating, product.exact, product.name)
        assert np.abs(product.weights).max() <= 64  # so that none of other features does either


def test_sums_of_eight_bit_weights_saturate() -> None:
    rows, weights = np.full((1, 3), 127), np.full((3, 1), 127)
    product = Product("", rows, weights)
    assert product.exact.tolist() == [[3 * 255 * 127]]
    assert product.saturating.tolist() == [[32767 + 255 * 127]]
    assert Product("", rows, np.full((3, 1), 64)).saturating.tolist() == [[3 * 255 * 64]]


def test_the_last_layer_gates_and_pooling_stay_float32() -> None:
    network = network_of("TemConv")
    model = lean(graph_of(ExportModule(network).eval(), SPEC.dimension), fold=False)
    operators = {node.name: node.op_type for node in model.graph.node}
    assert [operators[name] for name in hidden_products(model)] == ["MatMul", "Conv"]
    assert {operators[name] for name in halves(model)} == {
        "MatMul",
        "Conv",
        "Add",
        "Relu",
        "Transpose",
    }
    reduced = in_float16(model)
    kinds = {
        entry.type.tensor_type.elem_type for entry in (*reduced.graph.input, *reduced.graph.output)
    }
    assert kinds == {onnx.TensorProto.FLOAT}
    assert [node.op_type for node in reduced.graph.node][:3] == ["Sub", "Mul", "Cast"]


def test_features_beyond_float16_are_no_trouble_once_standardised(tmp_path: Path) -> None:
    network = network_of("lpat", mean=1e6)
    network.scale = torch.full((SPEC.dimension,), 1e-3)
    cost = export_reduced(network, metadata_of("float16"), tmp_path / "m.onnx", None)
    assert cost.deviation < 0.02


def test_a_network_that_int8_ruins_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_of("lpat")
    monkeypatch.setitem(exporting.LARGEST_DEVIATIONS, "int8", 1e-9)
    with pytest.raises(ExportError, match=r"int8 is off by .* nothing was written"):
        export_reduced(
            network, metadata_of("int8"), tmp_path / "m.onnx", lambda: videos_of(network)
        )
    assert list(tmp_path.iterdir()) == []


def test_int8_is_refused_without_videos(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="int8: expected videos to calibrate on"):
        export_reduced(network_of("lpat"), metadata_of("int8"), tmp_path / "m.onnx", None)


def test_detections_that_stay_are_of_the_same_class_and_place() -> None:
    def of(rows: list[tuple[float, float, int]]) -> Detections:
        segments = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2)
        labels = np.array([row[2] for row in rows], np.int64)
        return Detections(CLASSES, segments, labels, np.ones(len(rows)))

    expected = of([(0, 10, 0), (20, 30, 1), (40, 50, 0)])
    assert kept_detections(expected, expected).tolist() == [3, 3]
    assert kept_detections(expected, of([])).tolist() == [0, 0]
    assert kept_detections(of([]), expected).tolist() == [0, 0]
    # The first is there to 8 of 10 seconds, the second as another class, the third not at all.
    assert kept_detections(expected, of([(0, 8, 0), (20, 30, 0), (45, 60, 0)])).tolist() == [1, 0]


@pytest.fixture(scope="module")
def trained(
    dataset_in: Callable[..., tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """A run, the features that it was trained on, and their annotations."""
    parent = tmp_path_factory.mktemp("trained")
    folder, annotations = dataset_in(parent)
    run = parent / "run"
    arguments = [folder, "--annotations", annotations, "--output", run, "--steps", 20]
    _invoke(train.command, *arguments, "--hidden", 16, "--no-report")
    return run, folder, annotations


def test_the_command_prints_the_cost(trained: tuple[Path, Path, Path], tmp_path: Path) -> None:
    run, folder, annotations = trained
    common = ["--run", run, "--calibrate", folder, "--annotations", annotations]
    output = _invoke(export.command, tmp_path / "m.onnx", "--precision", "int8", *common)
    for part in ("2 classes, int8", "of 14 videos", "detections stay", "mAP (tIoU 0.1 to 0.7): "):
        assert part in output
    output = _invoke(export.command, tmp_path / "h.onnx", "--precision", "float16", "--run", run)
    assert "float16" in output
    assert "mAP" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--precision", "int8"], "--precision int8: expected --calibrate"),
        (["--calibrate", "x"], "--calibrate: expected --precision float16 or int8"),
        (["--precision", "float16", "--annotations", "a.json"], "--annotations: expected --calib"),
    ],
)
def test_options_that_contradict_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        _invoke(export.command, "m.onnx", *arguments)


def test_annotations_of_other_videos_are_refused(
    trained: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    run, folder, _ = trained
    other = tmp_path / "other.csv"
    other.write_text("video,labels\nelsewhere,a\n", "utf-8")
    with pytest.raises((UsageError, AnnotationError), match="none is in them"):
        _invoke(
            export.command, tmp_path / "m.onnx", "--precision", "float16", "--run", run,
            "--calibrate", folder, "--annotations", other,
        )  # fmt: skip
    assert not (tmp_path / "m.onnx").exists()


def _invoke(command, *arguments: object) -> str:
    result = CliRunner().invoke(
        command, [str(part) for part in arguments], catch_exceptions=False, standalone_mode=False
    )
    return result.output
