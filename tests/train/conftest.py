"""Small training sets, made from features instead of videos."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lpat.annotations.reading import read_annotations
from lpat.features.files import read_features, write_features
from lpat.files.json_files import write_json
from lpat.inputs import find_inputs
from lpat.types import Features, FeatureSpec
from lpat_train.data.dataset import TrainingSet, make_training_set, match_inputs

SPEC = FeatureSpec("motion", 1, {}, 12)


def synthetic_features(labels: tuple[str, ...], seed: int, spec: FeatureSpec = SPEC) -> Features:
    """Features with a stretch of each label, whose own dimension rises there."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(random.integers(20, 40), spec.dimension)).astype(np.float32)
    for order, label in enumerate(labels):
        start = 3 + 8 * order
        values[start : start + 5, ord(label[0]) % spec.dimension] += 4
    return Features(values, spec, len(values) * spec.snippet_seconds)


@pytest.fixture(scope="session", autouse=True)
def graphs_made_once() -> Iterator[None]:
    """Exports take a graph that was made before, with their own weights, where there is one."""
    from tests.train.graphs import graph_of

    from lpat_train.export import onnx_export

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(onnx_export, "onnx_graph", graph_of)
        yield


@pytest.fixture(scope="session")
def dataset_in() -> Callable[..., tuple[Path, Path]]:
    """Makes, in a folder, one of feature files and its annotations: two classes, one or both a
    video."""

    def make(parent: Path, training: int = 10, test: int = 4) -> tuple[Path, Path]:
        folder, database = parent / "features", {}
        for index in range(training + test):
            labels = (("a",), ("b",), ("a", "b"))[index % 3]
            features = synthetic_features(labels, index)
            write_features(folder / f"v{index}.safetensors", features)
            second = SPEC.snippet_seconds
            database[f"v{index}"] = {
                "subset": "training" if index < training else "test",
                "duration": features.duration,
                "annotations": [
                    {"label": label, "segment": [(3 + 8 * k) * second, (8 + 8 * k) * second]}
                    for k, label in enumerate(labels)
                ],
            }
        annotations = parent / "annotations.json"
        write_json(annotations, {"database": database})
        return folder, annotations

    return make


@pytest.fixture
def dataset(
    tmp_path: Path, dataset_in: Callable[..., tuple[Path, Path]]
) -> Callable[..., tuple[Path, Path]]:
    """The same in the test's own folder."""
    return partial(dataset_in, tmp_path)


@pytest.fixture(scope="session")
def training_set(
    tmp_path_factory: pytest.TempPathFactory, dataset_in: Callable[..., tuple[Path, Path]]
) -> TrainingSet:
    """The training videos of such a folder, in memory."""
    folder, annotations = dataset_in(tmp_path_factory.mktemp("training_set"))
    labels = read_annotations(annotations).labels_by_video("training")
    inputs = match_inputs(find_inputs([folder]), labels)
    return make_training_set({s.name: read_features(s.file) for s in inputs}, labels)
