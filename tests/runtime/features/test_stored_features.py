"""Features that stay in their files: mapped where they can be, converted where not."""

import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lpat.errors import FeatureError
from lpat.features import files as stored_features
from lpat.features.files import locate_features, read_features, write_features
from lpat.types import Features, FeatureSpec

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)
SPEC = FeatureSpec("motion", 1, {"rows": 3}, 3, stride=8)


def write(path: Path, values: np.ndarray) -> Path:
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        save_file({"other": np.zeros(3), "features": values}, str(path))
    return path


def base_of(values: np.ndarray) -> object:
    """What an array's memory belongs to, as far as arrays know."""
    while isinstance(values.base, np.ndarray):
        values = values.base
    return values


def test_features_of_ours_are_where_read_features_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    write_features(path, Features(VALUES, SPEC, 1.25))
    stored = locate_features(path)
    assert (stored.spec, stored.duration, len(stored)) == (SPEC, 1.25, 4)
    loaded, read = stored.load(), read_features(path)
    np.testing.assert_array_equal(loaded.values, read.values)
    assert (loaded.spec, loaded.duration) == (read.spec, read.duration)


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_float32_is_mapped_and_not_copied(tmp_path: Path, suffix: str) -> None:
    stored = locate_features(write(tmp_path / f"v{suffix}", VALUES))
    rows = stored.rows(1, 3)
    np.testing.assert_array_equal(rows, VALUES[1:3])
    assert isinstance(base_of(rows), np.memmap)
    rows[:] = -1  # of this process alone
    np.testing.assert_array_equal(stored.rows(0, 4), VALUES)


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i2", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_numbers_come_as_float32(tmp_path: Path, suffix: str, kind: str, order: str) -> None:
    values = np.asarray(VALUES, dtype=kind, order=order)  # type: ignore[call-overload]
    if suffix == ".safetensors":
        values = np.ascontiguousarray(values)
    stored = locate_features(write(tmp_path / f"v{suffix}", values))
    rows = stored.rows(1, 4)
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    np.testing.assert_array_equal(rows, VALUES[1:4])


@pytest.mark.parametrize("order", ["C", "F"])
def test_one_crop_in_a_file_of_others_is_mapped_as_it_is_read(tmp_path: Path, order: str) -> None:
    crop = np.asarray(VALUES[None], order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "v.npy", crop)
    named = {"feature": np.ascontiguousarray(crop), "frame_cnt": np.array([64])}
    save_file(named, str(tmp_path / "v.safetensors"))
    for name in ("v.npy", "v.safetensors"):
        stored = locate_features(tmp_path / name)
        assert (len(stored), stored.spec.dimension) == (4, 3)
        np.testing.assert_array_equal(stored.rows(1, 3), VALUES[1:3])
        np.testing.assert_array_equal(read_features(tmp_path / name).values, VALUES)
    np.save(tmp_path / "ten.npy", np.repeat(crop, 10, axis=0))
    with pytest.raises(FeatureError, match=r"not float32 of shape \(10, 4, 3\)"):
        locate_features(tmp_path / "ten.npy")


def test_the_other_byte_order_is_read(tmp_path: Path) -> None:
    stored = locate_features(write(tmp_path / "v.npy", VALUES.astype(">f4")))
    np.testing.assert_array_equal(stored.rows(0, 4), VALUES)


def test_half_precision_is_converted_by_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = locate_features(write(tmp_path / "v.npy", np.zeros((1000, 3), np.float16)))
    converted: list[tuple[int, ...]] = []
    plain = np.ascontiguousarray

    def counting(values: np.ndarray, dtype: type) -> np.ndarray:
        converted.append(values.shape)
        return plain(values, dtype)

    monkeypatch.setattr(np, "ascontiguousarray", counting)
    stored.rows(10, 14)
    assert converted == [(4, 3)]


def test_rows_are_those_of_a_slice(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    stored = locate_features(write(tmp_path / "v.npy", values))
    for start in range(10):
        for stop in range(10):
            np.testing.assert_array_equal(stored.rows(start, stop), values[start:stop])


def test_no_file_stays_open(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("counts open files in /proc, which Linux has")

    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    stored = [locate_features(write(tmp_path / f"{n}.npy", VALUES)) for n in range(50)]
    for its in stored:
        its.check()
    assert count() == before


@pytest.mark.parametrize("number", [0, 4, 9])
def test_a_value_that_is_not_finite_is_named_by_its_snippet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(stored_features, "_CHUNK_VALUES", 9)  # three snippets at a time
    values = np.zeros((10, 3))
    values[number, 1] = 1e300 if number == 4 else np.nan  # infinite in float32
    stored = locate_features(write(tmp_path / "v.npy", values))
    assert [len(chunk) for chunk in stored.chunks()] == [3, 3, 3, 1]
    with pytest.raises(FeatureError, match=rf"v\.npy: features of snippet {number} are not finite"):
        stored.check()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(3), r"expected an array \(T, D\) of numbers, not float64 of shape \(3,\)"),
        (np.zeros((2, 0)), "expected a"),
        (np.zeros((2, 2), bool), "expected an array .* of numbers, not "),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_arrays_that_are_no_features_are_refused(
    tmp_path: Path, suffix: str, values: np.ndarray, message: str
) -> None:
    with pytest.raises(FeatureError, match=message):
        locate_features(write(tmp_path / f"v{suffix}", values))


@pytest.mark.parametrize("suffix", [".npy", ".safetensors", ".npz", ".txt"])
@pytest.mark.parametrize("content", [b"", b"not what the name says", b"\x93NUMPY\x01\x00\xff\xff"])
def test_files_that_are_broken_are_refused_in_one_line(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    with pytest.raises(FeatureError, match=r"v\.\w+: expected a feature file, but") as caught:
        locate_features(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_became_shorter_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "v.npy", VALUES)
    stored = locate_features(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FeatureError, match=r"v\.npy: can no longer be read"):
        stored.rows(2, 4)
    path.unlink()
    with pytest.raises(FeatureError, match=r"v\.npy: can no longer be read"):
        stored.rows(0, 1)


def test_a_file_of_ours_whose_array_is_not_of_its_spec_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    write_features(path, Features(VALUES, SPEC, 1.25))
    content = path.read_bytes().replace(b'\\"dimension\\": 3', b'\\"dimension\\": 4')
    path.write_bytes(content)
    with pytest.raises(FeatureError, match=r"must have shape \(T, 4\), not \(4, 3\)"):
        locate_features(path)
