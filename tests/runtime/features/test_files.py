"""Feature files: ours with their spec, the field's without, broken ones refused."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lpat.errors import FeatureError
from lpat.features.files import read_features, spec_from_json, write_features, write_rows
from lpat.types import Features, FeatureSpec

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)
SPEC = FeatureSpec("motion", 1, {"rows": 3}, 3, stride=8)


def test_features_come_back_with_their_spec(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    write_features(path, Features(VALUES, SPEC, 1.25, 0.5))
    features = read_features(path)
    np.testing.assert_array_equal(features.values, VALUES)
    assert (features.spec, features.duration, features.start) == (SPEC, 1.25, 0.5)


def write_foreign(path: Path, array: np.ndarray) -> None:
    match path.suffix:
        case ".npy":
            np.save(path, array)
        case ".npz":
            np.savez(path, array)
        case ".h5":
            with h5py.File(path, "w") as file:
                file["anything"] = array
        case ".safetensors":
            save_file({"anything": array}, str(path))


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".safetensors"])
def test_foreign_files_are_taken_as_the_fields_usual_snippets(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    write_foreign(path, VALUES.astype(np.float64))
    features = read_features(path)
    assert features.values.dtype == np.float32
    np.testing.assert_array_equal(features.values, VALUES)
    assert features.spec == FeatureSpec("precomputed", 1, {}, 3)
    assert features.start is None
    np.testing.assert_allclose(features.edges, [0, 0.64, 1.28, 1.92, 2.56])
    assert read_features(path, duration=2.0).edges[-1] == 2.0


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3), r"expected an array \(T, D\) of numbers, not float64 of shape \(3,\)"),
        (np.zeros((0, 3)), "expected an array .* with snippets"),
        (np.array([["a"]]), r"not <U1 of shape \(1, 1\)"),
        (np.array([[0.0], [np.nan]]), "features of snippet 1 are not finite"),
        (np.array([[0.0], [1e300]]), "features of snippet 1 are not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_arrays_that_are_no_features_are_refused(tmp_path: Path, array, message: str) -> None:
    np.save(tmp_path / "v.npy", array)
    with pytest.raises(FeatureError, match=message):
        read_features(tmp_path / "v.npy")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"not what the name says", b"\x93NUMPY\x01\x00\xff\xff"])
def test_files_that_are_broken_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    with pytest.raises(FeatureError, match="expected a feature file, but") as caught:
        read_features(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_a_pickle_is_never_loaded(tmp_path: Path, suffix: str) -> None:
    path, trace = tmp_path / f"v{suffix}", tmp_path / "executed"

    class Hostile:
        def __reduce__(self):
            return (Path.touch, (trace,))

    if suffix == ".npy":
        path.write_bytes(pickle.dumps(Hostile()))
    else:
        np.savez(path, features=np.array([Hostile()], dtype=object))
    with pytest.raises(FeatureError):
        read_features(path)
    assert not trace.exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"nowhere\.npy: no such file"):
        read_features(tmp_path / "nowhere.npy")


def test_the_features_of_a_file_with_several_arrays_go_by_their_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", features=VALUES, frame_cnt=64)
    np.testing.assert_array_equal(read_features(tmp_path / "v.npz").values, VALUES)
    np.savez(tmp_path / "v-rgb.npz", feature=VALUES[None], frame_cnt=64)
    np.testing.assert_array_equal(read_features(tmp_path / "v-rgb.npz").values, VALUES)
    np.savez(tmp_path / "v-rgb.npz", feature=np.stack([VALUES] * 10), frame_cnt=64)
    with pytest.raises(FeatureError, match=r"not float32 of shape \(10, 4, 3\)"):
        read_features(tmp_path / "v-rgb.npz")


def test_a_file_of_objects_is_told_where_it_can_be_read(tmp_path: Path) -> None:
    entries = np.empty(2, object)
    entries[:] = [VALUES, VALUES]
    np.save(tmp_path / "all.npy", entries, allow_pickle=True)
    with pytest.raises(FeatureError, match=r"never unpickled; .* are read by lpat-import"):
        read_features(tmp_path / "all.npy")


def test_a_file_with_two_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", rgb=VALUES, flow=VALUES)
    with pytest.raises(FeatureError, match=r"expected one array, not 2 .*: flow, rgb"):
        read_features(tmp_path / "v.npz")


@pytest.mark.parametrize(
    "change",
    [
        {"dimension": "3"},
        {"dimension": True},
        {"dimension": 0},
        {"fps": -25.0},
        {"stride": 1.5},
        {"parameters": {"a": [1]}},
        {"more": 1},
    ],
)
def test_a_spec_with_a_broken_field_is_refused(change: dict[str, object]) -> None:
    value = {
        "extractor": "motion",
        "version": 1,
        "parameters": {},
        "dimension": 3,
        "fps": 25.0,
        "snippet_frames": 16,
        "stride": 16,
    }
    assert spec_from_json(value).dimension == 3
    with pytest.raises(FeatureError):
        spec_from_json({**value, **change})


def test_features_written_as_they_come_are_those_written_at_once(tmp_path: Path) -> None:
    write_features(tmp_path / "whole.safetensors", Features(VALUES, SPEC, 1.25))
    write_rows(tmp_path / "rows.safetensors", iter(VALUES), SPEC, lambda: 1.25)
    whole, rows = (tmp_path / f"{name}.safetensors" for name in ("whole", "rows"))
    assert whole.read_bytes() == rows.read_bytes()
    assert load_file(whole).keys() == {"features"}  # by the format's own library
    np.testing.assert_array_equal(load_file(whole)["features"], VALUES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [([], "at least one snippet"), ([VALUES[0], VALUES[0] * np.nan], "snippet 1 are not finite")],
)
def test_rows_that_are_no_features_are_not_written(tmp_path: Path, rows, message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        write_rows(tmp_path / "rows.safetensors", rows, SPEC, lambda: 1.25)
