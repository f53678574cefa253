"""What a batch costs beside the work on its inputs, for more and more inputs.

    python -m benchmarks.commands.batch MODEL [--inputs 1000 10000]

The inputs are empty files, and what stands in for the analysis finds the same in each at once. What
remains is what a batch does itself: to plan, to write each input's JSON file, the batch's and
run.json. Each figure is milliseconds an input, of processor time and of wall time. If it doesn't
grow with the number of inputs, nothing in a batch is quadratic.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lpat.batch.detection import detect_batch
from lpat.batch.outputs import chosen_outputs
from lpat.engine import Analysis
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.types import Detections, Scores

DETECTIONS = 20


def find_the_same(sources: Sequence[Input]) -> Iterator[tuple[Input, Analysis]]:
    starts = np.arange(DETECTIONS, dtype=np.float64)
    found = Detections(
        ("run",),
        np.stack([starts, starts + 0.5], axis=1),
        np.zeros(DETECTIONS, np.int64),
        np.linspace(1, 0.1, DETECTIONS),
    )
    zeros = np.zeros((1, 1), np.float32)
    scores = Scores(("run",), zeros, zeros[0], np.zeros(2, np.float32), np.array([0.0, 30.0]))
    for source in sources:
        yield source, Analysis(scores, found, 30.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--inputs", type=int, nargs="+", default=[1000, 10_000])
    arguments = parser.parse_args()
    localizer = Localizer(arguments.model, "cpu")
    print("| inputs | json | again, nothing to do | srt and vtt of what is stored |")
    print("| --- | --- | --- | --- |")
    for count in arguments.inputs:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sources = [Input(f"{number:06}", folder / f"{number}.npy") for number in range(count)]
            for source in sources:
                source.file.touch()
            figures = []
            for formats in ([], [], ["srt", "vtt"]):
                begun, busy = time.perf_counter(), time.process_time()
                outputs = chosen_outputs(formats)
                detect_batch(localizer, find_the_same, sources, folder / "out", outputs=outputs)
                wall, busy = time.perf_counter() - begun, time.process_time() - busy
                figures.append(f"{busy / count * 1000:.2f} / {wall / count * 1000:.2f}")
            print(f"| {count} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
