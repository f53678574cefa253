"""Compares variants of the motion feature on held-out sessions, from video labels only.

    python -m benchmarks.studies.features VIDEOS --annotations ANN --sessions 14

For each variant a small weakly supervised classifier is trained on the labels of some recording
sessions and judged on those of the others. Segment times are not read, nor any other subset.
docs/features.md says what the figures mean and which were found. `--flow tvl1` describes TV-L1 flow
instead of the extractor's own.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

# Each process works alone; set before NumPy loads its library.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.video.pair_flows import PAIR_FLOWS
from lpat.annotations.reading import read_annotations
from lpat.motion.extractor import DESCRIPTORS, MotionExtractor
from lpat.motion.flow import flow_fields
from lpat.video.reader import Video
from lpat.video.resampling import resample
from lpat_train.data.dataset import labelled
from lpat_train.training.early_stopping import average_precision

FOLDS = 5
BATCH = 10
SUFFIXES = {".mp4", ".mkv", ".webm", ".avi", ".mov"}
BASE = ("hof", "hof_cells", "rest", "velocity", "focus_speed", "turning")


@dataclass(frozen=True)
class Variant:
    name: str
    extractor: MotionExtractor = field(default_factory=MotionExtractor)
    snippet_frames: int = 16
    stride: int = 16
    standardised: bool = True


def variants() -> list[Variant]:
    """All that are compared: the default, and one change at a time to `BASE` or to the default."""

    def only(*names: str) -> MotionExtractor:
        return MotionExtractor(descriptors=",".join(names))

    others = [name for name in DESCRIPTORS if name not in BASE]
    found = [Variant("base", only(*BASE)), Variant("default")]
    found.append(Variant("default, not standardised", standardised=False))
    found += [Variant(f"base without {n}", only(*(b for b in BASE if b != n))) for n in BASE]
    found += [Variant(f"base with {name}", only(*BASE, name)) for name in others]
    found += [Variant(f"only {name}", only(name)) for name in DESCRIPTORS]
    found.append(Variant("everything", only(*DESCRIPTORS)))
    found += [
        Variant(f"default, {frames} frames every {stride}", snippet_frames=frames, stride=stride)
        for frames, stride in ((32, 16), (24, 16), (48, 16), (16, 8), (32, 8))
    ]
    found += [
        Variant(f"default, {rows} x {columns} cells", MotionExtractor(rows=rows, columns=columns))
        for rows, columns in ((2, 2), (4, 6))
    ]
    found += [Variant(f"default, {n} phases", MotionExtractor(phases=n)) for n in (2, 8)]
    return found


Rows = list[NDArray[np.float32]]


def features_of(path: Path, variant: Variant, flow: str) -> NDArray[np.float32]:
    cv2.setNumThreads(1)
    extractor = variant.extractor
    spec = extractor.spec(snippet_frames=variant.snippet_frames, stride=variant.stride)
    with Video.open(path, threads=1) as video:
        ticks = resample(video, spec.fps)
        with closing(flow_fields(ticks, appearance=True, pair_flow=PAIR_FLOWS[flow])) as fields:
            return np.stack(list(extractor.features_of(fields, spec)))


class Features:
    """Features of all videos; those that differ only in the chosen descriptors read once."""

    def __init__(self, paths: Sequence[Path], jobs: int, flow: str) -> None:
        self._paths, self._jobs, self._flow = paths, jobs, flow
        self._key: tuple[object, ...] = ()
        self._all: Rows = []

    def get(self, variant: Variant) -> Rows:
        chosen = variant.extractor
        full = MotionExtractor(
            rows=chosen.rows,
            columns=chosen.columns,
            phases=chosen.phases,
            descriptors=",".join(DESCRIPTORS),
        )
        key = (full, variant.snippet_frames, variant.stride)
        if key != self._key:
            everything = Variant("", full, variant.snippet_frames, variant.stride)
            extract = partial(features_of, variant=everything, flow=self._flow)
            with ProcessPoolExecutor(self._jobs) as pool:
                self._all = list(pool.map(extract, self._paths))
            self._key = key
        parts = [full.blocks[name] for name in chosen.descriptors.split(",")]
        return [np.concatenate([rows[:, part] for part in parts], axis=1) for rows in self._all]


class Classifier(nn.Module):
    """One hidden layer, a residual convolution over three snippets, dropout, linear scores."""

    def __init__(self, dimension: int, classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Linear(dimension, hidden)
        self.context = nn.Conv1d(hidden, hidden, 3, padding=1)
        self.scores = nn.Sequential(nn.Dropout(0.6), nn.Linear(hidden, classes))

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        hidden = self.embedding(features).relu() * valid[..., None]  # (B, T, H)
        hidden = hidden + self.context(hidden.transpose(1, 2)).transpose(1, 2).relu()
        return self.scores(hidden)  # (B, T, C)


def pooled(scores: Tensor, valid: Tensor) -> Tensor:
    """Video scores (B, C): the mean of the best eighth of the snippets of each class."""
    count = (valid.sum(dim=1, keepdim=True) / 8).ceil().clamp(min=1)  # (B, 1)
    best = scores.masked_fill(~valid[..., None], -1e9).topk(int(count.max()), dim=1).values
    taken = torch.arange(best.shape[1])[None] < count
    return (best * taken[..., None]).sum(dim=1) / count


def padded(rows: Rows) -> tuple[Tensor, Tensor]:
    """Features (B, T, D) and which of them are (B, T)."""
    features = nn.utils.rnn.pad_sequence([torch.from_numpy(r) for r in rows], batch_first=True)
    lengths = torch.tensor([len(r) for r in rows])
    return features, torch.arange(features.shape[1])[None] < lengths[:, None]


def snippet_scores(train: Rows, labels: Tensor, test: Rows, seed: int) -> tuple[Tensor, Tensor]:
    """Scores (B, T, C) of the test videos and which snippets are (B, T), after training."""
    torch.manual_seed(seed)
    features, valid = padded(train)
    model = Classifier(features.shape[2], labels.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    target = labels / labels.sum(dim=1, keepdim=True)
    for _ in range(25):
        for chosen in torch.randperm(len(train)).split(BATCH):
            scores = pooled(model(features[chosen], valid[chosen]), valid[chosen])
            loss = -(target[chosen] * scores.log_softmax(dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        features, valid = padded(test)
        return model(features, valid), valid


def coverage(scores: Tensor, valid: Tensor, positive: NDArray[np.bool_]) -> tuple[int, float]:
    """Snippets of the positive videos, and how many score above 99 % of the others' snippets."""
    chosen = torch.from_numpy(positive)
    inside = scores[chosen][valid[chosen]].numpy()
    outside = scores[~chosen][valid[~chosen]].numpy()
    return len(inside), float((inside > np.quantile(outside, 0.99)).sum())


def trial(
    rows: Rows, labels: NDArray[np.bool_], session: NDArray[np.int64], seed: int, standardised: bool
) -> tuple[float, float, float]:
    """Mean AP, cross entropy and coverage of held-out videos over all folds."""
    probabilities = np.zeros(labels.shape)
    inside, covered = 0, 0.0
    for fold in range(FOLDS):
        held = session % FOLDS == fold
        train, test = np.flatnonzero(~held), np.flatnonzero(held)
        fitted = rows
        if standardised:
            known = np.concatenate([rows[i] for i in train])
            mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-2
            fitted = [np.clip((r - mean) / deviation, -5, 5) for r in rows]
        scores, valid = snippet_scores(
            [fitted[i] for i in train],
            torch.from_numpy(labels[train]).float(),
            [fitted[i] for i in test],
            seed * FOLDS + fold,
        )
        probabilities[test] = pooled(scores, valid).log_softmax(dim=1).numpy()
        for c in np.flatnonzero(labels[test].any(axis=0) & ~labels[test].all(axis=0)):
            snippets, above = coverage(scores[..., c], valid, labels[test, c])
            inside, covered = inside + snippets, covered + above
    mean_ap = np.mean(
        [average_precision(p, y) for p, y in zip(probabilities.T, labels.T, strict=True)]
    )
    target = labels / labels.sum(axis=1, keepdims=True)
    entropy = -(target * probabilities).sum(axis=1).mean()
    return 100 * float(mean_ap), float(entropy), 100 * covered / inside


def labelled_videos(
    folder: Path, annotations: Path, subset: str
) -> tuple[list[Path], NDArray[np.bool_]]:
    """The subset's videos that have a label, by name, and which classes (V, C) each shows."""
    found = labelled(read_annotations(annotations).labels_by_video(subset))
    files = {path.stem: path for path in folder.iterdir() if path.suffix in SUFFIXES}
    names = sorted(found)
    classes = sorted({label for labels in found.values() for label in labels})
    shown = [[label in found[name] for label in classes] for name in names]
    return [files[name] for name in names], np.array(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path)
    parser.add_argument("--annotations", type=Path, required=True)
    parser.add_argument("--subset", default="training")
    parser.add_argument(
        "--sessions", type=int, default=0, help="video i is of session i modulo this; 0: its own"
    )
    parser.add_argument("--flow", choices=PAIR_FLOWS, default="dis", help="what is described")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--variants", default="", help="only names that match this expression")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    paths, labels = labelled_videos(arguments.videos, arguments.annotations, arguments.subset)
    session = np.arange(len(paths)) % (arguments.sessions or len(paths))
    features = Features(paths, arguments.jobs, arguments.flow)
    print("| variant | D | mAP % | cross entropy | coverage % |\n| --- | --- | --- | --- | --- |")
    for variant in variants():
        if not re.search(arguments.variants, variant.name):
            continue
        rows = features.get(variant)
        run = partial(trial, rows, labels, session, standardised=variant.standardised)
        with ProcessPoolExecutor(arguments.jobs) as pool:
            figures = np.array(list(pool.map(run, range(arguments.seeds))))
        cells = " | ".join(
            f"{mean:.{digits}f} +- {spread:.{digits}f}"
            for mean, spread, digits in zip(figures.mean(0), figures.std(0), (1, 3, 1), strict=True)
        )
        print(f"| {variant.name} | {rows[0].shape[1]} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
