"""What it costs to have inputs worked on elsewhere: Ray against a loop, and the driver's own part.

    python -m benchmarks.commands.ray_cluster [--inputs 2000] [--workers 1] [--address local]

The work is nothing at all, and then to hand back the scores of an hour of video; the baseline is
the same in this process. The driver's part is `detect_batch` with analyses that are there already:
what one process must do for each input of any fleet.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.small_networks import write_linear_model
from lpat.batch.detection import detect_batch
from lpat.distributed.cluster import connected
from lpat.distributed.engines import run_on_cluster
from lpat.engine import Analysis
from lpat.features.extractors import default_spec
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing
from lpat.types import Scores

CLASSES = tuple(f"class_{n}" for n in range(20))
HOUR = 3600.0


def analysis_of(duration: float) -> Analysis:
    """An analysis as a model of 20 classes might give it."""
    spec = default_spec()
    count = int(duration / spec.snippet_seconds)
    random = np.random.default_rng(0)
    smooth = np.repeat(random.normal(size=(count // 20 + 1, len(CLASSES))), 20, axis=0)[:count]
    scores = Scores(
        CLASSES,
        smooth.astype(np.float32),
        np.ones(count, np.float32),
        np.full(len(CLASSES) + 1, 1 / (len(CLASSES) + 1), np.float32),
        spec.edges(count, duration),
    )
    return Analysis(scores, detect(scores, PostProcessing()), duration)


def make_nothing() -> Callable[[Input], object]:
    return lambda source: None


def make_analyses(duration: float) -> Callable[[Input], object]:
    analysis = analysis_of(duration)
    return lambda source: analysis


def tiny_model(path: Path) -> Localizer:
    """A model of the same classes, for the batch to name; it runs nothing here."""
    spec = default_spec()
    weights = np.zeros((spec.dimension, len(CLASSES) + 1), np.float32)
    write_linear_model(path, weights, ModelMetadata(CLASSES, spec, PostProcessing()).to_json())
    return Localizer(path, "cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--address", default="local")
    parser.add_argument("--driven", type=int, default=10_000, help="inputs of the driver's part")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("| work | seconds in one process | by Ray | Ray's for each input |")
        print("| --- | --- | --- | --- |")
        with connected(arguments.address, arguments.workers):
            compare("nothing", make_nothing, arguments.inputs, arguments)
            compare("an hour's scores", partial(make_analyses, HOUR), 200, arguments)
        drive(folder, arguments.driven)


def compare(
    title: str,
    make_work: Callable[[], Callable[[Input], object]],
    count: int,
    arguments: argparse.Namespace,
) -> None:
    sources = [Input(str(n), Path(f"{n}.mp4")) for n in range(count)]
    work = make_work()
    start = time.perf_counter()
    for source in sources:
        work(source)
    alone = time.perf_counter() - start
    results = run_on_cluster(make_work, sources, arguments.address, arguments.workers)  # type: ignore[arg-type]
    next(results)  # by then the workers have started
    start = time.perf_counter()
    done = sum(1 for _ in results)
    fleet = time.perf_counter() - start
    each = (fleet - alone) / done
    print(f"| {title}, {count} inputs | {alone:.3f} | {fleet:.3f} | {1000 * each:.2f} ms |")


def drive(folder: Path, count: int) -> None:
    """Print what the driving process does for each input, and how it grows."""
    localizer = tiny_model(folder / "model.onnx")
    sources = [Input(str(n), folder / f"{n}.mp4") for n in range(count)]
    analysis = analysis_of(60.0)

    def analyse(pending: Sequence[Input]) -> Iterator[tuple[Input, Analysis]]:
        return ((source, analysis) for source in pending)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    detect_batch(localizer, analyse, sources, folder / "out")
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    record = (folder / "out" / "run.json").stat().st_size
    print(
        f"driver, {count} inputs of a minute with {len(analysis.detections)} detections each: "
        f"{1000 * wall / count:.2f} ms ({1000 * cpu / count:.2f} ms of CPU) and "
        f"{grown * 1024 / count:.0f} bytes of memory an input; run.json {record / count:.0f} bytes"
    )


if __name__ == "__main__":
    main()
