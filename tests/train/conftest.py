"""Small training sets, made from features instead of videos."""

from collections.abc import Callable
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


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Makes a folder of feature files and its annotations: two classes, one or both a video."""

    def make(training: int = 10, test: int = 4) -> tuple[Path, Path]:
        folder, database = tmp_path / "features", {}
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
        annotations = tmp_path / "annotations.json"
        write_json(annotations, {"database": database})
        return folder, annotations

    return make


@pytest.fixture
def training_set(dataset: Callable[..., tuple[Path, Path]]) -> TrainingSet:
    """The training videos of such a folder, in memory."""
    folder, annotations = dataset()
    labels = read_annotations(annotations).labels_by_video("training")
    inputs = match_inputs(find_inputs([folder]), labels)
    return make_training_set({s.name: read_features(s.file) for s in inputs}, labels)
