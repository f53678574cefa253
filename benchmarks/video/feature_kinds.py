"""What each kind of --features costs: processor time of all cores for a second of video.

    python -m benchmarks.video.feature_kinds VIDEO...

Decoding alone and the kinds are run in turn on each file, `--repeats` times; the least of each
counts. Processor time, unlike time on the clock, hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from lpat.backbones.search import Backbones
from lpat.cli.options import chosen_features
from lpat.features.extraction import stream_features
from lpat.video.reader import Video

KINDS = ("motion", "appearance", "motion+appearance")


def decode(path: Path) -> None:
    with Video.open(path) as video:
        deque(video, maxlen=0)


def extract(path: Path, kind: str) -> None:
    backbones, spec = chosen_features(kind, Backbones(device="cpu"), None)
    with stream_features(path, spec, backbones) as stream:
        deque(stream, maxlen=0)


def processor_seconds(work: Callable[[Path], None], path: Path) -> float:
    started = time.process_time()
    work(path)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    works = [decode, *(partial(extract, kind=kind) for kind in KINDS)]
    print(f"| video | size | decode alone, ms | {' | '.join(f'{kind}, ms' for kind in KINDS)} |")
    print("| --- " * (3 + len(KINDS)) + "|")
    for path in arguments.videos:
        with Video.open(path) as video:
            sizes = {f"{frame.width} x {frame.height}" for frame in video}
            duration = video.duration
        for work in works:
            work(path)  # loads networks, and the file into memory
        runs = [[processor_seconds(work, path) for work in works] for _ in range(arguments.repeats)]
        cells = [f"{1000 * least / duration:.0f}" for least in np.min(runs, axis=0)]
        print(f"| {path.name} | {', '.join(sorted(sizes))} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
