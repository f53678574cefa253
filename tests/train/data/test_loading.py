"""Which features of a training set stay in their files, and which fail."""

from pathlib import Path

import numpy as np
import pytest

from lpat.errors import FeatureError
from lpat.features.cache import FeatureCache
from lpat.features.extractors import default_spec
from lpat.features.files import StoredFeatures, write_features
from lpat.inputs import Input, find_inputs
from lpat.types import Features
from lpat_train.data.loading import LoadedFeatures, open_labelled
from lpat_train.distributed.processes import ALONE

VALUES = np.ones((5, 4), np.float32)


def opened(
    inputs: tuple[Input, ...], names: list[str], cache: FeatureCache | None = None
) -> LoadedFeatures:
    labels = dict.fromkeys(names, ("a",))
    return open_labelled(
        inputs, labels, spec=default_spec(16), cache=cache, jobs=1, processes=ALONE
    )


def test_feature_files_stay_on_disk_where_their_rows_can_be_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    np.savez(tmp_path / "y.npz", VALUES)
    found = opened(find_inputs([tmp_path]), ["x", "y"])
    assert isinstance(found.features["x"], StoredFeatures)
    assert isinstance(found.features["y"], Features)
    for its in found.features.values():
        np.testing.assert_array_equal(its.load().values, VALUES)


def test_features_of_videos_stay_in_the_cache(tmp_path: Path) -> None:
    video, cache, spec = tmp_path / "v.mp4", FeatureCache(tmp_path / "cache"), default_spec(16)
    video.write_bytes(b"not read, as its features are there")
    values = np.ones((5, spec.dimension), np.float32)
    write_features(cache.path_of(video, spec), Features(values, spec, 3.2))
    found = opened((Input("v", video),), ["v"], cache)
    its = found.features["v"]
    assert isinstance(its, StoredFeatures)
    assert its.path == cache.path_of(video, spec)
    assert (its.spec, its.duration) == (spec, 3.2)


def test_a_file_that_is_not_finite_is_named_and_left_out(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    np.save(tmp_path / "y.npy", np.full((3, 4), np.nan))
    found = opened(find_inputs([tmp_path]), ["x", "y"])
    assert list(found.features) == ["x"]
    assert "y.npy: features of snippet 0 are not finite" in str(found.failures["y"])
    with pytest.raises(FeatureError, match=r"none of 1 videos could be read; the first: .*y\.npy"):
        opened(find_inputs([tmp_path / "y.npy"]), ["y"])
