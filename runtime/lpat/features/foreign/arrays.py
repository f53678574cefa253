"""The arrays in files of others: which there are, of which video and stream, and their numbers.

Files of one array are named by themselves. HDF5, .npz and .safetensors files may hold many videos:
a dataset or a group each, with `features` or `rgb` and `flow` in it. Nothing is unpickled: files
that are pickles, and tables, are refused with the line that converts them.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from lpat.errors import FeatureError, install_advice
from lpat.features.files import KEY, map_array, named_faults, read_features
from lpat.features.foreign.stream_names import Stream, stream_of

FOREIGN_SUFFIXES = frozenset({".safetensors", ".npy", ".npz", ".h5", ".hdf5", ".mat"})

_TORCH = "numpy.array(torch.load(p, map_location='cpu', weights_only=True).float())"
_PICKLE = "numpy.array(pickle.load(open(p, 'rb')))"
_TABLE = "numpy.loadtxt(p, delimiter=',', skiprows=1)"
_MATLAB = "next(v for k, v in scipy.io.loadmat(p).items() if k[:2] != '__')"

CONVERTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((".pt", ".pth"), ("numpy, torch", _TORCH)),
        **dict.fromkeys((".pkl", ".pickle"), ("numpy, pickle", _PICKLE)),
        ".csv": ("numpy", _TABLE),
    }
)
"""By suffix of files that aren't read: modules, and the expression that makes an array of one."""


def conversion(files: str, modules: str, expression: str) -> str:
    """The command line that writes a .npy beside each of some files, by an expression of `p`."""
    saved = f"[numpy.save(p.rsplit('.', 1)[0] + '.npy', {expression}) for p in sys.argv[1:]]"
    return f'python -c "import sys, {modules}; {saved}" {files}'


def refusal(paths: Sequence[Path]) -> FeatureError:
    """Why files of a suffix in `CONVERTED`, of one folder, aren't read, and what converts them."""
    first = paths[0]
    modules, expression = CONVERTED[first.suffix.lower()]
    is_table = expression == _TABLE
    if is_table and _begins_with_numbers(first):
        expression = expression.replace(", skiprows=1", "")
    trust = ", if you trust it," if expression == _PICKLE else ""
    files = f'"{first}"' if len(paths) == 1 else f'"{first.parent}"/*{first.suffix}'
    return FeatureError(
        f"{first}: expected an array, but it is "
        f"{'a table' if is_table else 'a pickle, which is never unpickled here'}; "
        f"convert it{trust} by: {conversion(files, modules, expression)}"
    )


def _begins_with_numbers(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as opened:
            for word in opened.readline(1 << 16).split(","):
                float(word)
    except (OSError, ValueError):
        return False
    return True


@dataclass(frozen=True)
class ForeignArray:
    """An array in a file of others. What is wrong with it is told when it is read."""

    path: Path
    key: str  # within the file; empty where the file is known by one array
    video: str | None  # None: the file is named after it
    stream: Stream | None
    shape: tuple[int, ...] | None  # None: it can't be read
    read: Callable[[], np.ndarray]
    is_named_by_file: bool = False

    @property
    def identity(self) -> tuple[int, int, str]:
        """The same of an array however its file is called: by a link, a hard link or `./`."""
        status = os.stat(self.path)  # noqa: PTH116
        return status.st_dev, status.st_ino, self.key


def arrays_of(path: Path) -> list[ForeignArray]:
    """The arrays of features in a file; of one that can't be read, one that says so when read."""
    try:
        with named_faults(path):
            return _OPENERS[path.suffix.lower()](path)
    except (FeatureError, ImportError) as error:
        return [_broken(path, "", None, error)]


def _broken(path: Path, key: str, video: str | None, error: Exception) -> ForeignArray:
    def fail() -> np.ndarray:
        raise error

    return ForeignArray(path, key, video, None, None, fail)


def _of_npy(path: Path) -> list[ForeignArray]:
    return [ForeignArray(path, "", None, None, map_array(path).shape, lambda: map_array(path))]


def _of_npz(path: Path) -> list[ForeignArray]:
    def read(key: str) -> np.ndarray:
        with named_faults(path), np.load(path, allow_pickle=False) as opened:
            return opened[key]

    with zipfile.ZipFile(path) as archive:
        shapes = {
            name.removesuffix(".npy"): _npy_shape(archive, name)
            for name in archive.namelist()
            if name.endswith(".npy")
        }
    return list(_from_tree(path, _as_tree(shapes), lambda key: lambda: read(key)))


def _npy_shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...] | None:
    """The shape of an array of numbers; None of another."""
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(member)
    return shape if dtype.kind in "fiu" else None


def _of_safetensors(path: Path) -> list[ForeignArray]:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as opened:
        if KEY in (opened.metadata() or {}):
            values = read_features(path).values
            return [ForeignArray(path, "", None, None, values.shape, lambda: values)]
        shapes = {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}  # noqa: SIM118

    def read(key: str) -> np.ndarray:
        with named_faults(path), safe_open(str(path), framework="numpy") as again:
            return again.get_tensor(key)

    return list(_from_tree(path, _as_tree(shapes), lambda key: lambda: read(key)))


_Tree = dict[str, Any]
"""Names of groups to trees, and of arrays to their shapes, None of what isn't of numbers."""


def _as_tree(shapes: Mapping[str, tuple[int, ...] | None]) -> _Tree:
    """A tree of arrays whose names are paths, as `video/rgb`."""
    tree: _Tree = {}
    for key, shape in shapes.items():
        *groups, last = key.split("/")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise FeatureError(f"expected {group!r} to be an array or a group, not both")
        place[last] = shape
    return tree


def _of_hdf5(path: Path) -> list[ForeignArray]:
    try:
        import h5py
    except ImportError as error:
        raise FeatureError(f"HDF5 files need the package h5py: {install_advice('hdf5')}") from error

    def tree(group: h5py.Group, depth: int) -> _Tree:
        found: _Tree = {}
        for name in map(str, group):
            # Of links, those to other files aren't followed.
            if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                continue
            entry = group.get(name)
            if isinstance(entry, h5py.Dataset):
                found[name] = entry.shape if entry.dtype.kind in "fiu" else None
            elif isinstance(entry, h5py.Group) and depth < _DEEPEST and not name.startswith("#"):
                found[name] = tree(entry, depth + 1)
        return found

    def read(key: str) -> np.ndarray:
        with named_faults(path), h5py.File(path, "r") as opened:
            values = np.asarray(opened[key])
        # MATLAB writes its columns as HDF5's rows.
        return values.T if is_matlab else values

    is_matlab = path.suffix.lower() == ".mat"
    with h5py.File(path, "r") as opened:
        found = _from_tree(path, tree(opened, 0), lambda key: lambda: read(key))
        if not is_matlab:
            return list(found)
        return [_transposed(its) for its in found]


def _transposed(array: ForeignArray) -> ForeignArray:
    shape = None if array.shape is None else array.shape[::-1]
    return ForeignArray(array.path, array.key, array.video, array.stream, shape, array.read)


def _of_matlab(path: Path) -> list[ForeignArray]:
    with path.open("rb") as opened:
        if opened.read(10) == b"MATLAB 7.3":
            return _of_hdf5(path)
    try:
        from scipy.io import loadmat, whosmat  # pyright: ignore
    except ImportError as error:
        raise FeatureError(
            f"MATLAB files before 7.3 need the package scipy: pip install scipy, or convert it "
            f"where that is, by: {conversion(repr(str(path)), 'numpy, scipy.io', _MATLAB)}"
        ) from error
    kinds = ("double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in _BITS))
    shapes = {name: shape if kind in kinds else None for name, shape, kind in whosmat(str(path))}

    def read(key: str) -> np.ndarray:
        with named_faults(path):
            return loadmat(str(path), variable_names=[key])[key]

    return list(_from_tree(path, _as_tree(shapes), lambda key: lambda: read(key)))


_BITS = (8, 16, 32, 64)
_DEEPEST = 4
"""Groups within groups of an HDF5 file that are looked through."""

_NAMES = ("features", "feature", "feats", "feat", "c3d_features", "i3d_features")
"""What features are called beside times and the like."""


def _from_tree(
    path: Path,
    tree: _Tree,
    reader: Callable[[str], Callable[[], np.ndarray]],
    video: str | None = None,
    prefix: str = "",
) -> Iterator[ForeignArray]:
    """The arrays of a group, or of the groups and arrays in it that are of a video each.

    Arrays of fewer than two axes are passed over: rates, times, lengths.
    """
    arrays = {
        name: shape for name, shape in tree.items() if isinstance(shape, tuple) and len(shape) > 1
    }
    groups = {name: its for name, its in tree.items() if isinstance(its, dict)}

    def array(name: str, its_video: str | None, stream: Stream | None) -> ForeignArray:
        key = f"{prefix}{name}"
        return ForeignArray(path, key, its_video, stream, arrays[name], reader(key))

    named = next((name for name in _NAMES if name in arrays), None)
    if named is not None:
        yield array(named, video, None)
    elif arrays and all(name.lower() in ("rgb", "flow") for name in arrays):
        for name in arrays:
            yield array(name, video, "rgb" if name.lower() == "rgb" else "flow")
    elif len(arrays) == 1 and not groups:
        yield array(next(iter(arrays)), video, None)
    elif video is not None and arrays:
        names = ", ".join(sorted(arrays))[:200]
        yield _broken(
            path, prefix, video,
            FeatureError(f"{path}: {prefix}: expected one array, or 'features', not {names}"),
        )  # fmt: skip
    elif arrays or groups:
        for name in arrays:
            yield array(name, *stream_of(Path(f"{name}.npy"), Path()))
        for name, its in groups.items():
            yield from _from_tree(path, its, reader, name, f"{prefix}{name}/")
    elif video is not None:
        fault = FeatureError(f"{path}: {prefix}: expected an array (T, D) of numbers")
        yield _broken(path, prefix, video, fault)
    else:
        raise FeatureError("expected an array (T, D) of numbers, but there is none")


_OPENERS: Mapping[str, Callable[[Path], list[ForeignArray]]] = MappingProxyType(
    {
        ".npy": _of_npy,
        ".npz": _of_npz,
        ".safetensors": _of_safetensors,
        ".h5": _of_hdf5,
        ".hdf5": _of_hdf5,
        ".mat": _of_matlab,
    }
)
