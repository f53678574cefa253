"""Engines over many machines: Ray's actors read the videos, the batch's process writes the results.

Ray Core rather than Ray Data: an input is a path, its result small, and each input must be
accounted for by name whatever becomes of its worker. Ray Data answers for a data set as a whole: a
video that kills its worker would be retried for ever, or end the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from lpat.backbones.search import BACKBONES, Backbones
from lpat.backbones.spec import part_of_backbones
from lpat.distributed.cluster import connected
from lpat.distributed.dispatch import WorkerPool
from lpat.distributed.worker import Result, WorkFunction
from lpat.engine import Analysis, Engine, local_engine
from lpat.errors import LpatError, UsageError, install_advice
from lpat.features.cache import FeatureCache
from lpat.features.extraction import Extraction, load_all_features
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.segments.sensitivity import Choice
from lpat.types import FeatureSpec

THREADS = 1
"""Threads of a worker's backbones: there is a worker for every core."""


def ray_engine(
    model: Path,
    cache: FeatureCache | None,
    address: str,
    backbones: Backbones = BACKBONES,
    *,
    device: str = "auto",
    require_gpu: bool = False,
    workers: int | None = None,
    false_alarms: Choice = None,
    min_score: Choice = None,
) -> Engine[Analysis]:
    """An engine whose inputs are analysed by Ray's actors, with the results of `local_engine`.

    `address` is a cluster's `HOST:PORT`, `auto` for the one that this machine is part of, or
    `local` for one of this machine alone, which ends with the analyses. Each of the `workers`, one
    for each core if None, holds the model, which is sent to it with the given backbones; it finds
    as much as `Localizer` does by `false_alarms` and `min_score`. Videos and the cache are read by
    their paths, so machines must have them at the same place; feature files likewise.

    With `auto` the network runs on the CPU, whose share of a video's time is small and whose
    results are the same everywhere; `cuda`, or a GPU that is required, gives each worker a share
    of one.

    Raises:
        UsageError: Ray isn't installed, or a GPU is required and the CPU asked for.
        BackboneError: a given backbone can't be read.
        ClusterError: from the iteration: no cluster answers, or no worker can be had in it.
    """
    _expect_ray()
    content = model.read_bytes()
    wanted = _device_of_workers(device, require_gpu)
    sent = backbones.by_contents()
    # A bundled model is sent once: a worker finds its backbones in it.
    contents = tuple(file for file in sent.contents if file != content)
    sent = replace(sent, contents=contents, threads=THREADS)
    make_work = partial(_analyser, model, content, wanted, cache, sent, false_alarms, min_score)

    def analyse(sources: Sequence[Input]) -> Iterator[tuple[Input, Analysis | LpatError]]:
        return run_on_cluster(make_work, sources, address, workers, gpu=wanted != "cpu")

    return analyse


def ray_features(
    spec: FeatureSpec,
    cache: FeatureCache | None,
    address: str,
    backbones: Backbones = BACKBONES,
    *,
    workers: int | None = None,
) -> Engine[Extraction]:
    """`load_all_features` by Ray's actors; `address` and `workers` as in `ray_engine`.

    Backbones run on the device that `backbones` names, which means what it means there.

    Raises:
        UsageError: Ray isn't installed, or a GPU is required and the CPU asked for.
        BackboneError: one that the features need isn't found.
        ClusterError: from the iteration: no cluster answers, or no worker can be had in it.
    """
    _expect_ray()
    wanted = "cpu"
    if part_of_backbones(spec) is not None:
        wanted = _device_of_workers(backbones.device, backbones.require_gpu)
    sent = replace(backbones.found_for(spec).by_contents(), device=wanted, threads=THREADS)
    make_work = partial(_extractor, spec, cache, sent)

    def extract(sources: Sequence[Input]) -> Iterator[tuple[Input, Extraction | LpatError]]:
        return run_on_cluster(make_work, sources, address, workers, gpu=wanted != "cpu")

    return extract


def run_on_cluster(
    make_work: Callable[[], WorkFunction[Result]],
    sources: Sequence[Input],
    address: str,
    workers: int | None,
    *,
    gpu: bool = False,
) -> Generator[tuple[Input, Result | LpatError]]:
    """Each input with what the work that workers make themselves gives, as it comes.

    Raises:
        ClusterError: no cluster answers, or no worker can be had in it.
        DeviceError: a share of a `gpu` is wanted and the cluster has none.
    """
    if not sources:  # as in a rerun that finds all done: no cluster is needed for that
        return
    with connected(address, workers) as cluster:
        pool = WorkerPool(cluster, make_work, min(workers or cluster.cores, len(sources)), gpu=gpu)
        yield from pool.run(sources)


def _device_of_workers(device: str, require_gpu: bool) -> str:
    if require_gpu and device == "cpu":
        raise UsageError("--require-gpu: expected a device other than cpu")
    return {"auto": "cuda" if require_gpu else "cpu"}.get(device, device)


def _analyser(
    model: Path,
    content: bytes,
    device: str,
    cache: FeatureCache | None,
    backbones: Backbones,
    false_alarms: Choice,
    min_score: Choice,
) -> WorkFunction[Analysis]:
    """What analyses one input on a worker: the engine of one process."""
    localizer = Localizer(
        model,
        device,
        false_alarms=false_alarms,
        min_score=min_score,
        content=content,
        backbones=backbones,
    )
    engine = local_engine(localizer, cache, jobs=1)

    def analyse(source: Input) -> Analysis | LpatError:
        (_, analysis) = next(engine([source]))
        if isinstance(analysis, LpatError):
            return analysis
        return replace(analysis, provider=localizer.provider)

    return analyse


def _extractor(
    spec: FeatureSpec, cache: FeatureCache | None, backbones: Backbones
) -> WorkFunction[Extraction]:
    """What extracts one input's features on a worker."""

    def extract(source: Input) -> Extraction | LpatError:
        (_, extraction) = next(load_all_features([source], spec, cache, 1, backbones))
        if isinstance(extraction, LpatError):
            return extraction
        # They may lie in a file that only the worker has.
        return replace(extraction, features=extraction.features.load())

    return extract


def _expect_ray() -> None:
    if find_spec("ray") is None:
        raise UsageError(f"--ray: the package ray isn't installed; {install_advice('ray')}")
