"""Made-up features of THUMOS'14 in the layouts of the published ones, to try what reads them.

    python -m benchmarks.studies.published_layouts FOLDER [--dimension 64] [--shared ../shared/data]

writes, over the real time lines,

    FOLDER/wtalc/Thumos14reduced-I3D-JOINTFeatures.npy, Thumos14reduced-Annotations/
    FOLDER/streams/{train,test}/{rgb,flow}/NAME.npy
    FOLDER/joint/{train,test}/NAME.npy

with the same features in each (docs/thumos14.md says whose layouts these are).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.studies.simulation import DIFFICULTIES, simulate
from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.types import Float32Array

FOLDERS = {"validation": "train", "test": "test"}


def published_features(
    videos: Sequence[VideoAnnotation], dimension: int, seed: int = 0
) -> dict[str, Float32Array]:
    """Features (T, D) by video, as the field's: whole snippets only, and units with own means."""
    random = np.random.default_rng((seed, 14))
    offsets = np.abs(random.normal(size=dimension)).astype(np.float32)
    simulated = simulate(videos, replace(DIFFICULTIES["easy"], dimension=dimension), seed)
    arrays = {}
    for name, its in simulated.items():
        whole = max(1, int(its.duration / its.spec.snippet_seconds))
        arrays[name] = its.values[:whole] + offsets
    return arrays


def write_wtalc(
    folder: Path,
    videos: Sequence[VideoAnnotation],
    arrays: Mapping[str, Float32Array],
    ambiguous: Path | None = None,
) -> tuple[Path, Path]:
    """One array of all videos, and W-TALC's folder of annotations in its order; their paths."""
    annotations = folder / "Thumos14reduced-Annotations"
    annotations.mkdir(parents=True, exist_ok=True)
    labels = [[label.encode() for label in video.segment_labels] for video in videos]
    columns: dict[str, np.ndarray] = {
        "videoname": np.array([video.name for video in videos], "S"),
        "subset": np.array([video.subset for video in videos], "S"),
        "duration": np.array([[video.duration or 0.0] for video in videos]),
        "extracted_fps": np.full(len(videos), 10.0),
        "segments": _objects([video.segments.tolist() for video in videos]),
        "labels": _objects(labels),
        "labels_all": _objects([list(video.labels) for video in videos]),
    }
    for name, column in columns.items():
        np.save(annotations / f"{name}.npy", column, allow_pickle=True)
    if ambiguous is not None:
        shutil.copyfile(ambiguous, annotations / "Ambiguous_test.txt")
    path = folder / "Thumos14reduced-I3D-JOINTFeatures.npy"
    np.save(path, _objects([arrays[video.name] for video in videos]), allow_pickle=True)
    return path, annotations


def write_streams(
    folder: Path, videos: Sequence[VideoAnnotation], arrays: Mapping[str, Float32Array]
) -> None:
    """RGB and flow in folders of their own, by subset."""
    for video in videos:
        values = arrays[video.name]
        half = values.shape[1] // 2
        for stream, its in (("rgb", values[:, :half]), ("flow", values[:, half:])):
            _save(folder / FOLDERS[str(video.subset)] / stream, video.name, its)


def write_joint(
    folder: Path, videos: Sequence[VideoAnnotation], arrays: Mapping[str, Float32Array]
) -> None:
    """A file for each video, by subset."""
    for video in videos:
        _save(folder / FOLDERS[str(video.subset)], video.name, arrays[video.name])


def _save(folder: Path, name: str, values: Float32Array) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}.npy", values)


def _objects(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dimension", type=int, default=64)
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser.add_argument("--shared", type=Path, default=default)
    options = parser.parse_args()
    thumos14 = options.shared / "thumos14"
    videos = read_annotations(thumos14 / "annotations.json").videos
    arrays = published_features(videos, options.dimension)
    write_wtalc(options.folder / "wtalc", videos, arrays, thumos14 / "ambiguous_test.txt")
    write_streams(options.folder / "streams", videos, arrays)
    write_joint(options.folder / "joint", videos, arrays)


if __name__ == "__main__":
    main()
